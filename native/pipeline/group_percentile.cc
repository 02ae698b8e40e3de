// Percentiles: exact ones, of any number of values. The values of groups come in their order, after their number is known, so that nothing
// is held but the few between which a result lies. Windows hold all of their frame.
#include <algorithm>
#include <cmath>
#include <limits>

#include "aggregate/sorted_doubles.h"
#include "column/keys.h"
#include "pipeline/group_function.h"

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

// Of values that come by AddRanked.
class Percentile final : public GroupFunction {
 public:
  explicit Percentile(const GroupCall& call) : fractions_(call) {}

  size_t width() const override { return sizeof(State); }

  // Its state is made of the values, and never written.
  void Update(const std::vector<Vector>&, const GroupRows&) override {}
  void Write(const char*, std::string*) const override {}
  bool Merge(char*, StateReader*, Arena*) override { return true; }
  void AddRanked(char* state, const RankedRun& run, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    if (held->values == nullptr) {
      held->count = run.total;
      held->values = reinterpret_cast<double*>(arena->Allocate(2 * fractions_.size() * sizeof(double)));
    }
    wanted_.clear();
    const auto want = [&](uint64_t place, double* value) {
      if (run.has(place)) wanted_.push_back({run.index(place), value});
    };
    for (size_t i = 0; i < fractions_.size(); i++) {
      const Fractions::Place place = fractions_.Of(i, run.total);
      want(place.low, &held->values[2 * i]);
      want(place.high, &held->values[2 * i + 1]);
    }
    Select(run.values, run.n);
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    *null = held->count == 0;
    if (!*null)
      fractions_.Append(
          held->count, [held](size_t i, uint64_t) { return held->values[i]; }, out);
    return Status::Ok();
  }

 private:
  struct State {
    uint64_t count;
    double* values;  // at both places of each fraction
  };
  struct Wanted {
    size_t index;
    double* value;
  };

  static constexpr size_t kFew = 8;  // for more, values are sorted

  // Sets what is wanted of n values.
  void Select(uint64_t* values, size_t n) {
    std::sort(wanted_.begin(), wanted_.end(), [](const Wanted& a, const Wanted& b) { return a.index < b.index; });
    const bool few = wanted_.size() <= kFew;
    if (!few) std::sort(values, values + n);
    size_t sorted = 0;  // as many are in their places, and all others behind them
    for (const auto [index, value] : wanted_) {
      if (few && index >= sorted) {
        if (index > sorted) std::nth_element(values + sorted, values + index, values + n);
        if (index == sorted) std::iter_swap(values + index, std::min_element(values + index, values + n));
        sorted = index + 1;
      }
      *value = DoubleOfKey(values[index]);
    }
  }

  const Fractions fractions_;
  std::vector<Wanted> wanted_;
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
