// The sum that aggregates keep in a state.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <utility>

#include "aggregate/exact_sum.h"
#include "base/arena.h"

namespace runjob {

// A sum without rounding, so that the order of its numbers cannot show: high + low, |low| <= half an ulp of
// high, which suffices for nearly every sum; or, if that is not exact, an ExactSum in the arena: then high is NaN,
// and low holds the pointer.
struct Sum {
  double high = 0;
  double low = 0;

  bool is_long() const { return high != high; }
  ExactSum* exact() const { return reinterpret_cast<ExactSum*>(std::bit_cast<uint64_t>(low)); }

  void Add(double x, Arena* arena) {
    if (!AddQuickly(x)) AddSlowly(x, arena);
  }
  // False, without an effect: Add takes longer; or x is infinite or NaN, which Add may not be given.
  bool AddQuickly(double x) {
    // TwoSum (Knuth, TAOCP vol. 2, 4.2.2): s + error is high + x exactly.
    const double s = high + x;
    const double part = s - high;
    const double error = (high - (s - part)) + (x - part);
    const double tail = low + error;
    // FastTwoSum, for |s| >= |tail|, or s is 0: |tail| is at most ulp(high) / 2 + ulp(s) / 2, and below that s is
    // only where high and x nearly cancel, exactly, into a multiple of ulp(high) / 2.
    const double sum = s + tail;
    // The first two differences: the one from the larger number is exact, and shows whether the tail is; all are NaN if
    // anything is infinite or NaN. As bits, without the sign, because comparisons of doubles take twice as long.
    const uint64_t lost = std::bit_cast<uint64_t>(tail - low - error) | std::bit_cast<uint64_t>(tail - error - low) |
                          std::bit_cast<uint64_t>(sum - sum);
    if (lost << 1 != 0) return false;
    low = tail - (sum - s);
    high = sum;
    return true;
  }

  void Add(const ExactSum& other, Arena* arena) {
    if (!is_long()) Lengthen(arena);
    exact()->Add(other);
  }

  RoundedSum Round() const {
    if (is_long()) return exact()->Round();
    RoundedSum rounded;
    rounded.mantissa = high;
    rounded.exact = low == 0;
    rounded.whole = high == std::trunc(high) && low == std::trunc(low);
    return rounded;
  }
  // The sum divided by n, rounded once. REQUIRES: n > 0.
  double Mean(uint64_t n) const {
    if (is_long()) return exact()->Mean(n);
    const double divisor = static_cast<double>(n);
    if (low == 0 && n <= uint64_t{1} << std::numeric_limits<double>::digits) return high / divisor;
    return Exactly().Mean(n);
  }
  ExactSum Exactly() const {
    if (is_long()) return *exact();
    ExactSum sum;
    sum.Add(high);
    sum.Add(low);
    return sum;
  }

 private:
  __attribute__((noinline)) void AddSlowly(double x, Arena* arena) {
    if (!is_long()) {
      if (AddExactly(x)) return;
      Lengthen(arena);
    }
    // Callers pass no other number.
    if (std::isfinite(x)) exact()->Add(x);
  }

  // For any s and tail. False, without an effect, if two doubles cannot hold the sum.
  bool AddExactly(double x) {
    const auto [s, error] = TwoSum(high, x);
    const auto [tail, lost] = TwoSum(low, error);
    const auto [sum, rest] = TwoSum(s, tail);
    if (!(lost == 0) || !std::isfinite(sum)) return false;
    high = sum;
    low = rest;
    return true;
  }
  static std::pair<double, double> TwoSum(double a, double b) {
    const double s = a + b;
    const double part = s - a;
    return {s, (a - (s - part)) + (b - part)};
  }

  void Lengthen(Arena* arena) {
    ExactSum* const sum = new (arena->Allocate(sizeof(ExactSum))) ExactSum(Exactly());
    high = std::numeric_limits<double>::quiet_NaN();
    low = std::bit_cast<double>(reinterpret_cast<uint64_t>(sum));
  }
};

}  // namespace runjob
