// Zstandard frames.
//
// Source: RFC 8878
#pragma once

#include <cstddef>

#include "base/slice.h"

namespace runjob::parquet {

// Decompresses exactly `size` bytes; false where the input is damaged, or needs a dictionary. Checksums are verified. REQUIRES: 16 bytes after
// the input may be read, and 32 after the output written.
bool ZstdDecompress(Slice in, char* out, size_t size);

}  // namespace runjob::parquet
