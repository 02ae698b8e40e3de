// Operators on sorted cursors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aggregate.h"
#include "cursor.h"
#include "sorted_record.h"

namespace runjob {

constexpr size_t kMaxMergeInputs = size_t{1} << kSpareBits;

// Merges sorted sources, at most kMaxMergeInputs, into one; equal keys keep the order of `inputs`.
// Cost: O(log inputs) comparisons a record, on copies of the keys' first 14 bytes.
// Source: Knuth, TAOCP vol. 3, 5.4.1 (loser tree).
std::unique_ptr<Cursor> NewMerge(std::vector<std::unique_ptr<RecordSource>> inputs, bool descending);

// Groups equal keys and merges their states. `finalize`: values are answers (AggregateLayout::result_layout), else
// serialized states again (for combining merges). Empty `aggregates`: distinct keys with empty values.
// With kDistinct among the aggregates the keys are composite: see distinct.h. Keys of final records are plain again.
std::unique_ptr<Cursor> NewAggregate(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> aggregates, bool finalize);

// Turns every record's serialized state into its answer, without grouping (a native combiner before a user's reduce).
std::unique_ptr<Cursor> NewFinalize(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> aggregates);

// Keeps the first `count` records.
std::unique_ptr<Cursor> NewTake(std::unique_ptr<Cursor> input, uint64_t count);

// Relational join of composite keys whose suffix is one byte: 0 for the right side, 1 for the left, so the right rows of
// a key come first and are held in memory (at most `group_limit_bytes`, else JOIN_GROUP_TOO_LARGE) while the left rows
// stream. Output: plain key; value = two kBytes fields, left and right. Left rows without a match: `left_outer` gives
// them `missing_right`, otherwise they are dropped.
struct JoinOptions {
  bool left_outer = false;
  std::string missing_right;
  size_t group_limit_bytes = size_t{64} << 20;
};
std::unique_ptr<Cursor> NewJoin(std::unique_ptr<Cursor> input, JoinOptions options);

// Counts of records and the `n` records with the largest first number (ties: smaller key first), as they pass by.
class TopTracker : public Cursor {
 public:
  struct Entry {
    std::string key;
    double number;
  };
  virtual std::vector<Entry> Top() const = 0;  // best first
};
std::unique_ptr<TopTracker> NewTopTracker(std::unique_ptr<Cursor> input, Layout layout, size_t n);

}  // namespace runjob
