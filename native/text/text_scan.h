// Text at SIMD speed: lower-cases ASCII, and finds the characters beyond ASCII that may need more.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "text/lowercase.h"

namespace runjob {

// Copies text, in lower case (ASCII only) if asked; returns whether there are bytes beyond ASCII.
// May write up to 31 bytes past out + n.
bool CopyText(const char* in, size_t n, bool lowercase, char* out);

// Finds where characters start that may change by the table, as a bit mask per 64 bytes. Some that do not are
// among them, and so is every byte of an invalid character, with one exception: continuation bytes that the
// lead byte before them, itself a candidate, promised.
// REQUIRES: 64 bytes can be read past the end.
void FindCandidates(const char* text, size_t size, const CaseTable& table, uint64_t* candidates);

// The first candidate at or after `from`, or `size`.
inline size_t NextCandidate(const uint64_t* candidates, size_t from, size_t size) {
  if (from >= size) return size;
  uint64_t bits = candidates[from / 64] & ~uint64_t{0} << (from % 64);
  for (size_t at = from / 64 * 64;;) {
    if (bits != 0) return at + static_cast<size_t>(std::countr_zero(bits));
    at += 64;
    if (at >= size) return size;
    bits = candidates[at / 64];
  }
}

}  // namespace runjob
