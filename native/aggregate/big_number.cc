#include "aggregate/big_number.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace runjob {

namespace {

constexpr int kLimbBits = 32;
constexpr int kMantissaBits = 53;

}  // namespace

BigNumber::BigNumber(uint64_t value) : limbs_{static_cast<uint32_t>(value), static_cast<uint32_t>(value >> kLimbBits)} {
  Trim();
}

BigNumber::BigNumber(const ExactSum& sum, int exponent) {
  uint32_t limbs[ExactSum::kLimbs];
  negative_ = sum.Magnitude(limbs);
  const int unit = ExactSum::kUnit + exponent;
  const int shift = ((unit % kLimbBits) + kLimbBits) % kLimbBits;
  lowest_ = (unit - shift) / kLimbBits;
  uint64_t carry = 0;
  for (const uint32_t limb : limbs) {
    carry |= uint64_t{limb} << shift;
    limbs_.push_back(static_cast<uint32_t>(carry));
    carry >>= kLimbBits;
  }
  limbs_.push_back(static_cast<uint32_t>(carry));
  Trim();
}

void BigNumber::Trim() {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
  const auto first = std::find_if(limbs_.begin(), limbs_.end(), [](uint32_t limb) { return limb != 0; });
  lowest_ += static_cast<int>(first - limbs_.begin());
  limbs_.erase(limbs_.begin(), first);
  if (limbs_.empty()) negative_ = false;
}

uint32_t BigNumber::At(int i) const { return i < lowest_ || i >= end() ? 0 : limbs_[static_cast<size_t>(i - lowest_)]; }

BigNumber BigNumber::Sum(const BigNumber& other, bool negative) const {
  if (other.is_zero()) return *this;
  BigNumber sum;
  if (is_zero()) {
    sum = other;
    sum.negative_ = negative;
    return sum;
  }
  const int begin = std::min(lowest_, other.lowest_);
  const int last = std::max(end(), other.end());
  const bool subtracts = negative != negative_;
  // The smaller one is subtracted from the larger.
  bool is_smaller = false;
  for (int i = last; subtracts && i-- > begin && !is_smaller;) {
    if (At(i) > other.At(i)) break;
    is_smaller = At(i) < other.At(i);
  }
  const BigNumber& larger = is_smaller ? other : *this;
  const BigNumber& smaller = is_smaller ? *this : other;
  sum.lowest_ = begin;
  sum.negative_ = is_smaller ? negative : negative_;
  int64_t carry = 0;
  for (int i = begin; i < last; i++) {
    carry += larger.At(i);
    carry += subtracts ? -int64_t{smaller.At(i)} : int64_t{smaller.At(i)};
    sum.limbs_.push_back(static_cast<uint32_t>(carry));
    carry >>= kLimbBits;  // rounds down
  }
  sum.limbs_.push_back(static_cast<uint32_t>(carry));
  sum.Trim();
  return sum;
}

BigNumber BigNumber::operator*(const BigNumber& other) const {
  BigNumber product;
  product.limbs_.assign(limbs_.size() + other.limbs_.size(), 0);
  product.lowest_ = lowest_ + other.lowest_;
  product.negative_ = negative_ != other.negative_;
  for (size_t i = 0; i < limbs_.size(); i++) {
    uint64_t carry = 0;
    for (size_t j = 0; j < other.limbs_.size(); j++) {
      carry += uint64_t{limbs_[i]} * other.limbs_[j] + product.limbs_[i + j];
      product.limbs_[i + j] = static_cast<uint32_t>(carry);
      carry >>= kLimbBits;
    }
    product.limbs_[i + other.limbs_.size()] = static_cast<uint32_t>(carry);
  }
  product.Trim();
  return product;
}

double BigNumber::Round(int* exponent) const {
  *exponent = 0;
  if (is_zero()) return 0;
  // The highest 64 bits, the last of which says as well whether there is more: so they are rounded as all would be.
  const int unused = std::countl_zero(limbs_.back());
  const auto limb = [this](int i) { return uint64_t{At(end() - 1 - i)}; };
  uint64_t bits = (limb(0) << kLimbBits | limb(1)) << unused;
  if (unused > 0) bits |= limb(2) >> (kLimbBits - unused);
  if (limb(2) << (kLimbBits + unused) != 0 || limbs_.size() > 3) bits |= 1;
  constexpr int kTail = 64 - kMantissaBits;
  constexpr uint64_t kHalf = uint64_t{1} << (kTail - 1);
  const uint64_t tail = bits & ((uint64_t{1} << kTail) - 1);
  uint64_t mantissa = bits >> kTail;
  if (tail > kHalf || (tail == kHalf && (mantissa & 1) != 0)) mantissa++;
  *exponent = end() * kLimbBits - unused;
  const double size = std::ldexp(static_cast<double>(mantissa), -kMantissaBits);
  return negative_ ? -size : size;
}

}  // namespace runjob
