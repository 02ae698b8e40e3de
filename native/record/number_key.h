// Numbers as keys: 8 bytes whose memcmp order is that of the numbers, as the key codec of numbers writes them
// (src/plan/codec.ts). Big endian; the sign flipped for positive numbers, all bits for negative ones.
#pragma once

#include <cstddef>
#include <string>

namespace runjob {

constexpr size_t kNumberKeyBytes = 8;

// `descending` reverses the order. -0 equals 0; NaN comes last either way.
void AppendNumberKey(double x, bool descending, std::string* out);
// The number of an ascending key of kNumberKeyBytes.
double DecodeNumberKey(const char* key);

}  // namespace runjob
