// Records on their way to a sink, or from a cursor to JavaScript: columns, not objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slice.h"

namespace runjob {

enum class ValueKind : uint8_t {
  kNumber = 0,  // IEEE double; in stored records 8 bytes, little endian. NaN means "missing".
  kBytes = 1,   // any bytes
};

// What the value of a stored record is made of. A record's value bytes are its fields one after another:
// a number is 8 bytes; bytes are a u32 length (little endian) and the bytes, except that a layout of exactly
// one kBytes field stores the bytes bare.
using Layout = std::vector<ValueKind>;

// Bytes that may be read (never used) past the end of `key_bytes`, so that kernels can load whole words.
constexpr size_t kBatchPadding = 64;

struct ValueColumn {
  ValueKind kind = ValueKind::kNumber;
  const double* numbers = nullptr;  // kNumber: one per record
  const char* bytes = nullptr;      // kBytes: record i is bytes[ends[i-1] .. ends[i])
  const uint32_t* ends = nullptr;

  // REQUIRES: kBytes.
  Slice slice(size_t i) const {
    const uint32_t start = i == 0 ? 0 : ends[i - 1];
    return Slice(bytes + start, ends[i] - start);
  }
};

struct RecordBatch {
  size_t count = 0;
  const char* key_bytes = nullptr;  // record i's key is key_bytes[key_ends[i-1] .. key_ends[i]), key_ends[-1] = 0
  const uint32_t* key_ends = nullptr;
  // If not null, instead of key_ends: the key is key_bytes[key_bounds[2i] .. key_bounds[2i + 1]), somewhere in a
  // text. Only for sinks that say so; each key has kBatchPadding readable bytes after it.
  const uint32_t* key_bounds = nullptr;
  const ValueColumn* columns = nullptr;  // one per field of the records' Layout
  size_t column_count = 0;
  const uint32_t* partitions = nullptr;  // null unless the partitioner is kGiven

  Slice key(size_t i) const {
    if (key_bounds != nullptr) return Slice(key_bytes + key_bounds[2 * i], key_bounds[2 * i + 1] - key_bounds[2 * i]);
    const uint32_t start = i == 0 ? 0 : key_ends[i - 1];
    return Slice(key_bytes + start, key_ends[i] - start);
  }
};

}  // namespace runjob
