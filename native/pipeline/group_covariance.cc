// Covariances and correlations of the pairs in which neither is null. As variances (group_variance.cc), from exact sums:
//
//   n * sum(x * y) - sum(x) * sum(y)     over  n * (n - 1), or n * n, or the root of the same of x and x times that of y and y
//
// While all numbers are whole and small, so are the sums: integers, of which a state has a cache line and a half.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>

#include "base/prefetch.h"
#include "pipeline/group_function.h"
#include "pipeline/product_sum.h"

namespace runjob {
namespace {

// Sums of pairs of any numbers.
struct WideSums {
  Sum x;
  Sum y;
  ProductSum xy;
  ProductSum xx;  // of a correlation, as the next
  ProductSum yy;
};

// Sums of pairs of whole numbers below 2^31 in size, of less than 2^32 pairs: so nothing overflows.
struct SmallSums {
  static constexpr uint64_t kMostPairs = UINT32_MAX;

  int64_t x;
  int64_t y;
  // 128 bits each, of which states align only 64.
  uint64_t xy[2];
  uint64_t xx[2];
  uint64_t yy[2];

  static bool Fits(double x, int64_t* whole) {
    constexpr double kEnd = 2147483648.0;
    if (!(std::abs(x) < kEnd)) return false;
    *whole = static_cast<int64_t>(x);
    return static_cast<double>(*whole) == x;
  }
  static __int128 Get(const uint64_t* words) {
    __int128 value;
    std::memcpy(&value, words, sizeof(value));
    return value;
  }
  static void AddTo(uint64_t* words, __int128 product) {
    const __int128 sum = Get(words) + product;
    std::memcpy(words, &sum, sizeof(sum));
  }
};

class Covariance final : public GroupFunction {
 public:
  explicit Covariance(GroupFn fn) : fn_(fn) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    for (size_t i = 0; i < rows.n; i++) {
      if (i + kAhead < rows.n) Prefetch(rows.state(i + kAhead));
      if (i + kSumsAhead < rows.n) PrefetchSums(rows.state(i + kSumsAhead));
      const size_t row = rows.row(i);
      if (!args[0].valid(row) || !args[1].valid(row)) continue;
      Add(reinterpret_cast<State*>(rows.state(i)), args[0].at<double>(row), args[1].at<double>(row), rows.arena);
    }
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    if (!held->pairs.Write(out)) return;
    PutFixed(static_cast<uint8_t>(held->wide != nullptr), out);
    if (held->wide == nullptr) {
      PutFixed(held->small, out);
      return;
    }
    WriteSum(held->wide->x, out);
    WriteSum(held->wide->y, out);
    held->wide->xy.Write(out);
    if (fn_ != GroupFn::kCorr) return;
    held->wide->xx.Write(out);
    held->wide->yy.Write(out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    bool more;
    if (!held->pairs.Merge(in, &more)) return false;
    if (!more) return true;
    uint8_t is_wide;
    if (!in->Read(&is_wide) || is_wide > 1) return false;
    if (is_wide == 0) {
      SmallSums small;
      if (!in->Read(&small)) return false;
      if (held->wide == nullptr && held->pairs.count <= SmallSums::kMostPairs) {
        AddSmall(&held->small, small);
      } else {
        AddWide(Widen(held, arena), small, arena);
      }
      return true;
    }
    WideSums* const wide = Widen(held, arena);
    if (!MergeSum(in, &wide->x, arena) || !MergeSum(in, &wide->y, arena) || !wide->xy.Merge(in, arena)) return false;
    return fn_ != GroupFn::kCorr || (wide->xx.Merge(in, arena) && wide->yy.Merge(in, arena));
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    *null = held->pairs.count < (fn_ == GroupFn::kCovarPop ? 1 : 2);
    if (*null) return Status::Ok();
    double result = std::numeric_limits<double>::quiet_NaN();
    if (held->pairs.infinite == 0) {
      if (fn_ == GroupFn::kCorr) {
        *null = !CorrelationOf(*held, &result);
      } else {
        result = CovarianceOf(*held);
      }
    }
    if (!*null) PutFixed(result, out);
    return Status::Ok();
  }

 private:
  struct State {
    NumberCount pairs;
    WideSums* wide;  // null: all pairs are in the small ones; else none is
    SmallSums small;
  };
  static constexpr size_t kAhead = 12;
  static constexpr size_t kSumsAhead = 6;

  RUNJOB_PREFETCHER static void Prefetch(const char* state) {
    for (size_t at = 0; at < sizeof(State); at += 64) __builtin_prefetch(state + at, 1);
  }
  RUNJOB_PREFETCHER static void PrefetchSums(const char* state) {
    const char* const wide = reinterpret_cast<const char*>(reinterpret_cast<const State*>(state)->wide);
    for (size_t at = 0; wide != nullptr && at < sizeof(WideSums); at += 64) __builtin_prefetch(wide + at, 1);
  }

  void Add(State* state, double x, double y, Arena* arena) const {
    if (!state->pairs.Add(std::isfinite(x) ? y : x)) return;
    int64_t whole_x = 0;
    int64_t whole_y = 0;
    if (state->wide == nullptr && SmallSums::Fits(x, &whole_x) && SmallSums::Fits(y, &whole_y) &&
        state->pairs.count <= SmallSums::kMostPairs) {
      SmallSums* const small = &state->small;
      small->x += whole_x;
      small->y += whole_y;
      SmallSums::AddTo(small->xy, whole_x * whole_y);
      if (fn_ != GroupFn::kCorr) return;
      SmallSums::AddTo(small->xx, whole_x * whole_x);
      SmallSums::AddTo(small->yy, whole_y * whole_y);
      return;
    }
    WideSums* const wide = Widen(state, arena);
    wide->x.Add(x, arena);
    wide->y.Add(y, arena);
    wide->xy.Add(x, y, arena);
    if (fn_ != GroupFn::kCorr) return;
    wide->xx.Add(x, x, arena);
    wide->yy.Add(y, y, arena);
  }

  // The sums that take any number, with all that was added before.
  static WideSums* Widen(State* state, Arena* arena) {
    if (state->wide == nullptr) {
      state->wide = new (arena->Allocate(sizeof(WideSums))) WideSums();
      AddWide(state->wide, state->small, arena);
    }
    return state->wide;
  }
  static void AddSmall(SmallSums* sums, const SmallSums& added) {
    sums->x += added.x;
    sums->y += added.y;
    SmallSums::AddTo(sums->xy, SmallSums::Get(added.xy));
    SmallSums::AddTo(sums->xx, SmallSums::Get(added.xx));
    SmallSums::AddTo(sums->yy, SmallSums::Get(added.yy));
  }
  static void AddWide(WideSums* sums, const SmallSums& added, Arena* arena) {
    EachPart(added.x, [&](double part, double unit) { sums->x.Add(part * unit, arena); });
    EachPart(added.y, [&](double part, double unit) { sums->y.Add(part * unit, arena); });
    EachPart(SmallSums::Get(added.xy), [&](double part, double unit) { sums->xy.Add(part, unit, arena); });
    EachPart(SmallSums::Get(added.xx), [&](double part, double unit) { sums->xx.Add(part, unit, arena); });
    EachPart(SmallSums::Get(added.yy), [&](double part, double unit) { sums->yy.Add(part, unit, arena); });
  }
  // Calls add(part, unit) for numbers of 32 bits and powers of two whose products add up to the sum.
  template <class AddPart>
  static void EachPart(__int128 sum, const AddPart& add) {
    constexpr double kNext = 4294967296.0;
    unsigned __int128 size = sum < 0 ? -static_cast<unsigned __int128>(sum) : static_cast<unsigned __int128>(sum);
    for (double unit = 1; size != 0; unit *= kNext, size >>= 32) {
      const double part = static_cast<double>(static_cast<uint32_t>(size));
      add(sum < 0 ? -part : part, unit);
    }
  }

  // n^2 times the covariance of numbers, of which these are n, the sums, and the sum of the products.
  static SignedNumber CovarianceOf(uint64_t n, int64_t x, int64_t y, const uint64_t* xy) {
    const __int128 difference = static_cast<__int128>(n) * SmallSums::Get(xy) - static_cast<__int128>(x) * y;
    const unsigned __int128 size =
        difference < 0 ? -static_cast<unsigned __int128>(difference) : static_cast<unsigned __int128>(difference);
    uint32_t limbs[sizeof(size) / sizeof(uint32_t)];
    std::memcpy(limbs, &size, sizeof(size));
    // Below them there is room for what Divide() adds.
    constexpr int kLimbBits = 32;
    constexpr int kBelow = 16;
    WideNumber number(-kLimbBits * kBelow);
    number.AddProduct(limbs, std::size(limbs), 1, kBelow);
    return SignedNumber{number, difference < 0};
  }
  static SignedNumber OfBoth(const State& state) {
    const uint64_t n = state.pairs.count;
    if (state.wide == nullptr) return CovarianceOf(n, state.small.x, state.small.y, state.small.xy);
    return SignedNumber::Covariance(n, state.wide->x, state.wide->y, state.wide->xy);
  }
  static WideNumber OfX(const State& state) {
    const uint64_t n = state.pairs.count;
    if (state.wide == nullptr) return CovarianceOf(n, state.small.x, state.small.x, state.small.xx).size;
    return SignedNumber::Covariance(n, state.wide->x, state.wide->x, state.wide->xx).size;
  }
  static WideNumber OfY(const State& state) {
    const uint64_t n = state.pairs.count;
    if (state.wide == nullptr) return CovarianceOf(n, state.small.y, state.small.y, state.small.yy).size;
    return SignedNumber::Covariance(n, state.wide->y, state.wide->y, state.wide->yy).size;
  }

  double CovarianceOf(const State& state) const {
    const uint64_t n = state.pairs.count;
    SignedNumber covariance = OfBoth(state);
    covariance.size.Divide(n);
    covariance.size.Divide(fn_ == GroupFn::kCovarSamp ? n - 1 : n);
    const double size = covariance.size.Round();
    return covariance.negative && size != 0 ? -size : size;
  }

  // False: one side has the same value in all pairs, which correlates with nothing.
  static bool CorrelationOf(const State& state, double* result) {
    const SignedNumber covariance = OfBoth(state);
    int exponent, of_x, of_y;
    const double size = covariance.size.Round(&exponent);
    const double x = OfX(state).Round(&of_x);
    double y = OfY(state).Round(&of_y);
    if (x == 0 || y == 0) return false;
    if ((of_x + of_y) % 2 != 0) {
      y *= 2;
      of_y--;
    }
    // Rounding may leave a bit more than 1.
    const double correlation = std::min(1.0, std::ldexp(size / std::sqrt(x * y), exponent - (of_x + of_y) / 2));
    *result = covariance.negative && correlation != 0 ? -correlation : correlation;
    return true;
  }

  const GroupFn fn_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewCovariance(const GroupCall& call) {
  if (call.args.size() != 2 || call.result.type.id != TypeId::kDouble) return nullptr;
  if (call.args[0].id != TypeId::kDouble || call.args[1].id != TypeId::kDouble) return nullptr;
  return std::make_unique<Covariance>(call.fn);
}

}  // namespace runjob
