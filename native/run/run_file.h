// A sorted run: one LMDB file, written once by one task and sealed, then only read. Layout: run_format.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "record/sorted_record.h"

namespace runjob {

constexpr size_t kBlockBytes = 1 << 20;
constexpr uint32_t kRunFormatVersion = 4;

struct PartitionCount {
  uint64_t records = 0;
  uint64_t bytes = 0;  // key and value bytes
};

struct RunInfo {
  std::string meta;
  std::vector<PartitionCount> partitions;
  std::vector<uint32_t> blocks;  // records of each, those of the first partition first
};

// Keys of a partition: from <= key and, if there is a `to`, key < to.
struct KeyRange {
  std::string from;
  std::optional<std::string> to;
};

// One of so many equal shares, of records that all have one key: in the order of the runs, and of each run's records.
struct Share {
  uint32_t index = 0;
  uint32_t of = 1;
};

// The records of a partition, whose keys ascend.
class SeekableSource : public RecordSource {
 public:
  // Goes to the last block that begins before a key, or to the first one: whatever is not before the key is there or
  // later.
  Status Seek(Slice key);
  // Goes to the block of the record that has so many before it; *before: of these, those in the same block.
  Status SeekRecord(uint64_t number, uint64_t* before);
  // Cost: as Seek, and a block that is read. What is read next is undefined.
  Status CountBefore(Slice key, uint64_t* records);

 protected:
  // Of each block of the partition.
  virtual std::span<const uint32_t> block_records() const = 0;
  // Read begins with a block, or there is none.
  virtual void GoTo(size_t block) = 0;

 private:
  Status FindBlock(Slice key, size_t* block);
};

// Opens are shared: one reference-counted LMDB environment per file and process, whatever the thread.
// Errors: RUN_MISSING, RUN_CORRUPT, RUN_VERSION.
Status ReadRunInfo(const std::string& path, RunInfo* out);
// Blocks' checksums are verified when read: RUN_CORRUPT.
Status OpenRun(const std::string& path, uint32_t partition, std::unique_ptr<RecordSource>* out);
// Only the records of a range. REQUIRES: the keys of the run ascend.
// Cost: O(log blocks) blocks that are read to find the first one.
Status OpenRun(const std::string& path, uint32_t partition, const KeyRange& range, std::unique_ptr<RecordSource>* out);
// Of the runs in which there is something of the share. REQUIRES: all records of the range have one key.
// Cost: that of two such searches in each run.
Status OpenShare(const std::vector<std::string>& paths, uint32_t partition, const KeyRange& range, Share share,
                 std::vector<std::unique_ptr<RecordSource>>* out);

}  // namespace runjob
