// Which rows of an exchange may be among the first of their partition: those of a window whose rank is bounded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregate/bytes.h"
#include "aggregate/table.h"
#include "base/prefetch.h"
#include "base/slice.h"

namespace runjob {

// As RankLimit in src/plan/plan.ts, in this order.
enum class RankFn : uint8_t { kRowNumber = 0, kRank = 1, kDenseRank = 2 };

// Knows the first keys that came of each partition. It may let rows pass that are not needed, but drops none that is: so it holds what it has room
// for, and gives up where rows hardly repeat, or come with the last one first.
class RankLimit {
 public:
  RankLimit(RankFn fn, uint32_t most, size_t memory_bytes)
      : fn_(fn), most_(most), memory_bytes_(memory_bytes), groups_(sizeof(First)) {}

  bool gave_up() const { return gave_up_; }
  size_t bytes() const { return groups_.bytes(); }

  // As AggregateTable::Find, by the keys of partitions.
  void Find(const AggregateTable::Keys& keys, char** states) { groups_.Find(keys, states); }
  // Fetches what Needs will read of a state.
  RUNJOB_PREFETCHER static void Prefetch(const char* state) {
    __builtin_prefetch(reinterpret_cast<const First*>(state)->keys);
  }
  // Whether a row is needed, by its key in the order of the window. REQUIRES: rows come in the order of the input.
  bool Needs(char* state, Slice order);
  // Call from time to time: states are no longer valid.
  void MakeRoom();

 private:
  // The keys that came first: with kDenseRank different ones.
  struct First {
    Bytes* keys;  // ascending
    uint32_t count;
    uint32_t capacity;
  };

  // Gives up if too few rows were dropped.
  void Judge();

  // With more partitions, the table leaves the cache.
  static constexpr size_t kFirstCheck = 16384;
  // Rows, to judge by.
  static constexpr uint64_t kEnoughRows = 1 << 18;
  // One row of so many must be dropped.
  static constexpr uint64_t kLeastDropped = 2;
  // With so many times as many rows as are needed.
  static constexpr uint64_t kEnoughTimes = 4;
  static constexpr uint32_t kFirstKeys = 4;

  const RankFn fn_;
  const uint32_t most_;
  size_t memory_bytes_;
  AggregateTable groups_;
  bool gave_up_ = false;
  size_t next_check_ = kFirstCheck;
  double expected_ = 0;       // partitions, at the last check; 0: not known
  uint64_t judged_rows_ = 0;  // since the table was empty
  // After these.
  uint64_t rows_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace runjob
