// Whole numbers of any size times a power of two: what is computed exactly of sums that are exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregate/exact_sum.h"

namespace runjob {

class BigNumber {
 public:
  explicit BigNumber(uint64_t value);
  // The sum times 2^exponent.
  BigNumber(const ExactSum& sum, int exponent);

  BigNumber operator+(const BigNumber& other) const { return Sum(other, other.negative_); }
  BigNumber operator-(const BigNumber& other) const { return Sum(other, !other.negative_); }
  BigNumber operator*(const BigNumber& other) const;

  bool is_zero() const { return limbs_.empty(); }
  // The number times 2^-exponent, rounded half to even: its size is at least 1/2 and at most 1; or 0.
  double Round(int* exponent) const;

 private:
  BigNumber() = default;
  // With the other's size, and that sign.
  BigNumber Sum(const BigNumber& other, bool negative) const;
  // Without zeros at either end.
  void Trim();
  // The limb that counts 2^(32 i); 0 beyond the ends.
  uint32_t At(int i) const;
  int end() const { return lowest_ + static_cast<int>(limbs_.size()); }

  std::vector<uint32_t> limbs_;  // lowest first: limb i counts 2^(32 (i + lowest_))
  int lowest_ = 0;
  bool negative_ = false;
};

}  // namespace runjob
