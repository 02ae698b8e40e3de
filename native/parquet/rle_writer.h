// Writes what RleDecoder reads (rle.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace runjob::parquet {

// Appends `count` numbers of `width` bits each; T is uint8_t or uint32_t. REQUIRES: width <= 32, and all numbers fit.
template <class T>
void WriteRle(const T* numbers, size_t count, int width, std::string* out);

}  // namespace runjob::parquet
