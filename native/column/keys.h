// Keys of rows as bytes whose memcmp order is the order of the rows: groups, joins, sorts.
//
// Each column is a byte for null or not (00 or 01 where nulls come first, 02 where they come last), then its value: integers and dates big
// endian with the sign flipped; doubles by their bits, all NaN one and the largest, -0 as 0; decimals as integers; text and bytes escaped
// (00 as 00 FF) and ended by 00 01, booleans a byte. All but the null byte is inverted where the order is descending. Lists: 01 and the
// key of each element, then 00. Structs: the keys of their fields.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

struct KeyOrder {
  bool descending = false;
  bool nulls_first = true;
};

void AppendKey(const Vector& column, size_t row, KeyOrder order, std::string* out);

// Bytes of a row's key in the default order, where all rows have as many: columns of a fixed width without nulls. 0: they have not.
size_t FixedKeySize(const Batch& batch, const std::vector<uint32_t>& columns);
// Writes the keys of n rows that count, from the `first` on, one after another. REQUIRES: FixedKeySize() is not 0.
void WriteFixedKeys(const Batch& batch, const std::vector<uint32_t>& columns, size_t first, size_t n, char* out);

// Room for the keys of n rows that count in the default order, from the `first` on, where all columns are text or bytes. 0: they are not.
size_t TextKeyRoom(const Batch& batch, const std::vector<uint32_t>& columns, size_t first, size_t n);
// Writes these keys, one after another; ends[i] is where the i-th ends, from `out`. Returns their end. REQUIRES: so much room, below 4 GiB.
char* WriteTextKeys(const Batch& batch, const std::vector<uint32_t>& columns, size_t first, size_t n, char* out,
                    uint32_t* ends);

// The key of a double as a number, which has the order of the doubles, and the double again: -0 comes out as 0, and NaN as the usual one.
inline uint64_t DoubleKey(double value) {
  constexpr uint64_t kNaN = 0x7FF8000000000000;
  const uint64_t bits = value != value ? kNaN : std::bit_cast<uint64_t>(value + 0.0);
  return bits ^ (static_cast<uint64_t>(static_cast<int64_t>(bits) >> 63) | uint64_t{1} << 63);
}
inline double DoubleOfKey(uint64_t key) {
  return std::bit_cast<double>(key ^ (static_cast<uint64_t>(static_cast<int64_t>(~key) >> 63) | uint64_t{1} << 63));
}

// Reads keys back into columns: -0 comes out as 0, and NaN as the usual one.
class KeyDecoder {
 public:
  virtual ~KeyDecoder() = default;

  // One row: takes a value of each column from the beginning of `key`, and leaves the rest in it. RUN_CORRUPT where the bytes do not fit.
  virtual Status Add(Slice* key) = 0;
  virtual size_t rows() const = 0;
  // All rows that were added; valid until Clear().
  virtual const Batch& batch() = 0;
  virtual void Clear() = 0;
};
// REQUIRES: `orders` is empty, or as long as the schema.
std::unique_ptr<KeyDecoder> NewKeyDecoder(const Schema& schema, std::vector<KeyOrder> orders);

}  // namespace runjob
