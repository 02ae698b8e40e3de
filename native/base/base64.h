// RFC 4648, with padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/slice.h"

namespace runjob {

constexpr size_t MaxBase64Bytes(size_t text_size) { return text_size / 4 * 3; }

// Writes the bytes that the text stands for, returns their end; null if it is not base64. REQUIRES: room for
// MaxBase64Bytes(text.size).
char* ReadBase64(Slice text, char* out);
void AppendBase64(Slice bytes, std::string* out);

}  // namespace runjob
