// Decimal text <-> double for inner loops. AppendNumber and ParseNumber (format.h) are built on these.
#pragma once

#include <cstddef>
#include <cstdint>

namespace runjob {

// Longest text of a number, "-1.2345678901234567e-300", and room to spare.
constexpr size_t kMaxNumberText = 32;

// Writes what JavaScript's String(x) gives; returns the end. REQUIRES: room for kMaxNumberText bytes.
char* WriteNumber(double x, char* out);

// A column of short decimals at once: text i is data[starts[i] .. ends[i]). out[i] is its number, correctly
// rounded, if it is at most 8 digits, point and sign, and stands 8 bytes or more from `data`; otherwise bit i
// % 64 of others[i / 64] is set, and ParseNumber must look at it. No branch depends on lengths or signs: in a
// column of measurements they are as good as random, and one branch mispredicted costs more than a whole
// parse. REQUIRES: ascending ends; (count + 63) / 64 words of `others`.
void ParseShortDecimals(const char* data, const uint32_t* starts, const uint32_t* ends, size_t count,
                        double* out, uint64_t* others);

}  // namespace runjob
