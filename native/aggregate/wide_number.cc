#include "aggregate/wide_number.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace runjob {

namespace {

constexpr int kLimbBits = 32;
constexpr int kLeastExponent = -1074;  // of the smallest double
constexpr int kMantissaBits = 53;
constexpr size_t kQuotientLimbs = 6;  // the first may have a single bit

using Wide = unsigned __int128;

}  // namespace

void WideNumber::AddProduct(const uint32_t* a, size_t n, uint64_t b, size_t at) {
  while (n > 0 && a[n - 1] == 0) n--;
  AddProduct32(a, n, static_cast<uint32_t>(b), at);
  AddProduct32(a, n, static_cast<uint32_t>(b >> kLimbBits), at + 1);
}

void WideNumber::AddProduct32(const uint32_t* a, size_t n, uint32_t b, size_t at) {
  if (b == 0) return;
  uint64_t carry = 0;
  for (size_t i = 0; i < n; i++) {
    carry += uint64_t{a[i]} * b + limbs_[at + i];
    limbs_[at + i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
  for (size_t i = at + n; carry != 0; i++) {
    carry += limbs_[i];
    limbs_[i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;
  }
}

void WideNumber::Subtract(const WideNumber& other) {
  int64_t carry = 0;
  for (size_t i = 0; i < kLimbs; i++) {
    carry += static_cast<int64_t>(limbs_[i]) - other.limbs_[i];
    limbs_[i] = static_cast<uint32_t>(carry);
    carry >>= kLimbBits;  // rounds down
  }
}

size_t WideNumber::End() const {
  size_t end = kLimbs;
  while (end > 0 && limbs_[end - 1] == 0) end--;
  return end;
}

void WideNumber::Divide(uint64_t n) {
  const size_t end = End();
  Wide rest = 0;
  size_t kept = 0;
  size_t i = end;
  for (; i > 0 && kept < kQuotientLimbs; i--) {
    const Wide part = rest << kLimbBits | limbs_[i - 1];
    if (part >> 64 == 0) {
      limbs_[i - 1] = static_cast<uint32_t>(static_cast<uint64_t>(part) / n);
      rest = static_cast<uint64_t>(part) % n;
    } else {
      limbs_[i - 1] = static_cast<uint32_t>(part / n);
      rest = part % n;
    }
    if (kept > 0 || limbs_[i - 1] != 0) kept++;
  }
  rest_ |= rest != 0 || std::any_of(limbs_, limbs_ + i, [](uint32_t limb) { return limb != 0; });
  std::fill_n(limbs_, i, 0);
}

bool WideNumber::operator<(const WideNumber& other) const {
  size_t i = kLimbs;
  while (i > 0 && limbs_[i - 1] == other.limbs_[i - 1]) i--;
  return i > 0 && limbs_[i - 1] < other.limbs_[i - 1];
}

WideNumber::Head WideNumber::HeadOf() const {
  const size_t end = End();
  Wide bits = 0;
  size_t i = end;
  const int unused = std::countl_zero(limbs_[end - 1]);
  for (int room = 128 + unused; i > 0 && room >= kLimbBits; room -= kLimbBits) {
    i--;
    const int shift = room - kLimbBits;
    bits |= static_cast<Wide>(limbs_[i]) << shift;
  }
  const bool rest = rest_ || std::any_of(limbs_, limbs_ + i, [](uint32_t limb) { return limb != 0; });
  return Head{bits, rest, lowest_ + static_cast<int>(end) * kLimbBits - unused};
}

uint64_t WideNumber::Head::Round(int digits) const {
  const uint64_t mantissa = static_cast<uint64_t>(bits >> (128 - digits));
  const Wide tail = bits << digits;
  constexpr Wide kHalf = Wide{1} << 127;
  return mantissa + (tail > kHalf || (tail == kHalf && (rest || (mantissa & 1) != 0)) ? 1 : 0);
}

double WideNumber::Round() const {
  if (End() == 0) return 0;
  const Head head = HeadOf();
  const int digits = std::min(kMantissaBits, head.top - kLeastExponent);
  if (digits <= 0) {
    // Below the smallest double; half of it rounds to zero.
    const bool is_more = digits == 0 && (head.bits << 1 != 0 || head.rest);
    return is_more ? std::numeric_limits<double>::denorm_min() : 0;
  }
  return std::ldexp(static_cast<double>(head.Round(digits)), head.top - digits);
}

double WideNumber::Round(int* exponent) const {
  *exponent = 0;
  if (End() == 0) return 0;
  const Head head = HeadOf();
  *exponent = head.top;
  return std::ldexp(static_cast<double>(head.Round(kMantissaBits)), -kMantissaBits);
}

}  // namespace runjob
