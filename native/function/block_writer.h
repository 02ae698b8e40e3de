// Columns as blocks for functions in JavaScript (src/kernels/row_block.ts). Little endian; each part is filled up to a multiple of 8
// bytes. A column:
//
//   u32 form, u32 has_nulls
//   u8 each   1: null; only if has_nulls
//   numbers   f64 each: int, double; boolean as 0 and 1; long, if all are safe integers; timestamp in milliseconds, if all are whole
//   wide      i64 each: other longs and timestamps
//   texts     u32 ASCII bytes, u32 units, (i32 start, i32 end) each, the bytes, the units: string; decimal, date, timestampNtz as text. A
//             text that is not ASCII is in the units, of UTF-16, and begins at ~start: its start is negative
//   coded     u32 texts, u32 0, the texts as above, then a u16 for each row: which of them it has; of null rows 0. Where texts recur:
//             JavaScript makes one string of each
//   bytes     u32 bytes, u32 0, (i32 start, i32 end) each, the bytes: binary; a list or struct as in rows (column/rows.h)
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "base/utf16.h"
#include "column/vector.h"
#include "function/node.h"
#include "function/utf8_text.h"

namespace runjob {

class BlockWriter {
 public:
  // Appends to `out`, which is as long as whole parts are.
  explicit BlockWriter(std::string* out) : out_(out) {}

  void PutCounts(uint32_t a, uint32_t b);
  // A place for a number, to be given to SetNumber().
  size_t PutNumber() {
    Reserve(sizeof(double));
    return out_->size() - sizeof(double);
  }
  void SetNumber(size_t at, double number) { std::memcpy(&(*out_)[at], &number, sizeof(number)); }
  size_t size() const { return out_->size(); }
  // `number_of(i)`: a double.
  template <class NumberOf>
  void PutNumbers(size_t count, const NumberOf& number_of) {
    char* const out = Reserve(count * sizeof(double));
    for (size_t i = 0; i < count; i++) {
      const double number = number_of(i);
      std::memcpy(out + i * sizeof(number), &number, sizeof(number));
    }
  }
  // The rows that count. `exact`: longs and timestamps are wide.
  Status PutColumn(const Rows& rows, const Vector& column, bool exact);
  // A column of texts. `text_of(i)`: the text.
  template <class TextOf>
  Status PutTextColumn(size_t count, const TextOf& text_of) {
    PutCounts(kTexts, 0);
    return PutValues(kTexts, count, [&](size_t i, std::string*) { return text_of(i); });
  }

 private:
  enum Form : uint32_t { kNumbers = 0, kWide = 1, kTexts = 2, kCoded = 3, kBytes = 4 };

  char* Reserve(size_t size);
  void PutHead(const Rows& rows, const Vector& column, Form form);
  template <class T>
  void PutPlain(const Rows& rows, const Vector& column);
  void PutWhole(const Rows& rows, const Vector& column, bool exact);
  // Null rows have no bytes.
  template <class ValueOf>
  Status PutPlainValues(Form form, const Rows& rows, const Vector& column, const ValueOf& value_of);
  // Texts, coded if they recur. `T`: as stored.
  template <class T, class ValueOf>
  Status PutTexts(const Rows& rows, const Vector& column, const ValueOf& value_of);
  template <class T>
  Status PutDecimals(const Rows& rows, const Vector& column);
  // Sets codes_ and firsts_. Returns false, and both may be anything, if few values recur.
  template <class T>
  bool Code(const Rows& rows, const Vector& column);
  template <class T>
  bool CodeFlat(const Rows& rows, const Vector& column);
  void CodeDictionary(const Rows& rows, const Vector& column);

  // `form`: kTexts or kBytes. `value_of(i, &text)`: the value, which may be in `text`.
  template <class ValueOf>
  Status PutValues(Form form, size_t count, const ValueOf& value_of) {
    bytes_.clear();
    units_.clear();
    bounds_.clear();
    for (size_t i = 0; i < count; i++) {
      text_.clear();
      const Slice value = value_of(i, &text_);
      if (form == kBytes || IsAscii(value)) {
        bounds_.push_back(static_cast<int32_t>(bytes_.size()));
        bytes_.append(value.data, value.size);
        bounds_.push_back(static_cast<int32_t>(bytes_.size()));
      } else {
        bounds_.push_back(~static_cast<int32_t>(units_.size()));
        AppendUtf16(value, &units_);
        bounds_.push_back(static_cast<int32_t>(units_.size()));
      }
      if (std::max(bytes_.size(), units_.size()) > kMaxTextBytes) {
        return Status::Error("RECORD_TOO_LARGE", "rows have more than 2 GiB of text");
      }
    }
    PutCounts(static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(units_.size()));
    PutArray(bounds_.data(), bounds_.size());
    PutArray(bytes_.data(), bytes_.size());
    PutArray(units_.data(), units_.size());
    return Status::Ok();
  }

  template <class T>
  void PutArray(const T* values, size_t count) {
    if (count > 0) std::memcpy(Reserve(count * sizeof(T)), values, count * sizeof(T));
  }

  static constexpr size_t kMaxTextBytes = INT32_MAX;

  std::string* const out_;
  std::string bytes_;
  std::u16string units_;
  std::string text_;
  std::vector<int32_t> bounds_;
  std::vector<uint16_t> codes_;     // of the rows that count
  std::vector<uint32_t> firsts_;    // for each code, the first row that has it
  std::vector<uint32_t> of_entry_;  // for each entry of a dictionary
};

}  // namespace runjob
