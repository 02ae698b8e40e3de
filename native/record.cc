#include "record.h"

#include <cstring>

namespace runjob {

namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored numbers and lengths are little endian");

bool IsBare(const Layout& layout) { return layout.size() == 1 && layout[0] == ValueKind::kBytes; }

Status Mismatch(Slice value, const Layout& layout) {
  return Status::Error("RUN_CORRUPT", "a value of " + std::to_string(value.size) +
                                          " bytes is not made of its " + std::to_string(layout.size()) +
                                          " columns");
}

}  // namespace

Status SplitValue(Slice value, const Layout& layout, Field* fields) {
  if (IsBare(layout)) {
    fields[0].bytes = value;
    return Status::Ok();
  }
  const char* p = value.data;
  size_t left = value.size;
  for (size_t c = 0; c < layout.size(); ++c) {
    if (layout[c] == ValueKind::kNumber) {
      if (left < sizeof(double)) return Mismatch(value, layout);
      std::memcpy(&fields[c].number, p, sizeof(double));
      p += sizeof(double);
      left -= sizeof(double);
    } else {
      uint32_t size = 0;
      if (left < sizeof(size)) return Mismatch(value, layout);
      std::memcpy(&size, p, sizeof(size));
      p += sizeof(size);
      left -= sizeof(size);
      if (left < size) return Mismatch(value, layout);
      fields[c].bytes = Slice(p, size);
      p += size;
      left -= size;
    }
  }
  return left == 0 ? Status::Ok() : Mismatch(value, layout);
}

void AppendValue(const RecordBatch& batch, size_t i, std::string* out) {
  const bool bare = batch.column_count == 1 && batch.columns[0].kind == ValueKind::kBytes;
  for (size_t c = 0; c < batch.column_count; ++c) {
    const ValueColumn& column = batch.columns[c];
    if (column.kind == ValueKind::kNumber) {
      out->append(reinterpret_cast<const char*>(&column.numbers[i]), sizeof(double));
      continue;
    }
    const uint32_t start = i == 0 ? 0 : column.ends[i - 1];
    const uint32_t size = column.ends[i] - start;
    if (!bare) out->append(reinterpret_cast<const char*>(&size), sizeof(size));
    out->append(column.bytes + start, size);
  }
}

}  // namespace runjob
