// Writes a run (run_file.h): gathers blocks, keeps them in memory while its folder holds runs (held_runs.h) and they fit,
// else hands them to LMDB in transactions of bounded size and seals the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "run/run_block.h"
#include "run/run_file.h"

struct MDB_env;
struct MDB_txn;

namespace runjob {

struct BlockKey;
class HeldRun;
class HeldRuns;

class RunWriter {
 public:
  // `estimated_bytes` (of keys and values) sizes the map; a wrong guess costs a regrow, never an error.
  static Status Open(const std::string& path, uint32_t partitions, uint64_t estimated_bytes,
                     std::unique_ptr<RunWriter>* out);
  // The same run as a file, in the place of `path`.
  static Status Save(const HeldRun& run, const std::string& path, uint64_t* file_bytes);
  ~RunWriter();  // without Finish: there is no run, and no file

  // Appends one record; copies both slices. REQUIRES: partition >= the last one, and key order within a partition is
  // the caller's business.
  Status Add(uint32_t partition, Slice key, Slice value) {
    if (partition != partition_ || !block_.Add(key, value)) [[unlikely]] {
      RUNJOB_RETURN_IF_ERROR(AddElsewhere(partition, key, value));
    }
    records_++;
    bytes_ += key.size + value.size;
    return Status::Ok();
  }
  // Stores `meta` (JSON text of the caller's) beside the counts: only now it is a run.
  Status Finish(Slice meta);
  const std::vector<PartitionCount>& partitions() const { return counts_; }
  uint64_t file_bytes() const { return file_bytes_; }  // after Finish; 0: it is in memory

 private:
  RunWriter(const std::string& path, uint32_t partitions, uint64_t estimated_bytes, std::shared_ptr<HeldRuns> folder);

  Status Create();
  void Close();
  // What is in memory goes into a file, and so does the rest.
  Status MoveToFile();
  Status CopyBlocks(const HeldRun& run);
  Status FinishFile(Slice meta);

  // For a record that does not fit in the current block.
  Status AddElsewhere(uint32_t partition, Slice key, Slice value);
  Status AddLarge(Slice key, Slice value);
  Status StartPartition(uint32_t partition);
  Status EndPartition();
  Status FlushBlock();
  Status PutMeta(Slice meta);
  Status WriteSeal(uint64_t file_pages);

  // Room for a block's payload, good until the next call. Close it once it is filled.
  Status OpenBlock(uint32_t records, size_t payload_bytes, char** payload);
  void CloseBlock(char* payload, uint32_t records, size_t payload_bytes);
  // Room for a value at the end of the database, good until the next call.
  Status ReserveAt(BlockKey key, size_t bytes, char** place);
  Status Begin(size_t first_bytes);
  Status Commit();

  const std::string path_;
  const uint64_t estimated_bytes_;
  const std::shared_ptr<HeldRuns> folder_;
  std::unique_ptr<HeldRun> held_;  // null: it is in a file
  std::vector<PartitionCount> counts_;
  BlockEncoder block_;  // being gathered
  uint32_t partition_ = 0;
  uint32_t next_block_ = 0;       // its number in the partition
  std::vector<uint32_t> blocks_;  // records of those that there are, in all partitions
  uint64_t records_ = 0;          // of the partition
  uint64_t bytes_ = 0;

  MDB_env* env_ = nullptr;
  MDB_txn* txn_ = nullptr;
  unsigned int dbi_ = 0;
  size_t page_bytes_ = 0;
  uint64_t map_bytes_ = 0;
  size_t pending_bytes_ = 0;  // in the transaction
  uint64_t file_bytes_ = 0;
  bool created_ = false;
  bool finished_ = false;
};

}  // namespace runjob
