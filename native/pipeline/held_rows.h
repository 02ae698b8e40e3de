// Rows that are gone through again and again: in memory, and from a limit on in a file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/slice.h"
#include "base/status.h"

namespace runjob {

class HeldRows {
 public:
  // `folder`: of the file, which has no name.
  HeldRows(size_t memory_bytes, std::string folder) : memory_bytes_(memory_bytes), folder_(std::move(folder)) {}

  // Copies the row. DISK_FULL, FILE_IO.
  Status Add(Slice row);
  size_t count() const { return ends_.size() + filed_; }
  size_t bytes() const {
    return rows_.capacity() + ends_.capacity() * sizeof(size_t) + unwritten_.capacity() + buffer_.capacity();
  }
  void Clear();

  // Calls visit(row), which returns a Status, for each row in the order in which they were added.
  template <class Visit>
  Status ForEach(const Visit& visit) {
    size_t start = 0;
    for (const size_t end : ends_) {
      RUNJOB_RETURN_IF_ERROR(visit(Slice(rows_.data() + start, end - start)));
      start = end;
    }
    if (filed_ == 0) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(WriteOut());
    Reader reader{0, 0, 0};
    for (size_t i = 0; i < filed_; i++) {
      Slice row;
      RUNJOB_RETURN_IF_ERROR(ReadNext(&reader, &row));
      RUNJOB_RETURN_IF_ERROR(visit(row));
    }
    return Status::Ok();
  }

 private:
  // A place in the file; in buffer_ are the bytes from `at` to `end`, of which those before `next` have been read.
  struct Reader {
    uint64_t at;
    size_t next;
    size_t end;
  };

  Status Open();
  // Writes what buffer_ holds of rows that belong to the file.
  Status WriteOut();
  Status ReadNext(Reader* reader, Slice* row);
  Status Fill(Reader* reader, size_t bytes);
  Status Failed(const char* what, int error) const;

  const size_t memory_bytes_;
  const std::string folder_;
  std::string rows_;  // one after another
  std::vector<size_t> ends_;

  // u32 size, row.
  std::unique_ptr<File> file_;
  size_t filed_ = 0;  // rows of the file
  uint64_t file_bytes_ = 0;
  std::string unwritten_;  // its end
  std::string buffer_;     // of the reader
};

}  // namespace runjob
