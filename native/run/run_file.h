// A sorted run: one LMDB file, written once by one task and sealed, then only read. Layout: run_format.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "record/sorted_record.h"

namespace runjob {

constexpr size_t kBlockBytes = 1 << 20;
constexpr uint32_t kRunFormatVersion = 3;

struct PartitionCount {
  uint64_t records = 0;
  uint64_t bytes = 0;  // key and value bytes
};

struct RunInfo {
  std::string meta;
  std::vector<PartitionCount> partitions;
};

// Keys of a partition: from <= key and, if there is a `to`, key < to.
struct KeyRange {
  std::string from;
  std::optional<std::string> to;
};

// The records of a partition, whose keys ascend.
class SeekableSource : public RecordSource {
 public:
  // Goes to the last block that begins before a key, or to the first one: whatever is not before the key is there or
  // later. REQUIRES: nothing was read.
  virtual Status Seek(Slice key) = 0;

 protected:
  // Of the blocks from *block up to `end`: the last one that begins before a key, or the first. read_first(block, &key) reads the
  // first key of a block.
  template <class Number, class ReadFirst>
  static Status FindBlock(Slice key, Number end, Number* block, const ReadFirst& read_first) {
    while (end > *block + 1) {
      const Number middle = *block + (end - *block) / 2;
      Slice first;
      RUNJOB_RETURN_IF_ERROR(read_first(middle, &first));
      (Compare(first, key) < 0 ? *block : end) = middle;
    }
    return Status::Ok();
  }
};

// Opens are shared: one reference-counted LMDB environment per file and process, whatever the thread.
// Errors: RUN_MISSING, RUN_CORRUPT, RUN_VERSION.
Status ReadRunInfo(const std::string& path, RunInfo* out);
// Blocks' checksums are verified when read: RUN_CORRUPT.
Status OpenRun(const std::string& path, uint32_t partition, std::unique_ptr<RecordSource>* out);
// Only the records of a range. REQUIRES: the keys of the run ascend.
// Cost: O(log blocks) blocks that are read to find the first one.
Status OpenRun(const std::string& path, uint32_t partition, const KeyRange& range, std::unique_ptr<RecordSource>* out);

}  // namespace runjob
