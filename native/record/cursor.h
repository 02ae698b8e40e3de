// A forward-only stream of (key, value) records. Merges of runs, the content of a collector, and every operator on
// these are cursors, so they stack: aggregate(merge(runs)).
//
// A cursor makes its records ready in batches, or one at a time. Stepping through those that are ready costs nothing; a
// caller may also take all of them at once.
#pragma once

#include <cstdint>

#include "base/slice.h"
#include "base/status.h"

namespace runjob {

struct Record {
  Slice key;
  Slice value;
};

class Cursor {
 public:
  virtual ~Cursor() = default;

  // Moves to the first record. Call once, before anything else.
  Status Start() { return Begin(); }
  // False at the end, and after an error (which Start or Next returned).
  bool valid() const { return at_ != end_; }
  // REQUIRES: valid(). Invalidates slices returned before.
  Status Next() {
    if (++at_ != end_) return Status::Ok();
    return NextReady();
  }

  // REQUIRES: valid().
  Slice key() const { return at_->key; }
  Slice value() const { return at_->value; }

  // The current record and those after it that are ready: begin to end.
  const Record* ready_begin() const { return at_; }
  const Record* ready_end() const { return end_; }
  // Moves past all of these.
  Status NextReady() {
    at_ = end_ = nullptr;
    return Read();
  }

  // Records that this operator has taken from the cursors below it, for accounting.
  virtual uint64_t records_in() const { return 0; }

 protected:
  // What comes before the first Read, and that.
  virtual Status Begin() { return Read(); }
  // Makes the next records ready, at least one; none at the end.
  virtual Status Read() = 0;

  void SetReady(const Record* begin, const Record* end) {
    at_ = begin;
    end_ = end;
  }
  void SetReady(Slice key, Slice value) {
    record_ = Record{key, value};
    SetReady(&record_, &record_ + 1);
  }

 private:
  const Record* at_ = nullptr;
  const Record* end_ = nullptr;
  Record record_;  // where one at a time is ready
};

}  // namespace runjob
