// Covariances and correlations of the pairs in which neither is null. As variances (group_variance.cc), from exact sums:
//
//   n * sum(x * y) - sum(x) * sum(y)     over  n * (n - 1), or n * n, or the root of the same of x and x times that of y and y
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/prefetch.h"
#include "pipeline/group_function.h"
#include "pipeline/product_sum.h"

namespace runjob {
namespace {

class Covariance final : public GroupFunction {
 public:
  explicit Covariance(GroupFn fn) : fn_(fn) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    for (size_t i = 0; i < rows.n; i++) {
      if (i + kAhead < rows.n) Prefetch(rows.state(i + kAhead));
      const size_t row = rows.row(i);
      if (!args[0].valid(row) || !args[1].valid(row)) continue;
      Add(reinterpret_cast<State*>(rows.state(i)), args[0].at<double>(row), args[1].at<double>(row), rows.arena);
    }
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    if (!held->pairs.Write(out)) return;
    WriteSum(held->x, out);
    WriteSum(held->y, out);
    held->xy.Write(out);
    if (fn_ != GroupFn::kCorr) return;
    held->xx.Write(out);
    held->yy.Write(out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    bool more;
    if (!held->pairs.Merge(in, &more)) return false;
    if (!more) return true;
    if (!MergeSum(in, &held->x, arena) || !MergeSum(in, &held->y, arena) || !held->xy.Merge(in, arena)) return false;
    return fn_ != GroupFn::kCorr || (held->xx.Merge(in, arena) && held->yy.Merge(in, arena));
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
    Sum x;
    Sum y;
    ProductSum xy;
    ProductSum xx;  // of a correlation, as the next
    ProductSum yy;
    NumberCount pairs;
  };
  static constexpr size_t kAhead = 6;

  RUNJOB_PREFETCHER static void Prefetch(const char* state) {
    for (size_t at = 0; at < sizeof(State); at += 64) __builtin_prefetch(state + at, 1);
  }

  void Add(State* state, double x, double y, Arena* arena) const {
    if (!state->pairs.Add(std::isfinite(x) ? y : x)) return;
    state->x.Add(x, arena);
    state->y.Add(y, arena);
    state->xy.Add(x, y, arena);
    if (fn_ != GroupFn::kCorr) return;
    state->xx.Add(x, x, arena);
    state->yy.Add(y, y, arena);
  }

  double CovarianceOf(const State& state) const {
    const uint64_t n = state.pairs.count;
    SignedNumber covariance = SignedNumber::Covariance(n, state.x, state.y, state.xy);
    covariance.size.Divide(n);
    covariance.size.Divide(fn_ == GroupFn::kCovarSamp ? n - 1 : n);
    const double size = covariance.size.Round();
    return covariance.negative && size != 0 ? -size : size;
  }

  // False: one side has the same value in all pairs, which correlates with nothing.
  static bool CorrelationOf(const State& state, double* result) {
    const uint64_t n = state.pairs.count;
    const SignedNumber covariance = SignedNumber::Covariance(n, state.x, state.y, state.xy);
    int exponent, of_x, of_y;
    const double size = covariance.size.Round(&exponent);
    const double x = SignedNumber::Covariance(n, state.x, state.x, state.xx).size.Round(&of_x);
    double y = SignedNumber::Covariance(n, state.y, state.y, state.yy).size.Round(&of_y);
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
