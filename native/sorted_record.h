// Sorted records as a merge reads them: a batch at a time, with the beginnings of their keys at hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hash.h"
#include "slice.h"
#include "status.h"

namespace runjob {

// The first 15 bytes of a key, little endian, zero padded.
using KeyHead = unsigned __int128;

constexpr size_t kHeadBytes = 15;

// Reads no byte outside the key.
inline KeyHead HeadOf(Slice key) {
  using namespace hash_internal;
  const size_t n = key.size;
  if (n < 8) return LoadBelow8(key.data, n);
  const uint64_t rest = n > kHeadBytes ? Load64(key.data + 8) << 8 >> 8 : LoadBehind8(key.data, n);
  return KeyHead{rest} << 64 | Load64(key.data);
}

// By one store, where the compiler would take two: a processor does not hand the bytes of two on to one load that follows
// at once, but waits until both are done.
inline void StoreHead(KeyHead head, void* to) {
  typedef uint64_t Words __attribute__((vector_size(16)));
  const Words words = {static_cast<uint64_t>(head), static_cast<uint64_t>(head >> 64)};
  std::memcpy(to, &words, sizeof(words));
}

// What decides most comparisons of two keys, as one number that has memcmp order: the first 14 bytes; in the 5 bits below
// them 1 + the size, because where one key is the beginning of another one, sizes decide; and 11 bits of 0 for others' use.
// Only keys that are longer may be the same here and differ.
using Beginning = unsigned __int128;

constexpr size_t kBeginningBytes = 14;
constexpr int kSpareBits = 11;
constexpr int kSizeBits = 5;

constexpr uint64_t SizeInBeginning(size_t size) {
  return uint64_t{std::min(size, kBeginningBytes + 1) + 1} << kSpareBits;
}

inline Beginning BeginningOf(KeyHead head, size_t size) {
  const uint64_t first = __builtin_bswap64(static_cast<uint64_t>(head));
  const uint64_t second = __builtin_bswap64(static_cast<uint64_t>(head >> 64)) >> 16 << 16;
  return Beginning{first} << 64 | second | SizeInBeginning(size);
}

struct SortedRecord {
  Beginning beginning;  // the key's
  Slice key;
  Slice value;
};

// A stream of records in key order.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  // Sets begin to end to the next records, to none at the end of all. Those of the batch before are dead after this call.
  virtual Status Read(const SortedRecord** begin, const SortedRecord** end) = 0;
};

}  // namespace runjob
