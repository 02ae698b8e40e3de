// Text for JavaScript, as base/utf8.h decodes it.
#pragma once

#include <string>

#include "base/slice.h"

namespace runjob {

// Appends the units.
void AppendUtf16(Slice utf8, std::u16string* out);

// Writes a byte for each character. Returns false, and `out` may be anything, if one is beyond U+00FF.
bool DecodeLatin1(Slice utf8, std::string* out);

}  // namespace runjob
