// Covariances and correlations of the pairs in which neither is null. As variances (group_variance.cc), from exact sums:
//
//   n * sum(x * y) - sum(x) * sum(y)     over  n * (n - 1), or n * n, or the root of the same of x and x times that of y and y
#include <algorithm>
#include <cmath>
#include <limits>

#include "pipeline/group_function.h"
#include "pipeline/product_sum.h"

namespace runjob {
namespace {

class Covariance final : public GroupFunction {
 public:
  explicit Covariance(GroupFn fn) : fn_(fn) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachRow(args[0], [&](char* state, size_t row) {
      if (!args[1].valid(row)) return;
      Add(reinterpret_cast<State*>(state), args[0].at<double>(row), args[1].at<double>(row), rows.arena);
    });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    PutVarint(held->count, out);
    if (held->count == 0) return;
    out->push_back(static_cast<char>(held->infinite != 0));
    WriteSum(held->x, out);
    WriteSum(held->y, out);
    held->xy.Write(out);
    if (fn_ != GroupFn::kCorr) return;
    held->xx.Write(out);
    held->yy.Write(out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    uint64_t count;
    uint8_t infinite;
    if (!in->ReadVarint(&count)) return false;
    if (count == 0) return true;
    if (!in->Read(&infinite) || !MergeSum(in, &held->x, arena) || !MergeSum(in, &held->y, arena)) return false;
    if (!held->xy.Merge(in, arena)) return false;
    if (fn_ == GroupFn::kCorr && !(held->xx.Merge(in, arena) && held->yy.Merge(in, arena))) return false;
    held->count += count;
    held->infinite |= infinite;
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    *null = held->count < (fn_ == GroupFn::kCovarPop ? 1 : 2);
    if (*null) return Status::Ok();
    double result = std::numeric_limits<double>::quiet_NaN();
    if (held->infinite == 0) {
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
    uint64_t count;
    uint64_t infinite;  // one of a pair, or not a number
  };

  void Add(State* state, double x, double y, Arena* arena) const {
    state->count++;
    if (!std::isfinite(x) || !std::isfinite(y)) {
      state->infinite = 1;
      return;
    }
    state->x.Add(x, arena);
    state->y.Add(y, arena);
    state->xy.Add(x, y, arena);
    if (fn_ != GroupFn::kCorr) return;
    state->xx.AddSquare(x, arena);
    state->yy.AddSquare(y, arena);
  }

  double CovarianceOf(const State& state) const {
    SignedNumber covariance = SignedNumber::Covariance(state.count, state.x, state.y, state.xy);
    covariance.size.Divide(state.count);
    covariance.size.Divide(fn_ == GroupFn::kCovarSamp ? state.count - 1 : state.count);
    const double size = covariance.size.Round();
    return covariance.negative && size != 0 ? -size : size;
  }

  // False: one side has the same value in all pairs, which correlates with nothing.
  static bool CorrelationOf(const State& state, double* result) {
    const SignedNumber covariance = SignedNumber::Covariance(state.count, state.x, state.y, state.xy);
    int exponent, of_x, of_y;
    const double size = covariance.size.Round(&exponent);
    const double x = SignedNumber::Covariance(state.count, state.x, state.x, state.xx).size.Round(&of_x);
    double y = SignedNumber::Covariance(state.count, state.y, state.y, state.yy).size.Round(&of_y);
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
