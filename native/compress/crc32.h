// CRC-32 of gzip (ISO 3309), which pages may carry.
#pragma once

#include <cstdint>

#include "base/slice.h"

namespace runjob {

uint32_t Crc32(Slice bytes);

}  // namespace runjob
