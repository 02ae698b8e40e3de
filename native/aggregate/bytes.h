#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/arena.h"
#include "base/slice.h"

namespace runjob {

// Bytes that may be replaced by others. Null data: never set.
struct Bytes {
  char* data = nullptr;
  uint32_t length = 0;
  uint32_t capacity = 0;

  Slice slice() const { return Slice(data, length); }

  void Assign(Slice value, Arena* arena) {
    if (data == nullptr || value.size > capacity) {
      // Doubling bounds the unused bytes in the arena by the used ones.
      const uint64_t wanted = std::max<uint64_t>({value.size, uint64_t{capacity} * 2, 8});
      capacity = static_cast<uint32_t>(std::min<uint64_t>(wanted, UINT32_MAX));
      data = arena->Allocate(capacity);
    }
    length = static_cast<uint32_t>(value.size);
    if (length > 0) std::memcpy(data, value.data, length);
  }
};

}  // namespace runjob
