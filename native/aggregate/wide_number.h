// A number without a sign, of thousands of bits: what is computed from sums before it is rounded.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runjob {

class WideNumber {
 public:
  static constexpr size_t kLimbs = 160;

  // Zero. Limb i counts 2^(32 i + lowest).
  explicit WideNumber(int lowest) : lowest_(lowest) {}

  // Adds a * b * 2^(32 at + lowest). `a`: n limbs, lowest first. REQUIRES: the sum fits, as what follows.
  void AddProduct(const uint32_t* a, size_t n, uint64_t b, size_t at);
  void Subtract(const WideNumber& other);  // REQUIRES: not more than this, and the same lowest
  bool operator<(const WideNumber& other) const;
  // Keeps the first 160 bits of the quotient, and whether there are more. REQUIRES: n > 0.
  void Divide(uint64_t n);
  double Round() const;  // half to even; beyond the largest double: infinite
  // The same times 2^-exponent: at least 1/2 and at most 1, whatever the size of the number; or 0.
  double Round(int* exponent) const;

 private:
  void AddProduct32(const uint32_t* a, size_t n, uint32_t b, size_t at);
  size_t End() const;  // after the highest limb that is not 0

  // The highest 128 bits, from the highest that is set on.
  struct Head {
    unsigned __int128 bits;
    bool rest;  // something is behind them
    int top;    // 2^top is above all bits

    uint64_t Round(int digits) const;  // the highest of them, half to even
  };
  Head HeadOf() const;  // REQUIRES: it is not 0

  uint32_t limbs_[kLimbs] = {};
  const int lowest_;
  bool rest_ = false;  // something below the limbs
};

}  // namespace runjob
