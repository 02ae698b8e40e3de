// Rows that are gone through again and again: in memory, and from a limit on in a file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "pipeline/row_file.h"

namespace runjob {

class HeldRows {
 public:
  HeldRows(size_t memory_bytes, std::string folder) : memory_bytes_(memory_bytes), file_(std::move(folder)) {}

  // Copies the row. DISK_FULL, FILE_IO.
  Status Add(Slice row);
  size_t count() const { return ends_.size() + filed_; }
  size_t bytes() const {
    return rows_.capacity() + ends_.capacity() * sizeof(size_t) + file_.bytes() + buffer_.capacity();
  }
  // Whether memory has all of them, in so many bytes at most.
  bool fits(size_t bytes) const { return filed_ == 0 && rows_.size() <= bytes; }
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
    RUNJOB_RETURN_IF_ERROR(file_.Flush());
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

  Status ReadNext(Reader* reader, Slice* row);
  Status Fill(Reader* reader, size_t bytes);

  const size_t memory_bytes_;
  std::string rows_;  // one after another
  std::vector<size_t> ends_;

  RowFile file_;        // u32 size, row
  size_t filed_ = 0;    // rows of the file
  std::string buffer_;  // of the reader
};

}  // namespace runjob
