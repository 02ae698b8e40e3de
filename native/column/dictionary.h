// Numbers of dictionaries.
#pragma once

#include <atomic>
#include <cstdint>

namespace runjob {

// For Vector::dictionary: never given before in this process.
inline uint64_t NewDictionary() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace runjob
