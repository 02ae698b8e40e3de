#include "pipeline/product_sum.h"

#include <cmath>
#include <new>
#include <utility>

namespace runjob {

namespace {

constexpr int kLimbBits = 32;

// The powers of two that products are multiplied by: chosen so that limbs of their sums lie on those of a product of sums.
constexpr int kScale = 18;  // 2^-880 <= |x * y| < 2^1000
constexpr int kScaleOfHuge = -1166;
constexpr int kScaleOfTiny = 1202;
constexpr int kLowest = ExactSum::kUnit - kScaleOfTiny - 6 * kLimbBits;

// The limb where a sum with this unit begins.
constexpr size_t LimbOf(int unit) { return static_cast<size_t>(unit - kLowest) / kLimbBits; }
constexpr bool Aligned(int unit) { return (unit - kLowest) % kLimbBits == 0; }
static_assert(Aligned(2 * ExactSum::kUnit) && Aligned(ExactSum::kUnit - kScale) &&
              Aligned(ExactSum::kUnit - kScaleOfHuge) && Aligned(ExactSum::kUnit - kScaleOfTiny));
static_assert(LimbOf(ExactSum::kUnit - kScaleOfHuge) + ExactSum::kLimbs + 4 <= WideNumber::kLimbs);
static_assert(LimbOf(2 * ExactSum::kUnit) + 2 * ExactSum::kLimbs + 4 <= WideNumber::kLimbs);

}  // namespace

void ProductSum::Add(double x, double y, Arena* arena) {
  if (x == 0 || y == 0) return;
  if (std::fabs(x) < std::fabs(y)) std::swap(x, y);
  const double size = std::fabs(x * y);
  if (size >= 0x1p-880 && size < 0x1p1000) return AddProduct(x, std::ldexp(y, kScale), &sum_, arena);
  if (size >= 1) return AddProduct(std::ldexp(x, kScaleOfHuge), y, &ExtremesIn(arena)->huge, arena);
  AddProduct(x, std::ldexp(y, kScaleOfTiny), &ExtremesIn(arena)->tiny, arena);
}

void ProductSum::AddSquare(double x, Arena* arena) {
  const double size = std::fabs(x);
  if (size >= 0x1p-440 && size < 0x1p500) {
    const double scaled = x * 0x1p9;
    return AddProduct(scaled, scaled, &sum_, arena);
  }
  Add(x, x, arena);
}

ProductSum::Extremes* ProductSum::ExtremesIn(Arena* arena) {
  if (extremes_ == nullptr) extremes_ = new (arena->Allocate(sizeof(Extremes))) Extremes();
  return extremes_;
}

void ProductSum::Write(std::string* out) const {
  WriteSum(sum_, out);
  out->push_back(static_cast<char>(extremes_ != nullptr));
  if (extremes_ == nullptr) return;
  WriteSum(extremes_->huge, out);
  WriteSum(extremes_->tiny, out);
}

bool ProductSum::Merge(StateReader* in, Arena* arena) {
  uint8_t has_extremes;
  if (!MergeSum(in, &sum_, arena) || !in->Read(&has_extremes)) return false;
  if (has_extremes == 0) return true;
  Extremes* const extremes = ExtremesIn(arena);
  return MergeSum(in, &extremes->huge, arena) && MergeSum(in, &extremes->tiny, arena);
}

bool NumberCount::Write(std::string* out) const {
  PutVarint(count, out);
  if (count == 0) return false;
  out->push_back(static_cast<char>(infinite != 0));
  return true;
}

bool NumberCount::Merge(StateReader* in, bool* more) {
  uint64_t added;
  uint8_t is_infinite;
  if (!in->ReadVarint(&added)) return false;
  *more = added > 0;
  if (!*more) return true;
  if (!in->Read(&is_infinite)) return false;
  count += added;
  infinite |= is_infinite;
  return true;
}

void WriteSum(const Sum& sum, std::string* out) {
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

bool MergeSum(StateReader* in, Sum* sum, Arena* arena) {
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

SignedNumber SignedNumber::Covariance(uint64_t n, const Sum& x, const Sum& y, const ProductSum& xy) {
  WideNumber plus(kLowest), minus(kLowest);
  uint32_t limbs[ExactSum::kLimbs];
  const auto add_products = [&](const Sum& sum, int scale) {
    const bool below_zero = sum.Exactly().Magnitude(limbs);
    (below_zero ? minus : plus).AddProduct(limbs, ExactSum::kLimbs, n, LimbOf(ExactSum::kUnit - scale));
  };
  add_products(xy.sum_, kScale);
  if (xy.extremes_ != nullptr) {
    add_products(xy.extremes_->huge, kScaleOfHuge);
    add_products(xy.extremes_->tiny, kScaleOfTiny);
  }
  uint32_t others[ExactSum::kLimbs];
  const bool same_sign = x.Exactly().Magnitude(limbs) == y.Exactly().Magnitude(others);
  WideNumber& product = same_sign ? minus : plus;
  for (size_t i = 0; i < ExactSum::kLimbs; i++) {
    product.AddProduct(limbs, ExactSum::kLimbs, others[i], LimbOf(2 * ExactSum::kUnit) + i);
  }
  const bool is_negative = plus < minus;
  WideNumber& larger = is_negative ? minus : plus;
  larger.Subtract(is_negative ? plus : minus);
  return SignedNumber{larger, is_negative};
}

}  // namespace runjob
