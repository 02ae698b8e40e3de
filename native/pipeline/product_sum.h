// Sums of products without rounding, of which variances and correlations are made: neither the order of adding nor that of merging shows, and
// nothing cancels.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "aggregate/sum.h"
#include "aggregate/wide_number.h"
#include "base/arena.h"
#include "pipeline/group_function.h"

namespace runjob {

// Adds x * y without rounding. REQUIRES: the product and what rounding it leaves are no subnormal numbers.
inline void AddProduct(double x, double y, Sum* sum, Arena* arena) {
  const double product = x * y;
  sum->Add(product, arena);
  sum->Add(std::fma(x, y, -product), arena);
}

// A product is exact in two doubles, unless it is too large or too small. Factors are therefore scaled first, by a power of two that depends
// on the size of the product, and each of three sizes has its own sum.
class ProductSum {
 public:
  // REQUIRES: x and y are finite.
  void Add(double x, double y, Arena* arena);
  void AddSquare(double x, Arena* arena);

  void Write(std::string* out) const;
  bool Merge(StateReader* in, Arena* arena);

 private:
  friend struct SignedNumber;

  // Of other sizes.
  struct Extremes {
    Sum huge;
    Sum tiny;
  };

  Extremes* ExtremesIn(Arena* arena);

  Sum sum_;
  Extremes* extremes_ = nullptr;
};

// How many numbers, or pairs of them, there were. Where one is infinite, or not a number, sums say nothing.
struct NumberCount {
  uint64_t count;
  uint64_t infinite;

  // Whether it is finite, and goes into sums.
  bool Add(double x) {
    count++;
    if (std::isfinite(x)) return true;
    infinite = 1;
    return false;
  }
  // Returns whether there are sums as well.
  bool Write(std::string* out) const;
  // `more`: whether sums follow. False: these bytes are none.
  bool Merge(StateReader* in, bool* more);
};

// Of a sum that has no infinities.
void WriteSum(const Sum& sum, std::string* out);
bool MergeSum(StateReader* in, Sum* sum, Arena* arena);

struct SignedNumber {
  WideNumber size;
  bool negative;

  // n * sum(x * y) - sum(x) * sum(y), of n pairs, exactly: n^2 times their covariance.
  static SignedNumber Covariance(uint64_t n, const Sum& x, const Sum& y, const ProductSum& xy);
};

}  // namespace runjob
