// A sorted run: one LMDB file, written once by one task and sealed, then only read. Layout: README.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cursor.h"
#include "slice.h"
#include "status.h"

namespace runjob {

constexpr size_t kBlockBytes = 1 << 20;
constexpr uint32_t kRunFormatVersion = 2;

struct PartitionCount {
  uint64_t records = 0;
  uint64_t bytes = 0;  // key and value bytes
};

class RunWriter {
 public:
  // `estimated_bytes` (of keys and values) sizes the map; a wrong guess costs a regrow, never an error.
  static Status Open(const std::string& path, uint32_t partitions, uint64_t estimated_bytes,
                     std::unique_ptr<RunWriter>* out);
  virtual ~RunWriter() = default;  // without Finish: the file is removed

  // Appends one record; copies both slices. REQUIRES: partition >= the last one, and key order within a partition is
  // the caller's business.
  virtual Status Add(uint32_t partition, Slice key, Slice value) = 0;
  // Stores `meta` (JSON text of the caller's) beside the counts and seals the file: only now it is a run.
  virtual Status Finish(Slice meta) = 0;
  virtual const std::vector<PartitionCount>& partitions() const = 0;
  virtual uint64_t file_bytes() const = 0;  // after Finish
};

struct RunInfo {
  std::string meta;
  std::vector<PartitionCount> partitions;
};

// Opens are shared: one reference-counted LMDB environment per file and process, whatever the thread.
// Errors: RUN_MISSING, RUN_CORRUPT, RUN_VERSION.
Status ReadRunInfo(const std::string& path, RunInfo* out);
// Blocks' checksums are verified when read: RUN_CORRUPT.
Status OpenRun(const std::string& path, uint32_t partition, std::unique_ptr<Cursor>* out);

}  // namespace runjob
