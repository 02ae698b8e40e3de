// Aggregate functions over the value columns of records with one key: what a state is, how a record updates
// it, how two states merge, how a state becomes an answer. Hash tables, merges and reduce operators all use
// this one file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arena.h"
#include "batch.h"
#include "slice.h"

namespace runjob {

enum class AggregateFn : uint8_t {
  kCount = 0,  // records (column -1), or records whose column is not missing
  kSum = 1,    // double-double, so that the order of merging does not show; integers are exact up to 2^106
  kMin = 2,
  kMax = 3,
  kMean = 4,   // sum and count
  kFirst = 5,  // by input order
  kLast = 6,
  kTop = 7,    // the k largest (or smallest) values, duplicates kept, best first
  kDistinct = 8,  // number of distinct values; see distinct.h for how it stays exact in bounded memory
};

struct AggregateSpec {
  AggregateFn fn = AggregateFn::kCount;
  int column = -1;                          // index into the batch's columns; -1: none
  ValueKind kind = ValueKind::kNumber;      // of that column
  uint32_t k = 0;                           // kTop
  bool ascending = false;                   // kTop: true keeps the smallest

  bool operator==(const AggregateSpec&) const = default;
};

// A missing number (NaN) is not seen by count of a column, sum, min, max, mean and top; first and last keep
// it.
//
// A state is `width()` bytes in place, 8-byte aligned, made of parts. Aggregates share what they have in
// common: the mean of a column is its sum and its count. Numbers are inside the state; parts of variable size
// (bytes for min, max, first, last, top) are {pointer, length, capacity} to memory of the arena that holds the
// table.
class AggregateLayout {
 public:
  explicit AggregateLayout(std::vector<AggregateSpec> specs);

  const std::vector<AggregateSpec>& specs() const { return specs_; }
  size_t width() const { return width_; }
  bool counts_only() const { return counts_only_; }  // just kCount of column -1: the fast path of word count
  bool is_plain() const { return is_plain_; }        // numbers only: a state is what Serialize makes of it

  void Init(char* state) const;
  // Applies record `i` of the batch. `arena` receives what variable-size parts need.
  void Update(char* state, const RecordBatch& batch, size_t i, Arena* arena) const;
  // Applies records first .. first + n - 1, in order, record first + j to states[j]. Column by column: much
  // faster than as many Updates.
  void UpdateAll(char* const* states, const RecordBatch& batch, size_t first, size_t n, Arena* arena) const;
  // `state` comes before `serialized` in input order.
  void Merge(char* state, Slice serialized, Arena* arena) const;
  // Appends the bytes that a run stores: the parts one after another, little endian. counts_only(): a u64.
  void Serialize(const char* state, std::string* out) const;
  // Appends the answer in `result_layout()`'s stored form (batch.h). Of nothing: sum is 0; mean, and min,
  // max, first and last of numbers are missing, of bytes empty. A top-k list is JSON text: [3,2,1]. kDistinct
  // has no state and answers 0: who counts the keys puts the number there.
  void Finalize(const char* state, std::string* out) const;
  Layout result_layout() const;

 private:
  // What a state is made of: never a mean.
  struct Part {
    AggregateSpec spec;
    uint32_t offset;
  };
  // Sum, count, min and max of one column of numbers, as many as there are, in one pass over the records.
  struct Summary {
    int column;
    uint32_t offsets[4];
    void (*update)(char* const* states, const double* numbers, size_t n, const uint32_t* offsets);
  };

  uint32_t AddPart(const AggregateSpec& spec);
  void AddSummaries();

  std::vector<AggregateSpec> specs_;
  std::vector<uint32_t> offsets_;        // of the part that a spec's answer is made of; a mean's sum
  std::vector<uint32_t> count_offsets_;  // of a mean's count
  std::vector<Part> parts_;
  std::vector<Summary> summaries_;
  std::vector<Part> others_;  // parts that no summary updates
  size_t width_ = 0;
  bool counts_only_ = false;
  bool is_plain_ = true;
};

}  // namespace runjob
