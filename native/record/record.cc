#include "record/record.h"

#include <cstring>

namespace runjob {

namespace {

Status Mismatch(Slice value, const Layout& layout) {
  return Status::Error("RUN_CORRUPT", "a value of " + std::to_string(value.size) + " bytes is not made of its " +
                                          std::to_string(layout.size()) + " columns");
}

}  // namespace

Status SplitValue(Slice value, const Layout& layout, FieldValue* fields) {
  if (layout.size() == 1 && layout[0] == ValueKind::kBytes) {
    fields[0].bytes = value;
    return Status::Ok();
  }
  const char* p = value.data;
  size_t left = value.size;
  for (size_t c = 0; c < layout.size(); c++) {
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

}  // namespace runjob
