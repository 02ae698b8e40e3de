// Variances and standard deviations, from the count, the sum of the numbers x and the sum of their squares, all exact:
//
//   n * sum(x^2) - sum(x)^2     over  n * (n - 1), or n * n
//
// is computed with as many bits as it needs, so that no order of adding and merging shows, and nothing cancels.
//
// A square is exact in two doubles, unless it is too large or too small. Numbers are therefore scaled first, by a power of two that
// depends on their size, and each of three sizes has its own sum of squares.
#include <cmath>
#include <limits>

#include "aggregate/sum.h"
#include "aggregate/wide_number.h"
#include "pipeline/group_function.h"

namespace runjob {
namespace {

constexpr int kLimbBits = 32;
constexpr int kSumUnit = -1074;  // of an ExactSum, as a power of two

// The powers of two that numbers are multiplied by: chosen so that limbs of their squares lie on those of the sum's square.
constexpr int kScale = 9;  // 2^-440 <= |x| < 2^500
constexpr int kScaleOfHuge = -583;
constexpr int kScaleOfTiny = 601;
constexpr int kLowest = kSumUnit - 2 * kScaleOfTiny - 6 * kLimbBits;

// The limb where a sum with this unit begins.
constexpr size_t LimbOf(int unit) { return static_cast<size_t>(unit - kLowest) / kLimbBits; }
constexpr bool Aligned(int unit) { return (unit - kLowest) % kLimbBits == 0; }
static_assert(Aligned(2 * kSumUnit) && Aligned(kSumUnit - 2 * kScale) && Aligned(kSumUnit - 2 * kScaleOfHuge) &&
              Aligned(kSumUnit - 2 * kScaleOfTiny));
static_assert(LimbOf(kSumUnit - 2 * kScaleOfHuge) + ExactSum::kLimbs + 4 <= WideNumber::kLimbs);
static_assert(LimbOf(2 * kSumUnit) + 2 * ExactSum::kLimbs + 4 <= WideNumber::kLimbs);

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
    PutVarint(held->count, out);
    if (held->count == 0) return;
    out->push_back(static_cast<char>(held->infinite != 0));
    for (const Sum& sum : {held->sum, held->squares}) WriteSum(sum, out);
    out->push_back(static_cast<char>(held->extremes != nullptr));
    if (held->extremes == nullptr) return;
    WriteSum(held->extremes->huge, out);
    WriteSum(held->extremes->tiny, out);
  }
  bool Merge(char* state, StateReader* in, Arena* arena) override {
    State* const held = reinterpret_cast<State*>(state);
    uint64_t count;
    uint8_t infinite, has_extremes;
    if (!in->ReadVarint(&count)) return false;
    if (count == 0) return true;
    if (!in->Read(&infinite) || !MergeSum(in, &held->sum, arena) || !MergeSum(in, &held->squares, arena)) return false;
    held->count += count;
    held->infinite |= infinite;
    if (!in->Read(&has_extremes)) return false;
    if (has_extremes == 0) return true;
    Extremes* const extremes = held->ExtremesIn(arena);
    return MergeSum(in, &extremes->huge, arena) && MergeSum(in, &extremes->tiny, arena);
  }

  Status Finish(const char* state, std::string* out, bool* null) override {
    const State* const held = reinterpret_cast<const State*>(state);
    if (held->count == 0 || (sample_ && held->count == 1)) {
      *null = true;
      return Status::Ok();
    }
    const double variance = held->infinite != 0 ? std::numeric_limits<double>::quiet_NaN() : VarianceOf(*held);
    PutFixed(root_ ? std::sqrt(variance) : variance, out);
    return Status::Ok();
  }

 private:
  // Sums of squares of numbers that are scaled otherwise.
  struct Extremes {
    Sum huge;
    Sum tiny;
  };

  struct State {
    Sum sum;
    Sum squares;
    Extremes* extremes;
    uint64_t count;
    uint64_t infinite;  // or not a number

    void Add(double x, Arena* arena) {
      count++;
      const double size = std::fabs(x);
      if (!(size < std::numeric_limits<double>::infinity())) {
        infinite = 1;
        return;
      }
      sum.Add(x, arena);
      if (size >= 0x1p-440 && size < 0x1p500) return AddSquare(x * 0x1p9, &squares, arena);
      if (size == 0) return;
      if (size >= 1) return AddSquare(std::ldexp(x, kScaleOfHuge), &ExtremesIn(arena)->huge, arena);
      AddSquare(std::ldexp(x, kScaleOfTiny), &ExtremesIn(arena)->tiny, arena);
    }
    Extremes* ExtremesIn(Arena* arena) {
      if (extremes == nullptr) extremes = new (arena->Allocate(sizeof(Extremes))) Extremes();
      return extremes;
    }

   private:
    static void AddSquare(double x, Sum* squares, Arena* arena) {
      const double square = x * x;
      squares->Add(square, arena);
      squares->Add(std::fma(x, x, -square), arena);
    }
  };
  static_assert(kScale == 9);

  static void WriteSum(const Sum& sum, std::string* out) {
    out->push_back(static_cast<char>(sum.is_long()));
    if (!sum.is_long()) {
      PutFixed(sum.high, out);
      PutFixed(sum.low, out);
      return;
    }
    const size_t at = out->size();
    out->resize(at + ExactSum::kBytes);
    sum.exact()->WriteTo(out->data() + at);
  }
  static bool MergeSum(StateReader* in, Sum* sum, Arena* arena) {
    uint8_t is_long;
    if (!in->Read(&is_long)) return false;
    if (is_long != 0) {
      Slice bytes;
      if (!in->ReadBytes(ExactSum::kBytes, &bytes)) return false;
      sum->Add(ExactSum::ReadFrom(bytes.data), arena);
      return true;
    }
    double high, low;
    if (!in->Read(&high) || !in->Read(&low) || !std::isfinite(high) || !std::isfinite(low)) return false;
    sum->Add(high, arena);
    sum->Add(low, arena);
    return true;
  }

  double VarianceOf(const State& state) const {
    WideNumber difference(kLowest);
    uint32_t limbs[ExactSum::kLimbs];
    const auto add_squares = [&](const Sum& squares, int scale) {
      squares.Exactly().Magnitude(limbs);
      difference.AddProduct(limbs, ExactSum::kLimbs, state.count, LimbOf(kSumUnit - 2 * scale));
    };
    add_squares(state.squares, kScale);
    if (state.extremes != nullptr) {
      add_squares(state.extremes->huge, kScaleOfHuge);
      add_squares(state.extremes->tiny, kScaleOfTiny);
    }
    WideNumber square(kLowest);
    state.sum.Exactly().Magnitude(limbs);
    for (size_t i = 0; i < ExactSum::kLimbs; i++) {
      square.AddProduct(limbs, ExactSum::kLimbs, limbs[i], LimbOf(2 * kSumUnit) + i);
    }
    difference.Subtract(square);
    difference.Divide(state.count);
    difference.Divide(sample_ ? state.count - 1 : state.count);
    return difference.Round();
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
