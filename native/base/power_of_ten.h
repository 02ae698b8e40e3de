// Powers of ten that 128 bits hold: one more than the digits of a decimal.
#pragma once

#include <array>
#include <cstddef>

namespace runjob {

constexpr int kMaxDecimalDigits = 38;

inline constexpr auto kPowersOfTen = [] {
  std::array<__int128, kMaxDecimalDigits + 1> powers{1};
  for (size_t i = 1; i < powers.size(); i++) powers[i] = 10 * powers[i - 1];
  return powers;
}();

// |value| < 10^digits.
inline bool FitsDigits(__int128 value, int digits) {
  return value < kPowersOfTen[digits] && value > -kPowersOfTen[digits];
}

}  // namespace runjob
