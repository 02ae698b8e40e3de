// Decimal text <-> double for inner loops. AppendNumber and ParseNumber (format.h) are built on these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace runjob {

// Longest text of a number, "-1.2345678901234567e-300", and room to spare.
constexpr size_t kMaxNumberText = 32;

// Writes what JavaScript's String(x) gives; returns the end. REQUIRES: room for kMaxNumberText bytes.
char* WriteNumber(double x, char* out);

// Every power of ten that a double holds exactly.
inline constexpr double kExactPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                               1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                               1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// kSignedPowersOfTen[2 * n + 1] is -10^n.
inline constexpr double kSignedPowersOfTen[] = {1e0, -1e0, 1e1, -1e1, 1e2, -1e2, 1e3, -1e3,
                                                1e4, -1e4, 1e5, -1e5, 1e6, -1e6, 1e7, -1e7};

// Parses a decimal of at most 8 characters besides its sign, without a branch that depends on their number: in a column
// of measurements lengths are as good as random, and a branch mispredicted costs more than the whole parse. The number
// is *dividend / *divisor, correctly rounded (-0 too); the division is left to the caller, who may do many at once.
// False: not such a decimal; ParseNumber knows more. REQUIRES: the 8 bytes before the text's end can be read.
// Source: the digit arithmetic is Mula's and Lemire's (SWAR parsing of eight digits).
inline bool ParseShortDecimal(const char* text, size_t size, double* dividend, double* divisor) {
  if (size == 0) return false;
  const char* const end = text + size;
  const bool negative = *text == '-';
  size -= (negative || *text == '+') ? 1 : 0;
  if (size - 1 >= 8) return false;

  uint64_t word;
  std::memcpy(&word, end - 8, 8);
  constexpr uint64_t kZeros = 0x3030303030303030u;
  const uint64_t before = (uint64_t{1} << (64 - 8 * size)) - 1;  // size 8: 2^0 - 1, nothing
  word = (word & ~before) | (kZeros & before);

  const uint64_t dots = word ^ 0x2E2E2E2E2E2E2E2Eu;
  const uint64_t dot = (dots - 0x0101010101010101u) & ~dots & 0x8080808080808080u;
  size_t fraction_digits = 0;
  if (dot != 0) {
    if (size == 1) return false;
    // Closes the gap: what stands before the point moves up by one digit. The lowest set bit is exact; should a byte
    // above it be a false alarm, it is no digit either.
    const unsigned shift = static_cast<unsigned>(__builtin_ctzll(dot)) & ~7u;
    const uint64_t integer = word & ((uint64_t{1} << shift) - 1);
    const uint64_t fraction = word & ~(((uint64_t{1} << shift) - 1) | (uint64_t{0xFF} << shift));
    word = fraction | (integer << 8) | 0x30;
    fraction_digits = 7 - shift / 8;
  }
  if (((word & 0xF0F0F0F0F0F0F0F0u) | (((word + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4)) !=
      0x3333333333333333u) {
    return false;
  }
  word = (word & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
  word = (word & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
  *dividend = static_cast<double>(static_cast<uint32_t>(word));
  *divisor = kSignedPowersOfTen[2 * fraction_digits + (negative ? 1 : 0)];
  return true;
}

}  // namespace runjob
