// A sample of records that does not depend on the order in which they come, or on who takes which of them: those whose
// value has a hash that ends in so many zero bits that few are left. Samples of parts unite to that of the whole.
//
// Source: Wegman's adaptive sampling, in Flajolet, "On adaptive sampling", Computing 43, 1990.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/hash.h"
#include "base/slice.h"

namespace runjob {

class RowSample {
 public:
  void Add(Slice key, Slice value) {
    const uint64_t hash = HashKey(value);
    if ((hash & mask_) == 0) Keep(hash, key);
  }

  // u32 zero bits, then for each value that was kept: u64 hash | u64 how often | u32 size | the key, or how it begins
  std::string Encode() const;

 private:
  // src/engine/ranges.ts unites samples to as many.
  static constexpr size_t kMostValues = 2048;
  // A bound need not be a whole key.
  static constexpr size_t kKeyBytes = 1024;

  struct Kept {
    std::string key;
    uint64_t count = 0;
  };

  void Keep(uint64_t hash, Slice key);

  uint32_t zero_bits_ = 0;
  uint64_t mask_ = 0;
  std::unordered_map<uint64_t, Kept> kept_;
};

}  // namespace runjob
