// Which partition a key belongs to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "record/key_encoding.h"

namespace runjob {

// Maps a hash to 0..partitions-1 by its high bits.
inline uint32_t PartitionOf(uint64_t hash, uint32_t partitions) {
  return static_cast<uint32_t>((static_cast<unsigned __int128>(hash) * partitions) >> 64);
}

enum class PartitionBy : uint8_t {
  kHash = 0,   // PartitionOf(HashKey(group key), partitions)
  kRange = 1,  // bounds[p-1] <= key < bounds[p] in sort order; with `descending`, bounds descend
  kGiven = 2,  // the batch carries a partition per record
};

struct Partitioning {
  PartitionBy partition_by = PartitionBy::kHash;
  uint32_t partitions = 1;
  std::vector<std::string> bounds;  // kRange: partitions - 1 of them
  bool descending = false;          // keys in descending memcmp order
  bool prefix_grouping = false;     // keys are composite (key_encoding.h): partition by the group part alone
  uint32_t suffix_bytes = 0;        // the last ones of each key, which only order; without prefix_grouping

  // The part of a key that decides.
  Slice GroupPart(Slice key) const {
    if (prefix_grouping) return Slice(key.data, PrefixLength(key));
    return Slice(key.data, key.size - (suffix_bytes < key.size ? suffix_bytes : key.size));
  }

  // By range: whether the key belongs to a later partition. The last partition, and the first without a bound, take all
  // remaining keys.
  bool IsAfter(Slice key, uint32_t partition) const {
    if (partition + 1 >= partitions || partition >= bounds.size()) return false;
    const int c = Compare(GroupPart(key), bounds[partition]);
    return descending ? c <= 0 : c >= 0;
  }
};

}  // namespace runjob
