// Variances and standard deviations, from the count, the sum of the numbers x and the sum of their squares, all exact:
//
//   n * sum(x^2) - sum(x)^2     over  n * (n - 1), or n * n
#include <cmath>
#include <limits>

#include "pipeline/group_function.h"
#include "pipeline/product_sum.h"

namespace runjob {
namespace {

class Variance final : public GroupFunction {
 public:
  Variance(GroupFn fn, TypeId arg)
      : arg_(arg),
        sample_(fn == GroupFn::kVarSamp || fn == GroupFn::kStddevSamp),
        root_(fn == GroupFn::kStddevSamp || fn == GroupFn::kStddevPop) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    const auto add = [&](char* state, auto x) {
      reinterpret_cast<State*>(state)->Add(static_cast<double>(x), rows.arena);
    };
    if (arg_ == TypeId::kDouble) {
      rows.EachValue<double>(args[0], add);
    } else if (arg_ == TypeId::kLong) {
      rows.EachValue<int64_t>(args[0], add);
    } else {
      rows.EachValue<int32_t>(args[0], add);
    }
  }

  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    if (!held->numbers.Write(out)) return;
    WriteSum(held->sum, out);
    held->squares.Write(out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    bool more;
    if (!held->numbers.Merge(in, &more)) return false;
    return !more || (MergeSum(in, &held->sum, arena) && held->squares.Merge(in, arena));
  }

  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    const auto [count, infinite] = held->numbers;
    if (count == 0 || (sample_ && count == 1)) {
      *null = true;
      return Status::Ok();
    }
    const double variance = infinite != 0 ? std::numeric_limits<double>::quiet_NaN() : VarianceOf(*held);
    PutFixed(root_ ? std::sqrt(variance) : variance, out);
    return Status::Ok();
  }

 private:
  struct State {
    Sum sum;
    ProductSum squares;
    NumberCount numbers;

    void Add(double x, Arena* arena) {
      if (!numbers.Add(x)) return;
      sum.Add(x, arena);
      squares.Add(x, x, arena);
    }
  };

  double VarianceOf(const State& state) const {
    const uint64_t n = state.numbers.count;
    WideNumber variance = SignedNumber::Covariance(n, state.sum, state.sum, state.squares).size;
    variance.Divide(n);
    variance.Divide(sample_ ? n - 1 : n);
    return variance.Round();
  }

  const TypeId arg_;
  const bool sample_;
  const bool root_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewVariance(const GroupCall& call) {
  if (call.args.size() != 1 || call.result.type.id != TypeId::kDouble) return nullptr;
  const TypeId arg = call.args[0].id;
  if (arg != TypeId::kDouble && arg != TypeId::kLong && arg != TypeId::kInt) return nullptr;
  return std::make_unique<Variance>(call.fn, arg);
}

}  // namespace runjob
