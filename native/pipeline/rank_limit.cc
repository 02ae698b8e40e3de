#include "pipeline/rank_limit.h"

#include <algorithm>

#include "aggregate/repeats.h"

namespace runjob {

bool RankLimit::Needs(char* state, Slice order) {
  First* const first = reinterpret_cast<First*>(state);
  rows_++;
  const bool full = first->count == most_;
  if (full) {
    const int c = Compare(order, first->keys[most_ - 1].slice());
    // One that is equal to the last of them has its rank, but not its number.
    if (c == 0 && fn_ != RankFn::kRowNumber) return true;
    if (c >= 0) {
      dropped_++;
      return false;
    }
  }
  Bytes* const end = first->keys + first->count;
  Bytes* const at = std::upper_bound(first->keys, end, order,
                                     [](Slice key, const Bytes& other) { return Compare(key, other.slice()) < 0; });
  if (fn_ == RankFn::kDenseRank && at != first->keys && at[-1].slice() == order) return true;
  const size_t place = static_cast<size_t>(at - first->keys);
  if (!full && first->count == first->capacity) {
    const uint32_t capacity = std::min(most_, std::max(kFirstKeys, 2 * first->capacity));
    Bytes* const larger = reinterpret_cast<Bytes*>(groups_.arena()->Allocate(capacity * sizeof(Bytes)));
    std::copy_n(first->keys, first->count, larger);
    first->keys = larger;
    first->capacity = capacity;
  }
  // The last one goes, and its memory is that of the new one.
  Bytes key = full ? first->keys[most_ - 1] : Bytes();
  key.Assign(order, groups_.arena());
  if (!full) first->count++;
  std::copy_backward(first->keys + place, first->keys + first->count - 1, first->keys + first->count);
  first->keys[place] = key;
  return true;
}

void RankLimit::MakeRoom() {
  const size_t partitions = groups_.size();
  const bool full = bytes() > memory_bytes_;
  // Partitions had so many rows that some should have been dropped.
  if (full || (rows_ >= kEnoughRows && rows_ / most_ / kEnoughTimes >= partitions)) {
    Judge();
  } else if (partitions > next_check_) {
    next_check_ = 2 * partitions;
    const double held = static_cast<double>(partitions);
    if (expected_ > 0 && held > 1.5 * expected_) {
      // The rows of a partition come together: the ones that were here will not come again.
      Judge();
      memory_bytes_ = bytes();
    } else {
      expected_ = ExpectedKeys(judged_rows_ + rows_, partitions);
      const double most = held * static_cast<double>(memory_bytes_) / static_cast<double>(bytes());
      gave_up_ = RowsPerKey(expected_, most) < static_cast<double>(most_ * kLeastDropped);
    }
  }
  if (!full && !gave_up_) return;
  groups_.Clear();
  judged_rows_ = rows_ = dropped_ = 0;
  next_check_ = kFirstCheck;
  expected_ = 0;
}

void RankLimit::Judge() {
  gave_up_ = dropped_ < rows_ / kLeastDropped;
  judged_rows_ += rows_;
  rows_ = dropped_ = 0;
}

}  // namespace runjob
