// Decimal text <-> double, as JavaScript has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/slice.h"

namespace runjob {

// Longest text of a number, "-1.2345678901234567e-300", and room to spare.
constexpr size_t kMaxNumberText = 32;

// Writes what JavaScript's String(x) gives; returns the end. REQUIRES: room for kMaxNumberText bytes.
char* WriteNumber(double x, char* out);
void AppendNumber(double x, std::string* out);

// Decimal text -> double, exactly as JavaScript's Number(text) for plain decimal literals (sign, digits, point, exponent);
// surrounding blanks allowed. False if the text is anything else, even empty; and for a number that no double may
// replace: one beyond the largest double, or a whole number that neither equals a double nor is written like one.
bool ParseNumber(Slice text, double* out);
// The same without blanks, and the nearest double to any number: too large ones are infinite.
bool ParseNearest(Slice text, double* out);
// Whether it is a decimal literal, whatever its size.
bool IsDecimal(Slice text);

// A column of short decimals at once: text i is data[starts[i] .. ends[i]). out[i] is its number, correctly
// rounded, if it is at most 8 digits, point and sign, and lies 8 bytes or more from `data`; otherwise bit i
// % 64 of others[i / 64] is set, and it is left to ParseNumber. No branch depends on lengths or signs: in a
// column of measurements they are as good as random, and one branch mispredicted costs more than a whole
// parse. REQUIRES: ascending ends; (count + 63) / 64 words of `others`.
void ParseShortDecimals(const char* data, const uint32_t* starts, const uint32_t* ends, size_t count, double* out,
                        uint64_t* others);

// How numbers are written.
struct NumberSpelling {
  char decimal = '.';
  char thousands = '\0';  // between groups of three digits; 0: nothing. A space means the no-break spaces, too
  bool plain() const { return decimal == '.' && thousands == '\0'; }
};

// Rewrites a number with other separators, 1.234,5 as 1234.5; returns the end. A text that is not a number with these
// separators becomes one that is not a number; an empty one stays empty. REQUIRES: room for text.size + 1 bytes.
char* RespellNumber(Slice text, NumberSpelling spelling, char* out);

}  // namespace runjob
