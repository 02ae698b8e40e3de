// A forward-only stream of (key, value) records. Merges of runs, what a collector holds, and every operator on them are
// cursors, so they stack: aggregate(merge(runs)).
//
// A cursor has its records ready some at a time, or one at a time, as it suits it. Stepping through those that are ready
// costs nothing; who can do something with all of them at once, may.
#pragma once

#include <cstdint>

#include "slice.h"
#include "status.h"

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
  // REQUIRES: valid(). Slices handed out before are dead after this call.
  Status Next() {
    if (++at_ != end_) return Status::Ok();
    return NextReady();
  }

  // REQUIRES: valid().
  Slice key() const { return at_->key; }
  Slice value() const { return at_->value; }

  // The current record and those behind it that are ready: begin to end.
  const Record* ready_begin() const { return at_; }
  const Record* ready_end() const { return end_; }
  // Moves behind all of these.
  Status NextReady() {
    at_ = end_ = nullptr;
    return Read();
  }

  // Records this operator has taken from the cursors below it, for the accounting of promise P5.
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
