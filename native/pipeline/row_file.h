// A file without a name: rows that memory has no room for. Its space is free again once it is closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/slice.h"
#include "base/status.h"

namespace runjob {

class RowFile {
 public:
  explicit RowFile(std::string folder) : folder_(std::move(folder)) {}

  // Adds bytes at the end. DISK_FULL, FILE_IO.
  Status Append(Slice bytes);
  // Writes what Append has kept.
  Status Flush();
  // Any number of threads may read. REQUIRES: the bytes have been flushed. FILE_IO.
  Status Read(uint64_t offset, size_t size, char* bytes) const;
  uint64_t size() const { return written_ + unwritten_.size(); }
  size_t bytes() const { return unwritten_.capacity(); }  // of memory
  void Clear();

 private:
  Status Open();
  Status Failed(const char* what, int error) const;

  const std::string folder_;
  std::unique_ptr<File> file_;
  uint64_t written_ = 0;
  std::string unwritten_;
};

}  // namespace runjob
