// Percentiles: exact ones, of any number of values. The values of groups come sorted, after their number is known, so that nothing is held
// but the few between which a result lies. Windows hold all of their frame.
#include <algorithm>
#include <cmath>
#include <limits>

#include "aggregate/sorted_doubles.h"
#include "pipeline/group_function.h"
#include "record/number_key.h"

namespace runjob {
namespace {

// Where the results lie among n sorted values.
class Fractions {
 public:
  explicit Fractions(const GroupCall& call)
      : fractions_(call.fractions),
        discrete_(call.fn == GroupFn::kPercentileDisc),
        listed_(call.result.type.id == TypeId::kList) {}

  size_t size() const { return fractions_.size(); }

  // The places of the values at or around the i-th fraction. REQUIRES: n > 0.
  struct Place {
    uint64_t low;
    uint64_t high;
    double part;  // of the way between them, 0 if they are one
    double rest;
  };
  Place Of(size_t i, uint64_t n) const {
    if (discrete_) {
      // The first value that is not before the fraction.
      const double place = std::ceil(fractions_[i] * static_cast<double>(n));
      const uint64_t at = place < 1 ? 0 : std::min(n, static_cast<uint64_t>(place)) - 1;
      return Place{at, at, 0, 1};
    }
    const double place = fractions_[i] * static_cast<double>(n - 1);
    const double low = std::floor(place);
    const double high = std::ceil(place);
    return Place{static_cast<uint64_t>(low), static_cast<uint64_t>(high), place - low, high - place};
  }

  // Appends the result; value(i, place) gives the values at these places. REQUIRES: n > 0.
  template <class ValueAt>
  void Append(uint64_t n, const ValueAt& value, std::string* out) const {
    if (listed_) {
      PutFixed(static_cast<uint32_t>(size()), out);
      out->append((size() + 7) / 8, '\0');
    }
    for (size_t i = 0; i < size(); i++) {
      const Place place = Of(i, n);
      PutFixed(Between(value(2 * i, place.low), value(2 * i + 1, place.high), place), out);
    }
  }

 private:
  // As Spark: never between equal values, where infinities would make NaN.
  static double Between(double low, double high, const Place& place) {
    if (low == high || place.low == place.high) return low;
    return place.rest * low + place.part * high;
  }

  const std::vector<double>& fractions_;
  const bool discrete_;
  const bool listed_;
};

// -0 comes out as 0, and NaN as the usual one.
double Plain(double x) { return x == 0 ? 0 : x != x ? std::numeric_limits<double>::quiet_NaN() : x; }

// Of values that come by AddValue.
class Percentile final : public GroupFunction {
 public:
  explicit Percentile(const GroupCall& call) : fractions_(call) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [](char* state, size_t) { reinterpret_cast<State*>(state)->count++; });
  }
  void Write(const char* state, std::string* out) const override {
    PutVarint(reinterpret_cast<const State*>(state)->count, out);
  }
  bool Merge(char* state, StateReader* in, Arena*) override {
    State* const held = reinterpret_cast<State*>(state);
    uint64_t count;
    if (!in->ReadVarint(&count) || count > INT64_MAX - held->count) return false;
    held->count += count;
    return true;
  }
  Status AddValue(char* state, Slice key, uint64_t times, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    if (key.size != 1 + kNumberKeyBytes || times > held->count - held->seen) return Corrupt();
    if (held->values == nullptr) {
      held->values = reinterpret_cast<double*>(arena->Allocate(2 * fractions_.size() * sizeof(double)));
    }
    const double x = DecodeNumberKey(key.data + 1);
    const uint64_t begin = held->seen;
    const uint64_t end = begin + times;
    for (size_t i = 0; i < fractions_.size(); i++) {
      const Fractions::Place place = fractions_.Of(i, held->count);
      if (place.low >= begin && place.low < end) held->values[2 * i] = x;
      if (place.high >= begin && place.high < end) held->values[2 * i + 1] = x;
    }
    held->seen = end;
    return Status::Ok();
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    if (held->seen != held->count) return Corrupt();
    *null = held->count == 0;
    if (!*null)
      fractions_.Append(
          held->count, [held](size_t i, uint64_t) { return held->values[i]; }, out);
    return Status::Ok();
  }

 private:
  struct State {
    uint64_t count;
    uint64_t seen;   // of these, by AddValue
    double* values;  // at both places of each fraction
  };

  static Status Corrupt() { return Status::Error("RUN_CORRUPT", "a group has not the values that were counted"); }

  const Fractions fractions_;
};

class HeldPercentile final : public GroupFunction {
 public:
  explicit HeldPercentile(const GroupCall& call) : fractions_(call) {}

  size_t width() const override { return sizeof(SortedDoubles); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachValue<double>(
        args[0], [&](char* state, double x) { reinterpret_cast<SortedDoubles*>(state)->Add(Plain(x), rows.arena); });
  }
  void Write(const char* state, std::string* out) const override {
    const SortedDoubles* const values = reinterpret_cast<const SortedDoubles*>(state);
    PutVarint(values->count(), out);
    values->EachBlock([out](const double* numbers, uint64_t count) {
      out->append(reinterpret_cast<const char*>(numbers), count * sizeof(double));
    });
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    uint64_t count;
    if (!in->ReadVarint(&count)) return false;
    for (; count > 0; count--) {
      double x;
      if (!in->Read(&x)) return false;
      reinterpret_cast<SortedDoubles*>(state)->Add(x, arena);
    }
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const SortedDoubles* const values = reinterpret_cast<const SortedDoubles*>(state);
    *null = values->count() == 0;
    if (!*null)
      fractions_.Append(
          values->count(), [values](size_t, uint64_t at) { return values->at(at); }, out);
    return Status::Ok();
  }

 private:
  const Fractions fractions_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewPercentile(const GroupCall& call) {
  if (call.args.size() != 1 || call.args[0].id != TypeId::kDouble || call.fractions.empty()) return nullptr;
  for (const double fraction : call.fractions) {
    if (!(fraction >= 0 && fraction <= 1)) return nullptr;
  }
  const Type& result = call.result.type;
  const bool is_list = result.id == TypeId::kList && result.fields[0].type.id == TypeId::kDouble;
  if (!is_list && (result.id != TypeId::kDouble || call.fractions.size() != 1)) return nullptr;
  if (call.tag == 0) return std::make_unique<HeldPercentile>(call);
  return std::make_unique<Percentile>(call);
}

}  // namespace runjob
