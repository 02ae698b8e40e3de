// An aggregate of the rows of groups: its state, how rows and other states change it, and its result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"
#include "record/packed_record.h"

namespace runjob {

// As GroupFn in src/plan/plan.ts, in this order.
enum class GroupFn : uint8_t {
  kCount = 0,
  kSum = 1,
  kAvg = 2,
  kMin = 3,
  kMax = 4,
  kFirst = 5,
  kLast = 6,
  kCountDistinct = 7,
  kStddevSamp = 8,
  kStddevPop = 9,
  kVarSamp = 10,
  kVarPop = 11,
  kCollectList = 12,
  kCollectSet = 13,
  kTopK = 14,
  kPercentile = 15,
  kPercentileDisc = 16,
  kApproxCountDistinct = 17,
  kCorr = 18,
  kCovarPop = 19,
  kCovarSamp = 20,
  kMinBy = 21,
  kMaxBy = 22,
  kMode = 23,
  kSkewness = 24,
  kKurtosis = 25,
};

// Rows of a batch that have the same state, in their order.
struct StateRows {
  char* state;
  const uint16_t* rows;
  size_t n;
};

// n rows of a batch that count, from the `first` on, and the state of each row's group.
struct GroupRows {
  const Batch* batch;
  size_t first;
  size_t n;
  char* const* states;
  const std::vector<StateRows>* by_state;  // the same rows, where there are few states for many rows; else null
  size_t offset;                           // of the function's part in a state
  Arena* arena;                            // for what does not fit into it

  size_t row(size_t i) const { return batch->row(first + i); }
  char* state(size_t i) const { return states[i] + offset; }

  // Calls apply(state, value) for each row that is not null, in their order. REQUIRES: T is the stored type.
  template <class T, class Apply>
  void EachValue(const Vector& column, const Apply& apply) const {
    if (column.form == VectorForm::kFlat && column.validity == nullptr && batch->selection == nullptr) {
      const T* values = static_cast<const T*>(column.values) + first;
      for (size_t i = 0; i < n; i++) apply(state(i), values[i]);
      return;
    }
    EachRow(column, [&](char* state, size_t row) { apply(state, column.at<T>(row)); });
  }
  // Calls apply(state, n, value) for each state, with the values of its rows: value(i), i < n. False: they are not known by state, or some
  // are null. What is added up here stays in registers, while a state in memory would have to wait for itself with each row.
  template <class T, class Apply>
  bool EachState(const Vector& column, const Apply& apply) const {
    if (by_state == nullptr || column.validity != nullptr) return false;
    const T* const values = static_cast<const T*>(column.values);
    for (const StateRows& own : *by_state) {
      const uint16_t* const rows = own.rows;
      char* const state = own.state + offset;
      switch (column.form) {
        case VectorForm::kFlat:
          apply(state, own.n, [values, rows](size_t i) -> const T& { return values[rows[i]]; });
          break;
        case VectorForm::kDictionary:
          apply(state, own.n,
                [values, rows, codes = column.codes](size_t i) -> const T& { return values[codes[rows[i]]]; });
          break;
        case VectorForm::kConstant:
          apply(state, own.n, [values](size_t) -> const T& { return values[0]; });
          break;
      }
    }
    return true;
  }
  // Calls apply(state, row) for each of these.
  template <class Apply>
  void EachRow(const Vector& column, const Apply& apply) const {
    for (size_t i = 0; i < n; i++) {
      if (column.valid(row(i))) apply(state(i), row(i));
    }
  }
};

// Reads what functions write. Once there are too few bytes, nothing more is read.
class StateReader {
 public:
  explicit StateReader(Slice bytes) : rest_(bytes) {}

  template <class T>
  bool Read(T* value) {
    Slice bytes;
    if (!ReadBytes(sizeof(T), &bytes)) return false;
    std::memcpy(value, bytes.data, sizeof(T));
    return true;
  }
  bool ReadVarint(uint64_t* value) {
    const char* end = GetVarint(rest_.data, rest_.data + rest_.size, value);
    if (end == nullptr) return Fail();
    rest_ = Slice(end, static_cast<size_t>(rest_.data + rest_.size - end));
    return true;
  }
  bool ReadBytes(uint64_t size, Slice* bytes) {
    if (size > rest_.size) return Fail();
    *bytes = Slice(rest_.data, size);
    rest_ = Slice(rest_.data + size, rest_.size - size);
    return true;
  }
  // Bytes after their size.
  bool ReadSized(Slice* bytes) {
    uint64_t size;
    return ReadVarint(&size) && ReadBytes(size, bytes);
  }
  Slice rest() const { return rest_; }
  bool at_end() const { return ok_ && rest_.size == 0; }

 private:
  bool Fail() { return ok_ = false; }

  Slice rest_;
  bool ok_ = true;
};

template <class T>
void PutFixed(const T& value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}
inline void PutVarint(uint64_t value, std::string* out) {
  char bytes[kMaxVarintBytes];
  out->append(bytes, static_cast<size_t>(PutVarint(bytes, value) - bytes));
}
inline void PutSized(Slice bytes, std::string* out) {
  PutVarint(bytes.size, out);
  out->append(bytes.data, bytes.size);
}

// The next values of a group in their order, each so many times: of all `total` those at the places from `first` on.
struct RankedRun {
  uint64_t* values;  // n of them, in any order, which may be changed; doubles as DoubleKey (column/keys.h) writes them
  size_t n;
  uint64_t times;
  uint64_t first;
  uint64_t total;

  bool has(uint64_t place) const { return place >= first && place - first < n * times; }
  // REQUIRES: has(place).
  size_t index(uint64_t place) const { return (place - first) / times; }
};

class GroupFunction {
 public:
  virtual ~GroupFunction() = default;

  // Bytes of a state, a multiple of 8. They are 8-byte aligned, and zeros at first.
  virtual size_t width() const = 0;
  // Adds rows, in their order. `args`: the values of the arguments, by row of the batch.
  virtual void Update(const std::vector<Vector>& args, const GroupRows& rows) = 0;
  // Appends the state as bytes.
  virtual void Write(const char* state, std::string* out) const = 0;
  // Adds a state that was written, of later rows. False: these bytes are none.
  virtual bool Merge(char* state, StateReader* in, Arena* arena) = 0;
  // Adds a value that the group has so many times, by its key in the default order (column/keys.h). Only of functions with a tag, once all
  // states are merged: each value once, in the order of their keys.
  virtual void AddValue(char*, Slice, uint64_t, Arena*) {}
  // The same of percentiles: all values, many at once.
  virtual void AddRanked(char*, const RankedRun&, Arena*) {}
  // Appends the result as the value of a row (column/rows.h), or appends nothing and sets `null`.
  virtual Status Finish(const char* state, std::string* out, bool* null) = 0;
};

struct GroupCall {
  GroupFn fn = GroupFn::kCount;
  Field result;
  std::vector<Type> args;
  uint32_t k = 0;                 // kTopK; kApproxCountDistinct: the precision
  bool ignore_nulls = false;      // kFirst, kLast
  std::vector<double> fractions;  // kPercentile, kPercentileDisc: from 0 to 1
  uint8_t tag = 0;                // values are part of the keys (group_values.h); 0: they are not
};

// How values with a tag go through the exchange (group_table.h).
enum class TagKind : uint8_t {
  kDistinct,  // it does not matter how often there is one
  kCounted,
  kRanked,  // doubles, all of them
};
inline TagKind TagKindOf(GroupFn fn) {
  if (fn == GroupFn::kPercentile || fn == GroupFn::kPercentileDisc) return TagKind::kRanked;
  return fn == GroupFn::kCountDistinct ? TagKind::kDistinct : TagKind::kCounted;
}

// BAD_ARGUMENT where types do not fit. Types must stay where they are.
Status NewGroupFunction(const GroupCall& call, std::unique_ptr<GroupFunction>* function);

// By kind; null where types do not fit.
std::unique_ptr<GroupFunction> NewCount(const GroupCall& call);
std::unique_ptr<GroupFunction> NewSum(const GroupCall& call);
std::unique_ptr<GroupFunction> NewAverage(const GroupCall& call);
std::unique_ptr<GroupFunction> NewVariance(const GroupCall& call);
std::unique_ptr<GroupFunction> NewCovariance(const GroupCall& call);
std::unique_ptr<GroupFunction> NewMoments(const GroupCall& call);  // skewness, kurtosis
std::unique_ptr<GroupFunction> NewExtreme(const GroupCall& call);  // min, max
std::unique_ptr<GroupFunction> NewExtremeBy(const GroupCall& call);
std::unique_ptr<GroupFunction> NewEnd(const GroupCall& call);  // first, last
std::unique_ptr<GroupFunction> NewMode(const GroupCall& call);
std::unique_ptr<GroupFunction> NewCollection(const GroupCall& call);
std::unique_ptr<GroupFunction> NewTop(const GroupCall& call);
std::unique_ptr<GroupFunction> NewPercentile(const GroupCall& call);
std::unique_ptr<GroupFunction> NewApproxCount(const GroupCall& call);

}  // namespace runjob
