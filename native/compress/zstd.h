// Zstandard frames.
//
// Source: RFC 8878
#pragma once

#include <cstddef>

#include "base/slice.h"

namespace runjob {

// Decompresses exactly `size` bytes; false where the input is damaged, or needs a dictionary. Checksums are verified. REQUIRES: 16 bytes after
// the input may be read, and 32 after the output written.
bool ZstdDecompress(Slice in, char* out, size_t size);
// The same where only a bound of the size is known; sets *size.
bool ZstdDecompressUpTo(Slice in, char* out, size_t most, size_t* size);
// How many bytes there are at most, by the headers of frames and blocks. False where these are damaged.
bool ZstdBound(Slice in, uint64_t* bytes);

}  // namespace runjob
