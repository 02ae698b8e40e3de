// A sum of doubles without any rounding, for the few sums that two doubles cannot hold: those whose numbers
// differ by more than 2^53 times 2^53, and those that go beyond the largest double on the way.
//
// A fixed-point number that covers all doubles and 2^64 times the largest: limb i counts 2^(32 i - 1074).
// Source: Kulisch's long accumulator.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"

namespace runjob {

// A sum rounded once: mantissa * 2^exponent, |mantissa| <= 2^53. Apart, because the sum may be too large for a
// double where its mean is not.
struct RoundedSum {
  double mantissa = 0;
  int exponent = 0;
  bool exact = true;  // nothing was rounded away
  bool whole = true;  // the sum is an integer
};

class ExactSum {
 public:
  void Add(double x);  // REQUIRES: x is finite
  void Add(const ExactSum& other);
  RoundedSum Round() const;
  // The sum divided by n, rounded once. REQUIRES: n > 0.
  double Mean(uint64_t n) const;

  // kBytes bytes, the same for equal sums added in any order.
  static constexpr size_t kBytes = 68 * 8;
  void WriteTo(char* out) const;
  static ExactSum ReadFrom(const char* bytes);

  // The lowest bit of a sum is 2^kUnit: that of the smallest double.
  static constexpr int kUnit = -1074;
  // The limbs of the sum without its sign, lowest first, and whether it is negative.
  static constexpr size_t kLimbs = kBytes / sizeof(int64_t);
  bool Magnitude(uint32_t* limbs) const;

 private:
  static constexpr uint32_t kMostPending = 1u << 30;

  // Carries, until every limb but the last is 0 .. 2^32 - 1. The last has the sign.
  void Carry();

  int64_t limbs_[kLimbs] = {};
  uint32_t pending_ = 0;  // additions since the last Carry; each adds less than 2^32 to a limb
};

}  // namespace runjob
