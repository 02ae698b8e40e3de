#include "aggregate/exact_sum.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "aggregate/wide_number.h"

namespace runjob {

namespace {

constexpr int kLimbBits = 32;
constexpr int kMantissaBits = 53;
constexpr uint64_t kLimbMask = (uint64_t{1} << kLimbBits) - 1;

}  // namespace

void ExactSum::Add(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
  const unsigned biased = static_cast<unsigned>(bits >> 52) & 0x7FF;
  const uint64_t mantissa = biased == 0 ? fraction : fraction | (uint64_t{1} << 52);
  const unsigned place = biased == 0 ? 0 : biased - 1;  // of the mantissa's lowest bit, from kUnit on
  const unsigned shift = place % kLimbBits;
  int64_t* const limb = limbs_ + place / kLimbBits;
  const uint64_t low = (mantissa & kLimbMask) << shift;
  const uint64_t high = (mantissa >> kLimbBits) << shift;
  const uint64_t middle = (low >> kLimbBits) + (high & kLimbMask);
  const int64_t sign = (bits >> 63) != 0 ? -1 : 1;
  limb[0] += sign * static_cast<int64_t>(low & kLimbMask);
  limb[1] += sign * static_cast<int64_t>(middle & kLimbMask);
  limb[2] += sign * static_cast<int64_t>((high >> kLimbBits) + (middle >> kLimbBits));
  if (++pending_ == kMostPending) Carry();
}

void ExactSum::Add(const ExactSum& other) {
  ExactSum carried = other;
  carried.Carry();
  Carry();
  for (size_t i = 0; i < kLimbs; i++) limbs_[i] += carried.limbs_[i];
  Carry();
}

void ExactSum::Carry() {
  int64_t carry = 0;
  for (size_t i = 0; i + 1 < kLimbs; i++) {
    const int64_t limb = limbs_[i] + carry;
    carry = limb >> kLimbBits;  // rounds down, also below zero
    limbs_[i] = limb & static_cast<int64_t>(kLimbMask);
  }
  limbs_[kLimbs - 1] += carry;
  pending_ = 0;
}

RoundedSum ExactSum::Round() const {
  ExactSum sum = *this;
  sum.Carry();
  const bool negative = sum.limbs_[kLimbs - 1] < 0;
  if (negative) {
    for (int64_t& limb : sum.limbs_) limb = -limb;
    sum.Carry();
  }
  const int64_t* const limbs = sum.limbs_;
  size_t top = kLimbs;
  while (top > 0 && limbs[top - 1] == 0) top--;
  RoundedSum rounded;
  if (top == 0) return rounded;
  top--;

  const auto limb = [&](size_t below) { return below > top ? 0 : static_cast<uint64_t>(limbs[top - below]); };
  // The highest 64 bits, from the highest that is set on.
  const int unused = std::countl_zero(static_cast<uint32_t>(limb(0)));
  uint64_t bits = (limb(0) << kLimbBits | limb(1)) << unused;
  if (unused > 0) bits |= limb(2) >> (kLimbBits - unused);
  const uint64_t cut = unused > 0 ? (limb(2) << unused) & kLimbMask : limb(2);
  bool rest = cut != 0;
  for (size_t i = 0; i + 3 <= top; i++) rest |= limbs[i] != 0;

  // To 53 bits, half to even.
  uint64_t mantissa = bits >> (64 - kMantissaBits);
  const uint64_t tail = bits << kMantissaBits;
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  rounded.exact = tail == 0 && !rest;
  if (tail > kHalf || (tail == kHalf && (rest || (mantissa & 1) != 0))) mantissa++;
  rounded.mantissa = negative ? -static_cast<double>(mantissa) : static_cast<double>(mantissa);
  rounded.exponent = static_cast<int>(top) * kLimbBits + (kLimbBits - unused) - kMantissaBits + kUnit;

  for (int at = kUnit; at < 0 && rounded.whole; at++) {
    const size_t place = static_cast<size_t>(at - kUnit);
    rounded.whole = (limbs[place / kLimbBits] >> (place % kLimbBits) & 1) == 0;
  }
  return rounded;
}

bool ExactSum::Magnitude(uint32_t* limbs) const {
  ExactSum sum = *this;
  sum.Carry();
  const bool negative = sum.limbs_[kLimbs - 1] < 0;
  if (negative) {
    for (int64_t& limb : sum.limbs_) limb = -limb;
    sum.Carry();
  }
  for (size_t i = 0; i < kLimbs; i++) limbs[i] = static_cast<uint32_t>(sum.limbs_[i]);
  return negative;
}

double ExactSum::Mean(uint64_t n) const {
  constexpr int kLimbsBelow = 4;  // for what a division leaves
  uint32_t limbs[kLimbs];
  const bool negative = Magnitude(limbs);
  WideNumber sum(kUnit - kLimbsBelow * kLimbBits);
  sum.AddProduct(limbs, kLimbs, 1, kLimbsBelow);
  sum.Divide(n);
  const double mean = sum.Round();
  return negative ? -mean : mean;
}

void ExactSum::WriteTo(char* out) const {
  ExactSum sum = *this;
  sum.Carry();
  std::memcpy(out, sum.limbs_, kBytes);
}

ExactSum ExactSum::ReadFrom(const char* bytes) {
  ExactSum sum;
  std::memcpy(sum.limbs_, bytes, kBytes);
  // Values of a damaged file must not overflow.
  for (size_t i = 0; i < kLimbs; i++) {
    if (i + 1 < kLimbs) {
      sum.limbs_[i] &= static_cast<int64_t>(kLimbMask);
    } else {
      sum.limbs_[i] %= int64_t{1} << 31;
    }
  }
  return sum;
}

}  // namespace runjob
