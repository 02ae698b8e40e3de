// Pairs of a join's rows with rows of a table, as they are found.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "column/vector.h"
#include "pipeline/join_type.h"
#include "pipeline/pair_filter.h"

namespace runjob {

class JoinPairs {
 public:
  explicit JoinPairs(RowJoin type) : type_(type), filter_(type) {}

  RowJoin type() const { return type_; }
  bool has_residual() const { return filter_.has_residual(); }
  bool has_left_ends() const { return filter_.has_left_ends(); }
  bool stopped() const { return stopped_; }  // no more pairs are of use

  // That are waiting: the next one has this number. The table knows which of its rows is in it before it is added.
  size_t count() const { return count_; }
  // A left row that comes out, with a row of the table or without.
  Status AddGiven(size_t left, bool is_last = false) {
    if (filter_.has_residual()) filter_.AddGiven();
    return Add(left, is_last);
  }
  // One that the residual condition decides about, and what follows all of a left row.
  Status AddPair(size_t left, bool is_last) {
    filter_.AddPair();
    return Add(left, is_last);
  }
  Status AddLeftEnd(size_t left) {
    filter_.AddLeftEnd();
    return Add(left, false);
  }

 protected:
  ~JoinPairs() = default;

  // Passes on all that are waiting.
  virtual Status Emit() = 0;

  const RowJoin type_;
  PairFilter filter_;
  uint16_t left_[kVectorRows];
  size_t count_ = 0;
  bool stopped_ = false;

 private:
  // `is_last`: the table has no room for more.
  Status Add(size_t left, bool is_last) {
    left_[count_++] = static_cast<uint16_t>(left);
    return count_ == kVectorRows || is_last ? Emit() : Status::Ok();
  }
};

}  // namespace runjob
