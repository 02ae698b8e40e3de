// Columns of a batch of rows, as operators see them: borrowed memory, valid until the call that got them returns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "base/word.h"
#include "column/type.h"

namespace runjob {

// Rows of a batch at most. Row numbers fit into uint16_t.
constexpr size_t kVectorRows = 2048;

// Text or bytes: up to 12 bytes are in the view itself, longer ones elsewhere. Bytes of the view that are not used are 0, so
// that short values are equal where their 16 bytes are.
struct StringView {
  uint32_t size = 0;
  char head[4] = {};  // the first bytes of any value
  union {
    char rest[8] = {};  // size <= 12: the bytes after head
    const char* data;   // otherwise: all bytes
  };

  static constexpr uint32_t kInline = 12;

  StringView() = default;
  // The bytes must stay where they are if they are more than kInline.
  explicit StringView(Slice bytes) {
    // Made of words: the bytes of a view that was written in parts are slow to copy.
    const uint64_t n = static_cast<uint32_t>(bytes.size);
    if (n > kInline) {
      *this = FromWords(n | Load32(bytes.data) << 32, reinterpret_cast<uintptr_t>(bytes.data));
    } else if (n >= 8) {
      const uint64_t first = Load64(bytes.data);
      *this = FromWords(n | first << 32, first >> 32 | LoadFrom8(bytes.data, n) << 32);
    } else {
      const uint64_t all = LoadBelow8(bytes.data, n);
      *this = FromWords(n | all << 32, all >> 32);
    }
  }

  // Into the view itself where the value is short: valid as long as the view.
  Slice slice() const { return Slice(size <= kInline ? head : data, size); }

 private:
  static StringView FromWords(uint64_t first, uint64_t second) {
    struct Words {
      uint64_t first;
      uint64_t second;
    };
    return std::bit_cast<StringView>(Words{first, second});
  }
};
static_assert(sizeof(StringView) == 16);

struct ListRange {
  uint32_t start = 0;  // of the child's values
  uint32_t count = 0;
};

enum class VectorForm : uint8_t {
  kFlat,        // a value for each row
  kConstant,    // one value for all rows
  kDictionary,  // codes for each row, and a value for each code
};

struct Vector {
  const Type* type = nullptr;
  VectorForm form = VectorForm::kFlat;
  // Bit i: row i is not null. Null: no row is. kConstant: bit 0 is for all rows. kDictionary: by row, not by code.
  const uint64_t* validity = nullptr;
  // Of Type::width() bytes each. kFlat: by row; kConstant: one; kDictionary: by code. Of null rows: anything that may be read.
  const void* values = nullptr;
  const uint32_t* codes = nullptr;  // kDictionary: one for each row, below `entries`; of null rows 0
  uint32_t entries = 0;             // kDictionary, at least 1
  uint64_t dictionary = 0;          // kDictionary: the same number, the same entries in the same order; never 0
  std::vector<Vector> children;     // kList: the elements; kStruct: the fields, by row. Never kDictionary or kConstant
  size_t child_rows = 0;            // kList: values of the child; may be more than kVectorRows

  bool valid(size_t row) const {
    if (validity == nullptr) return true;
    if (form == VectorForm::kConstant) row = 0;
    return (validity[row / 64] >> (row % 64) & 1) != 0;
  }
  // Where the row's value is in `values`.
  size_t index(size_t row) const {
    return form == VectorForm::kFlat ? row : form == VectorForm::kConstant ? 0 : codes[row];
  }
  // REQUIRES: T is the stored type.
  template <class T>
  const T& at(size_t row) const {
    return static_cast<const T*>(values)[index(row)];
  }
};

struct Batch {
  size_t rows = 0;                      // of the vectors; at most kVectorRows
  const uint16_t* selection = nullptr;  // null: all rows; else the rows that count, ascending
  size_t count = 0;                     // of rows that count
  std::vector<Vector> columns;

  size_t row(size_t i) const { return selection == nullptr ? i : selection[i]; }  // the i-th row that counts
};

// A receiver of batches: an operator that passes on its results, or the end of a pipeline.
class ColumnSink {
 public:
  virtual ~ColumnSink() = default;

  // Copies what it keeps: everything in the batch may be reused once this returns. An error's offset is the row of the batch
  // that is at fault, if one is; then nothing of the batch has been passed on, and the rest of it may be added again.
  virtual Status Add(const Batch& batch) = 0;
  // There is no more: passes on what is held, and finishes the sinks after it. Call once.
  virtual Status Finish() = 0;
  // Whether no more batches are of use: the source may stop.
  virtual bool done() const { return false; }
};

}  // namespace runjob
