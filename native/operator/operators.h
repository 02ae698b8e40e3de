// Operators on sorted cursors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aggregate/aggregate.h"
#include "record/batch.h"
#include "record/cursor.h"

namespace runjob {

// Groups equal keys and merges their states. `finalize`: values are answers (AggregateLayout::Finalize), else
// serialized states again (for combining merges). Empty `aggregates`: distinct keys with empty values.
// With kDistinct among the aggregates the keys are composite: see distinct.h. Keys of final records are plain again.
std::unique_ptr<Cursor> NewAggregate(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> aggregates,
                                     bool finalize);

// Turns every record's serialized state into its answer, without grouping (a native combiner before a user's reduce).
std::unique_ptr<Cursor> NewFinalize(std::unique_ptr<Cursor> input, std::vector<AggregateSpec> aggregates);

// Keeps the first `count` records.
std::unique_ptr<Cursor> NewTake(std::unique_ptr<Cursor> input, uint64_t count);

enum class JoinType {
  kInner,
  kLeft,   // and left rows without a match
  kRight,  // and right rows without a match
  kFull,   // and both
  kSemi,   // left rows with a match, each once
  kAnti,   // left rows without one
};

// Relational join of composite keys whose suffix is one byte: 0 for the right side, 1 for the left, so the right rows of
// a key come first and are held in memory (at most `group_limit_bytes`, else JOIN_GROUP_TOO_LARGE) while the left rows
// stream. A key that is empty, or has an empty part, is a missing one: it matches nothing. Output: plain key; value = a
// kBytes field for each side that has fields: its row, or as many empty fields as CSV text.
struct JoinOptions {
  JoinType type = JoinType::kInner;
  bool tuple_key = false;     // the key has parts
  uint32_t left_fields = 1;   // of a row
  uint32_t right_fields = 1;  // not in the output of kSemi and kAnti
  size_t group_limit_bytes = size_t{64} << 20;
};
std::unique_ptr<Cursor> NewJoin(std::unique_ptr<Cursor> input, const JoinOptions& options);

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

// Finds the key that most records have, the first of such keys, as they pass by.
class LargestKeyTracker : public Cursor {
 public:
  struct Found {
    std::string key;    // of its first record, as
    std::string value;  // this
    uint64_t records = 0;
  };
  virtual Found Largest() const = 0;
};
// Keys are the same if their group parts are (`prefix_grouping`: they are composite), or all but their last bytes.
std::unique_ptr<LargestKeyTracker> NewLargestKeyTracker(std::unique_ptr<Cursor> input, bool prefix_grouping,
                                                        size_t suffix_bytes);

// Keeps a sample of the values that pass by, of at most 2,048 and a megabyte. It follows from the records and their order.
class ValueSampler : public Cursor {
 public:
  virtual std::vector<std::string> Values() const = 0;
};
std::unique_ptr<ValueSampler> NewValueSampler(std::unique_ptr<Cursor> input);

}  // namespace runjob
