// A view of bytes owned by someone else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace runjob {

struct Slice {
  const char* data = nullptr;
  size_t size = 0;

  Slice() = default;
  Slice(const char* d, size_t n) : data(d), size(n) {}
  Slice(const std::string& s) : data(s.data()), size(s.size()) {}  // NOLINT: implicit on purpose
  Slice(std::string_view s) : data(s.data()), size(s.size()) {}    // NOLINT: implicit on purpose

  std::string ToString() const { return std::string(data, size); }
  bool empty() const { return size == 0; }
};

// memcmp order; a prefix sorts before what it is a prefix of.
inline int Compare(Slice a, Slice b) {
  const size_t n = a.size < b.size ? a.size : b.size;
  const int c = n == 0 ? 0 : std::memcmp(a.data, b.data, n);
  if (c != 0) return c;
  return a.size < b.size ? -1 : (a.size > b.size ? 1 : 0);
}

// memcmp without a call for common sizes of keys.
inline bool SameBytes(const char* a, const char* b, size_t n) {
  if (n < 8 || n > 16) return n == 0 || std::memcmp(a, b, n) == 0;
  const auto differ = [a, b](size_t i) {
    uint64_t x, y;
    std::memcpy(&x, a + i, 8);
    std::memcpy(&y, b + i, 8);
    return x ^ y;
  };
  return (differ(0) | differ(n - 8)) == 0;
}

inline bool operator==(Slice a, Slice b) { return a.size == b.size && SameBytes(a.data, b.data, a.size); }

// How many bytes a and b have in common at their beginnings, up to `limit`. REQUIRES: the first
// `from` are the same; limit <= a.size.
inline size_t CommonPrefix(Slice a, Slice b, size_t from, size_t limit) {
  limit = limit < b.size ? limit : b.size;
  const auto differ = [&](size_t i) {
    uint64_t x, y;
    std::memcpy(&x, a.data + i, 8);
    std::memcpy(&y, b.data + i, 8);
    return x ^ y;
  };
  size_t i = from;
  for (; i + 8 <= limit; i += 8) {
    if (const uint64_t bits = differ(i)) return i + static_cast<size_t>(__builtin_ctzll(bits)) / 8;
  }
  if (i < limit && limit >= 8) {
    // The last 8 bytes: those before i are the same.
    const uint64_t bits = differ(limit - 8);
    return bits == 0 ? limit : limit - 8 + static_cast<size_t>(__builtin_ctzll(bits)) / 8;
  }
  while (i < limit && a.data[i] == b.data[i]) i++;
  return i;
}

}  // namespace runjob
