// Integers of 128 and 256 bits as states hold them: 8-byte aligned.
#pragma once

#include <cstdint>

namespace runjob {

struct Integer128 {
  uint64_t low = 0;
  int64_t high = 0;

  static Integer128 Of(__int128 value) { return {static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)}; }
  __int128 value() const { return static_cast<__int128>(static_cast<unsigned __int128>(high) << 64 | low); }
  void Add(__int128 x) {
    *this = Of(static_cast<__int128>(static_cast<unsigned __int128>(value()) + static_cast<unsigned __int128>(x)));
  }
};

// Two's complement, lowest word first.
struct Integer256 {
  uint64_t words[4] = {};

  static Integer256 Of(__int128 value) {
    const uint64_t sign = value < 0 ? ~uint64_t{0} : 0;
    return {{static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64), sign, sign}};
  }
  bool negative() const { return words[3] >> 63 != 0; }

  void Add(const Integer256& other) {
    unsigned __int128 carry = 0;
    for (int i = 0; i < 4; i++) {
      carry += static_cast<unsigned __int128>(words[i]) + other.words[i];
      words[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  void Add(__int128 x) { Add(Of(x)); }

  void Negate() {
    unsigned __int128 carry = 1;
    for (uint64_t& word : words) {
      carry += static_cast<uint64_t>(~word);
      word = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  // REQUIRES: not negative, and the product fits.
  void Multiply(uint64_t factor) {
    unsigned __int128 carry = 0;
    for (uint64_t& word : words) {
      carry += static_cast<unsigned __int128>(word) * factor;
      word = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  // Returns the remainder. REQUIRES: not negative.
  uint64_t Divide(uint64_t divisor) {
    unsigned __int128 rest = 0;
    for (int i = 3; i >= 0; i--) {
      const unsigned __int128 part = rest << 64 | words[i];
      words[i] = static_cast<uint64_t>(part / divisor);
      rest = part % divisor;
    }
    return static_cast<uint64_t>(rest);
  }
  // False if it does not fit.
  bool ToInt128(__int128* value) const {
    *value = static_cast<__int128>(static_cast<unsigned __int128>(words[1]) << 64 | words[0]);
    const Integer256 same = Of(*value);
    return same.words[2] == words[2] && same.words[3] == words[3];
  }
};

}  // namespace runjob
