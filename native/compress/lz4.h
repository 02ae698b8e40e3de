// LZ4 blocks: alone, and as Hadoop frames them.
#pragma once

#include <cstddef>

#include "base/slice.h"

namespace runjob {

// Decompress exactly `size` bytes; false where the input is damaged.
bool Lz4Decompress(Slice in, char* out, size_t size);
// The codec LZ4 of old files: blocks with their sizes before them, or, by some writers, one block alone.
bool HadoopLz4Decompress(Slice in, char* out, size_t size);

}  // namespace runjob
