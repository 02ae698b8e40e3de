// Compresses into Snappy's raw format (snappy.h).
#pragma once

#include <cstddef>
#include <string>

#include "base/slice.h"

namespace runjob {

// Appends the compressed bytes. The same input always gives the same bytes. REQUIRES: at most 4 GiB of input.
void SnappyCompress(Slice in, std::string* out);

}  // namespace runjob
