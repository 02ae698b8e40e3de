// Snappy's raw format.
#pragma once

#include <cstddef>

#include "base/slice.h"

namespace runjob {

// Decompresses exactly `size` bytes; false where the input is damaged, or says another size. REQUIRES: 64 bytes after the input may be read,
// and 64 after the output written.
bool SnappyDecompress(Slice in, char* out, size_t size);

}  // namespace runjob
