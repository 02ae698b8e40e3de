// Writes a run (run_file.h): gathers blocks, hands them to LMDB in transactions of bounded size, seals the file.
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

class RunWriter {
 public:
  // `estimated_bytes` (of keys and values) sizes the map; a wrong guess costs a regrow, never an error.
  static Status Open(const std::string& path, uint32_t partitions, uint64_t estimated_bytes,
                     std::unique_ptr<RunWriter>* out);
  ~RunWriter();  // without Finish: the file is removed

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
  // Stores `meta` (JSON text of the caller's) beside the counts and seals the file: only now it is a run.
  Status Finish(Slice meta);
  const std::vector<PartitionCount>& partitions() const { return counts_; }
  uint64_t file_bytes() const { return file_bytes_; }  // after Finish

 private:
  RunWriter(std::string path, uint32_t partitions);

  Status Create(uint64_t estimated_bytes);
  void Close();

  // For a record that does not fit in the current block.
  Status AddElsewhere(uint32_t partition, Slice key, Slice value);
  Status AddLarge(Slice key, Slice value);
  Status StartPartition(uint32_t partition);
  Status EndPartition();
  Status FlushBlock();
  Status PutMeta(Slice meta);
  Status WriteSeal(uint64_t file_pages);

  // Room for a value at the end of the database, good until the next call.
  Status Reserve(size_t bytes, char** place);
  Status ReserveAt(BlockKey key, size_t bytes, char** place);
  Status Begin(size_t first_bytes);
  Status Commit();

  const std::string path_;
  std::vector<PartitionCount> counts_;
  BlockEncoder block_;  // being gathered
  uint32_t partition_ = 0;
  uint32_t next_block_ = 0;  // its number in the partition
  uint64_t records_ = 0;     // of the partition
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
