// A forward-only stream of (key, value) records. Sorted runs, merges and every operator on them are cursors,
// so they stack: aggregate(merge(runs)).
#pragma once

#include <cstdint>

#include "slice.h"
#include "status.h"

namespace runjob {

class Cursor {
 public:
  virtual ~Cursor() = default;

  // Moves to the first record. Call once, before anything else.
  virtual Status Start() = 0;
  // False at the end, and after an error (which Start or Next returned).
  bool valid() const { return valid_; }
  // REQUIRES: valid(). Slices handed out before are dead after this call.
  virtual Status Next() = 0;

  Slice key() const { return key_; }
  Slice value() const { return value_; }

  // Records this operator has taken from the cursors below it, for the accounting of promise P5.
  virtual uint64_t records_in() const { return 0; }

 protected:
  bool valid_ = false;
  Slice key_;
  Slice value_;
};

}  // namespace runjob
