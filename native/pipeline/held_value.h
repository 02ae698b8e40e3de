// A value of a column that a state holds: zeros at first, which is none.
#pragma once

#include <cstdint>
#include <string>

#include "aggregate/bytes.h"
#include "base/arena.h"
#include "column/row_value.h"
#include "column/vector.h"
#include "pipeline/group_function.h"

namespace runjob {

struct HeldValue {
  enum Kind : uint8_t { kNone = 0, kNull = 1, kValue = 2 };

  Bytes bytes;  // as a row has it
  uint64_t kind;

  bool has_one() const { return kind != kNone; }
  // `buffer`: of the caller's.
  void Set(const Vector& column, size_t row, std::string* buffer, Arena* arena) {
    if (!column.valid(row)) {
      kind = kNull;
      return;
    }
    buffer->clear();
    AppendRowValue(column, row, buffer);
    Set(Slice(*buffer), arena);
  }

  void Write(std::string* out) const {
    out->push_back(static_cast<char>(kind));
    if (kind == kValue) PutSized(bytes.slice(), out);
  }
  // What Write() has written.
  struct Written {
    uint8_t kind;
    Slice bytes;

    bool Read(StateReader* in) {
      if (!in->Read(&kind) || kind > kValue) return false;
      return kind != kValue || (in->ReadSized(&bytes) && bytes.size <= UINT32_MAX);
    }
  };
  void Set(const Written& written, Arena* arena) {
    if (written.kind == kValue) return Set(written.bytes, arena);
    kind = written.kind;
  }

  // Appends it as the value of a row, or nothing if it is null.
  void Finish(std::string* out, bool* null) const {
    *null = kind != kValue;
    if (!*null) out->append(bytes.data, bytes.length);
  }

 private:
  void Set(Slice value, Arena* arena) {
    bytes.Assign(value, arena);
    kind = kValue;
  }
};

}  // namespace runjob
