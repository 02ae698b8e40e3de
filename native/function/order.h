// The order of values: NaN is equal to itself and the largest, -0 is 0, text by its bytes; in lists and structs null is the smallest.
#pragma once

#include <cstring>

#include "base/slice.h"
#include "base/word.h"
#include "column/vector.h"

namespace runjob {

template <class T>
bool IsEqual(const T& a, const T& b) {
  return a == b;
}
// Without branches, several at a time.
inline bool IsEqual(double a, double b) { return (a == b) | ((a != a) & (b != b)); }
inline bool IsEqual(const StringView& a, const StringView& b) {
  uint64_t x, y;
  std::memcpy(&x, &a, 8);
  std::memcpy(&y, &b, 8);
  if (x != y) return false;
  if (a.size <= StringView::kInline) return std::memcmp(a.rest, b.rest, 8) == 0;
  return std::memcmp(a.data, b.data, a.size) == 0;
}

template <class T>
bool IsLess(const T& a, const T& b) {
  return a < b;
}
inline bool IsLess(double a, double b) { return (a < b) | ((a == a) & (b != b)); }
inline bool IsLess(const StringView& a, const StringView& b) {
  uint32_t x, y;
  std::memcpy(&x, a.head, 4);
  std::memcpy(&y, b.head, 4);
  if (x != y) return __builtin_bswap32(x) < __builtin_bswap32(y);
  return Compare(a.slice(), b.slice()) < 0;
}

// Values that are not null, of the same type: below 0, 0, above 0.
int CompareValues(const Vector& a, size_t a_row, const Vector& b, size_t b_row);

}  // namespace runjob
