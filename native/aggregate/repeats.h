// How often keys come again.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace runjob {

// How many different keys there are, after so many rows with so many of them, if each is as likely as the others: n rows with k keys are expected
// to have k * (1 - exp(-n / k)) of them.
inline double ExpectedKeys(uint64_t rows, size_t held) {
  const double share = static_cast<double>(held) / static_cast<double>(rows);
  double low = 0, high = 64;  // of n / k
  for (int i = 0; i < 40; i++) {
    const double middle = (low + high) / 2;
    (-std::expm1(-middle) / middle > share ? low : high) = middle;
  }
  return static_cast<double>(rows) / high;
}

// Of so many keys: how many rows each of `most` of them will have had when these are known. Infinite: there are not so many.
inline double RowsPerKey(double keys, double most) {
  if (most >= keys) return std::numeric_limits<double>::infinity();
  return -std::log1p(-most / keys) * keys / most;
}

}  // namespace runjob
