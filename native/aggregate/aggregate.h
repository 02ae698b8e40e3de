// Aggregate functions over the value columns of records with one key: the state, how a record updates it, how two
// states merge, and how a state becomes an answer. Hash tables, merges and reduce operators all use this file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "record/batch.h"

namespace runjob {

enum class AggregateFn : uint8_t {
  kCount = 0,  // records (column -1), or records whose column is not missing
  kSum = 1,    // rounded once, at its end, so that no order of adding and merging shows
  kMin = 2,
  kMax = 3,
  kMean = 4,   // sum and count
  kFirst = 5,  // by input order
  kLast = 6,
  kTop = 7,       // the k largest (or smallest) values, duplicates kept, best first
  kDistinct = 8,  // number of distinct values; see distinct.h for how it stays exact in bounded memory
};

// How a column of bytes says that a value is missing.
enum class MissingBytes : uint8_t {
  kNever = 0,
  kEmpty = 1,   // by being empty
  kMarker = 2,  // by being kMissingMarker alone, which is no UTF-8
};
constexpr char kMissingMarker = '\xFF';

inline bool IsMissing(Slice bytes, MissingBytes missing) {
  switch (missing) {
    case MissingBytes::kNever:
      return false;
    case MissingBytes::kEmpty:
      return bytes.empty();
    case MissingBytes::kMarker:
      return bytes.size == 1 && *bytes.data == kMissingMarker;
  }
  return false;
}

struct AggregateSpec {
  AggregateFn fn = AggregateFn::kCount;
  int column = -1;                              // index into the batch's columns; -1: none
  ValueKind kind = ValueKind::kNumber;          // of that column
  MissingBytes missing = MissingBytes::kNever;  // of a column of bytes
  uint32_t k = 0;                               // kTop
  bool ascending = false;                       // kTop: true keeps the smallest

  bool operator==(const AggregateSpec&) const = default;
};

// Only the count of records sees missing values: NaN, or bytes that spec.missing calls missing. Numbers are finite
// or missing.
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
  bool is_plain() const { return is_plain_; }        // numbers only: a flat state is what Serialize makes of it
  // Whether all of a plain state is in it: no sum needed more memory.
  bool IsFlat(const char* state) const;
  // Copies a plain state's memory elsewhere into `arena`.
  void Rehome(char* state, Arena* arena) const;

  void Init(char* state) const;
  // Applies records first .. first + n - 1, in order, record first + j to states[j], column by column. `arena` receives what
  // variable-size parts need.
  void UpdateAll(char* const* states, const RecordBatch& batch, size_t first, size_t n, Arena* arena) const;
  // `state` comes before `serialized` in input order.
  void Merge(char* state, Slice serialized, Arena* arena) const;
  // Appends the bytes that a run stores: the parts one after another, little endian. counts_only(): a u64.
  void Serialize(const char* state, std::string* out) const;
  // Appends the answer in its stored form (batch.h), a number where it is not bytes. Of nothing: sum is 0; mean, min, max, first
  // and last are missing, those of bytes in the way of their column (empty where that has none). A top-k list is JSON
  // text: [3,2,1]. kDistinct has no state: its answers are `distinct`'s, one after another, or 0 if that is null.
  // NUMBER_TOO_LARGE if a sum is beyond the largest double, or is a whole number up to 2^64 that no double equals.
  Status Finalize(const char* state, const uint64_t* distinct, std::string* out) const;

 private:
  // The parts of a state: never a mean.
  struct Part {
    AggregateSpec spec;
    uint32_t offset;
  };
  // Sum, count, min and max of one column of numbers, as many as there are, in one pass over the records.
  struct Summary {
    int column;
    uint32_t offsets[4];
    void (*update)(char* const* states, const double* numbers, size_t n, const uint32_t* offsets, Arena* arena);
  };

  uint32_t AddPart(const AggregateSpec& spec);
  void AddSummaries();

  std::vector<AggregateSpec> specs_;
  std::vector<uint32_t> offsets_;        // of the part that a spec's answer is made of; a mean's sum
  std::vector<uint32_t> count_offsets_;  // of a mean's count
  std::vector<Part> parts_;
  std::vector<uint32_t> sum_offsets_;
  std::vector<Summary> summaries_;
  std::vector<Part> others_;  // parts that no summary updates
  size_t width_ = 0;
  bool counts_only_ = false;
  bool is_plain_ = true;
};

}  // namespace runjob
