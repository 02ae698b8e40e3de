// Splits and builds stored records (batch.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/slice.h"
#include "base/status.h"
#include "record/batch.h"
#include "record/packed_record.h"

namespace runjob {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored numbers and sizes are little endian");

struct FieldValue {
  double number = 0;  // kNumber
  Slice bytes;        // kBytes: a view into the record's value
};

// Splits a record's value into `layout.size()` fields. RUN_CORRUPT if its length does not match the layout.
Status SplitValue(Slice value, const Layout& layout, FieldValue* fields);

// Both write a field and return its end. `bare`: of bytes that are the whole value. REQUIRES: bytes below 4 GiB.
inline char* PutField(double number, char* out) {
  std::memcpy(out, &number, sizeof(number));
  return out + sizeof(number);
}
inline char* PutField(Slice bytes, bool bare, char* out) {
  if (!bare) {
    const uint32_t size = static_cast<uint32_t>(bytes.size);
    std::memcpy(out, &size, sizeof(size));
    out += sizeof(size);
  }
  return CopyBytes(out, bytes.data, bytes.size);
}
// What they write.
inline size_t FieldSize(double) { return sizeof(double); }
inline size_t FieldSize(Slice bytes, bool bare) { return bytes.size + (bare ? 0 : sizeof(uint32_t)); }
// Append it.
inline void AppendField(double number, std::string* out) {
  out->append(reinterpret_cast<const char*>(&number), sizeof(number));
}
inline void AppendField(Slice bytes, bool bare, std::string* out) {
  const uint32_t size = static_cast<uint32_t>(bytes.size);
  if (!bare) out->append(reinterpret_cast<const char*>(&size), sizeof(size));
  out->append(bytes.data, bytes.size);
}

// The stored value of record i of a batch: how long it is; write it, and return its end.
inline bool HasBareValues(const RecordBatch& batch) {
  return batch.column_count == 1 && batch.columns[0].kind == ValueKind::kBytes;
}
inline size_t ValueSize(const RecordBatch& batch, size_t i) {
  const bool bare = HasBareValues(batch);
  size_t size = 0;
  for (size_t c = 0; c < batch.column_count; c++) {
    const ValueColumn& column = batch.columns[c];
    size += column.kind == ValueKind::kNumber ? FieldSize(column.numbers[i]) : FieldSize(column.slice(i), bare);
  }
  return size;
}
inline char* PutValue(const RecordBatch& batch, size_t i, char* out) {
  const bool bare = HasBareValues(batch);
  for (size_t c = 0; c < batch.column_count; c++) {
    const ValueColumn& column = batch.columns[c];
    out = column.kind == ValueKind::kNumber ? PutField(column.numbers[i], out) : PutField(column.slice(i), bare, out);
  }
  return out;
}

}  // namespace runjob
