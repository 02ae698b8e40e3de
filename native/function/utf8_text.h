// Characters of UTF-8 text. In text that is not valid, a byte that continues nothing belongs to the character before it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"

namespace runjob {

inline bool ContinuesCharacter(char c) { return (c & 0xC0) == 0x80; }

inline size_t CountCharacters(Slice text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size; i++) count += ContinuesCharacter(text.data[i]) ? 0 : 1;
  return count;
}

inline const char* NextCharacter(const char* p, const char* end) {
  p++;
  while (p < end && ContinuesCharacter(*p)) p++;
  return p;
}

inline const char* PreviousCharacter(const char* p, const char* start) {
  p--;
  while (p > start && ContinuesCharacter(*p)) p--;
  return p;
}

// Where the character of that number is, from 0; the end if there are not so many.
inline const char* SkipCharacters(Slice text, size_t count) {
  const char* p = text.data;
  const char* const end = p + text.size;
  if (count >= text.size) return end;
  while (count > 0 && p < end) {
    p = NextCharacter(p, end);
    count--;
  }
  return p;
}

inline bool IsAscii(Slice text) {
  uint8_t bits = 0;
  for (size_t i = 0; i < text.size; i++) bits |= static_cast<uint8_t>(text.data[i]);
  return bits < 0x80;
}

}  // namespace runjob
