// Skewness and kurtosis of a population, as Spark's: from the count, and the sums s1 to s4 of the numbers and their powers, all exact:
//
//   m2 = n s2 - s1^2,  m3 = n^2 s3 - 3 n s1 s2 + 2 s1^3,  m4 = n^3 s4 - 4 n^2 s1 s3 + 6 n s1^2 s2 - 3 s1^4
//
//   skewness  m3 / m2^(3/2)        kurtosis  m4 / m2^2 - 3
#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "aggregate/big_number.h"
#include "pipeline/group_function.h"
#include "pipeline/product_sum.h"

namespace runjob {
namespace {

// Numbers are scaled so that all bits of their fourth power are those of doubles; sizes have their sums each.
constexpr int kSizes = 7;
constexpr int kUsual = 3;     // 2^-200 <= |x| < 2^200: as they are
constexpr int kStep = 400;    // bits from one to the next
constexpr int kWidest = 200;  // bits of a scaled number

struct Powers {
  Sum squares;
  Sum cubes;
  Sum fourths;  // of kurtosis
};

int SizeOf(double x) {
  if (const double size = std::fabs(x); size >= 0x1p-200 && size < 0x1p200) return kUsual;
  // 2^(exponent - 1) <= |x| < 2^exponent
  int exponent;
  std::frexp(x, &exponent);
  const int from_lowest = exponent - 1 + kWidest + kUsual * kStep;
  return from_lowest / kStep;
}

// Adds x * y without rounding. REQUIRES: the product and what rounding it leaves are no subnormal numbers.
void AddProduct(double x, double y, Sum* sum, Arena* arena) {
  const double product = x * y;
  sum->Add(product, arena);
  sum->Add(std::fma(x, y, -product), arena);
}

class Moments final : public GroupFunction {
 public:
  explicit Moments(GroupFn fn) : kurtosis_(fn == GroupFn::kKurtosis) {}

  size_t width() const override { return sizeof(State); }

  void Update(const std::vector<Vector>& args, const GroupRows& rows) override {
    rows.EachValue<double>(args[0],
                           [&](char* state, double x) { Add(reinterpret_cast<State*>(state), x, rows.arena); });
  }
  void Write(const char* state, std::string* out) const override {
    const State* const held = reinterpret_cast<const State*>(state);
    if (!held->numbers.Write(out)) return;
    WriteSum(held->sum, out);
    WritePowers(held->usual, out);
    out->push_back(static_cast<char>(held->others != nullptr));
    for (int i = 0; held->others != nullptr && i < kSizes; i++) {
      if (i != kUsual) WritePowers(held->others[i], out);
    }
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    bool more;
    uint8_t has_others;
    if (!held->numbers.Merge(in, &more)) return false;
    if (!more) return true;
    if (!MergeSum(in, &held->sum, arena) || !MergePowers(in, &held->usual, arena) || !in->Read(&has_others))
      return false;
    for (int i = 0; has_others != 0 && i < kSizes; i++) {
      if (i != kUsual && !MergePowers(in, &OthersOf(held, arena)[i], arena)) return false;
    }
    return true;
  }
  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    const auto [count, infinite] = held->numbers;
    *null = count == 0;
    double result = std::numeric_limits<double>::quiet_NaN();
    if (count > 0 && infinite == 0) *null = !ResultOf(*held, &result);
    if (!*null) PutFixed(result, out);
    return Status::Ok();
  }

 private:
  struct State {
    Sum sum;
    Powers usual;
    Powers* others;  // by size; null: there are none
    NumberCount numbers;
  };

  static Powers* OthersOf(State* state, Arena* arena) {
    if (state->others == nullptr) {
      state->others = reinterpret_cast<Powers*>(arena->Allocate(kSizes * sizeof(Powers)));
      for (int i = 0; i < kSizes; i++) new (&state->others[i]) Powers();
    }
    return state->others;
  }

  void Add(State* state, double x, Arena* arena) const {
    if (!state->numbers.Add(x) || x == 0) return;
    state->sum.Add(x, arena);
    const int size = SizeOf(x);
    if (size == kUsual) return AddPowers(x, &state->usual, arena);
    AddPowers(std::ldexp(x, (kUsual - size) * kStep), &OthersOf(state, arena)[size], arena);
  }

  // Each product is exact as two doubles: what is rounded, and the rest.
  void AddPowers(double x, Powers* powers, Arena* arena) const {
    const double high = x * x;
    const double low = std::fma(x, x, -high);
    powers->squares.Add(high, arena);
    powers->squares.Add(low, arena);
    AddProduct(high, x, &powers->cubes, arena);
    AddProduct(low, x, &powers->cubes, arena);
    if (!kurtosis_) return;
    AddProduct(high, high, &powers->fourths, arena);
    AddProduct(2 * high, low, &powers->fourths, arena);
    AddProduct(low, low, &powers->fourths, arena);
  }

  void WritePowers(const Powers& powers, std::string* out) const {
    WriteSum(powers.squares, out);
    WriteSum(powers.cubes, out);
    if (kurtosis_) WriteSum(powers.fourths, out);
  }
  bool MergePowers(StateReader* in, Powers* powers, Arena* arena) const {
    return MergeSum(in, &powers->squares, arena) && MergeSum(in, &powers->cubes, arena) &&
           (!kurtosis_ || MergeSum(in, &powers->fourths, arena));
  }

  static BigNumber PowerOf(const State& state, int power, Sum Powers::*of) {
    BigNumber sum((state.usual.*of).Exactly(), 0);
    for (int i = 0; state.others != nullptr && i < kSizes; i++) {
      sum = sum + BigNumber((state.others[i].*of).Exactly(), (i - kUsual) * kStep * power);
    }
    return sum;
  }

  // False: all numbers are the same.
  bool ResultOf(const State& state, double* result) const {
    const BigNumber n(state.numbers.count), three(3);
    const BigNumber s1(state.sum.Exactly(), 0);
    const BigNumber s2 = PowerOf(state, 2, &Powers::squares);
    const BigNumber s3 = PowerOf(state, 3, &Powers::cubes);
    const BigNumber square = s1 * s1;
    const BigNumber m2 = n * s2 - square;
    if (m2.is_zero()) return false;
    int exponent, of_m2;
    double variance = m2.Round(&of_m2);
    if (!kurtosis_) {
      const BigNumber m3 = n * (n * s3 - three * (s1 * s2)) + BigNumber(2) * (square * s1);
      const double size = m3.Round(&exponent);
      if (of_m2 % 2 != 0) {
        variance *= 2;
        of_m2--;
      }
      *result = std::ldexp(size / (variance * std::sqrt(variance)), exponent - of_m2 / 2 * 3);
      return true;
    }
    const BigNumber s4 = PowerOf(state, 4, &Powers::fourths);
    const BigNumber m4 =
        n * (n * (n * s4 - BigNumber(4) * (s1 * s3)) + BigNumber(6) * (square * s2)) - three * (square * square);
    const double size = (m4 - three * (m2 * m2)).Round(&exponent);
    *result = std::ldexp(size / (variance * variance), exponent - 2 * of_m2);
    return true;
  }

  const bool kurtosis_;
};

}  // namespace

std::unique_ptr<GroupFunction> NewMoments(const GroupCall& call) {
  if (call.args.size() != 1 || call.args[0].id != TypeId::kDouble || call.result.type.id != TypeId::kDouble) {
    return nullptr;
  }
  return std::make_unique<Moments>(call.fn);
}

}  // namespace runjob
