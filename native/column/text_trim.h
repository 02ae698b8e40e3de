// What Spark removes around the text of a value: ASCII white space and control characters.
#pragma once

#include "base/slice.h"

namespace runjob {

inline bool IsTextBlank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; }

inline Slice TrimText(Slice text) {
  const char* p = text.data;
  const char* end = p + text.size;
  while (p < end && IsTextBlank(*p)) p++;
  while (p < end && IsTextBlank(end[-1])) end--;
  return Slice(p, static_cast<size_t>(end - p));
}

}  // namespace runjob
