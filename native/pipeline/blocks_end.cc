// Rows as blocks of columns, for functions in JavaScript (src/kernels/row_block.ts).
//
//   u8 5, bool texts, u32 count, (u32 column, bool exact)...   texts: those of the records, too; exact: longs and timestamps as they are
//
// A block for each batch, little endian; each part is filled up to a multiple of 8 bytes:
//
//   u32 rows, u32 columns, with one for the texts of records if they are there
//   f64 each    offset of the row's record
//   of each column, and then of the texts of records:
//     u32 form, u32 has_nulls
//     u8 each   1: null; only if has_nulls
//     numbers   f64 each: int, double; boolean as 0 and 1; long, if all are safe integers; timestamp in milliseconds, if all are whole
//     wide      i64 each: other longs and timestamps
//     values    u32 ASCII bytes, u32 other bytes, (i32 start, i32 end) each, the bytes: string; decimal, date, timestampNtz as text; binary;
//               a list or struct as in rows (column/rows.h). A value whose start is negative is at ~start of the other bytes
#include "pipeline/blocks_end.h"

#include <climits>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "column/row_value.h"
#include "column/text.h"
#include "function/utf8_text.h"

namespace runjob {

namespace {

enum Form : uint32_t { kNumbers = 0, kWide = 1, kValues = 2 };

constexpr size_t kAlignment = 8;
constexpr int64_t kMaxSafe = (int64_t{1} << 53) - 1;
constexpr int64_t kMicrosPerMilli = 1000;
constexpr int64_t kMaxDateMillis = 8'640'000'000'000'000;  // of a Date

struct BlockColumn {
  uint32_t column;
  bool exact;
};

bool IsHeld(TypeId id, int64_t value) {
  if (id == TypeId::kLong) return value >= -kMaxSafe && value <= kMaxSafe;
  const int64_t millis = value / kMicrosPerMilli;
  return value % kMicrosPerMilli == 0 && millis >= -kMaxDateMillis && millis <= kMaxDateMillis;
}

class BlocksEnd final : public ColumnSink {
 public:
  BlocksEnd(std::vector<BlockColumn> columns, bool texts, const RowPlaces* places, std::string* out)
      : columns_(std::move(columns)), texts_(texts), places_(*places), out_(out) {}

  Status Add(const Batch& batch) override {
    PutCounts(static_cast<uint32_t>(batch.count), static_cast<uint32_t>(columns_.size() + (texts_ ? 1 : 0)));
    const auto place_of = [&](size_t i) -> const RecordPlace& { return places_[batch.row(i)]; };
    PutNumbers(batch.count, [&](size_t i) { return static_cast<double>(place_of(i).offset); });
    for (const BlockColumn& column : columns_) {
      RUNJOB_RETURN_IF_ERROR(PutColumn(batch, batch.columns[column.column], column.exact));
    }
    if (!texts_) return Status::Ok();
    PutCounts(kValues, 0);
    return PutValues(batch.count, [&](size_t i, std::string*) { return place_of(i).text; });
  }
  Status Finish() override { return Status::Ok(); }

 private:
  char* Reserve(size_t size) {
    const size_t at = out_->size();
    out_->resize(at + (size + kAlignment - 1) / kAlignment * kAlignment);
    return out_->data() + at;
  }

  void PutCounts(uint32_t a, uint32_t b) {
    const uint32_t both[] = {a, b};
    std::memcpy(Reserve(sizeof(both)), both, sizeof(both));
  }

  template <class NumberOf>
  void PutNumbers(size_t count, const NumberOf& number_of) {
    char* const out = Reserve(count * sizeof(double));
    for (size_t i = 0; i < count; i++) {
      const double number = number_of(i);
      std::memcpy(out + i * sizeof(number), &number, sizeof(number));
    }
  }

  template <class T>
  void PutPlain(const Batch& batch, const Vector& column) {
    PutNumbers(batch.count, [&](size_t i) { return static_cast<double>(column.at<T>(batch.row(i))); });
  }

  void PutHead(const Batch& batch, const Vector& column, Form form) {
    bool has_nulls = false;
    for (size_t i = 0; column.validity != nullptr && i < batch.count; i++) has_nulls |= !column.valid(batch.row(i));
    PutCounts(form, has_nulls ? 1 : 0);
    if (!has_nulls) return;
    char* const nulls = Reserve(batch.count);
    for (size_t i = 0; i < batch.count; i++) nulls[i] = column.valid(batch.row(i)) ? 0 : 1;
  }

  void PutWhole(const Batch& batch, const Vector& column, bool exact) {
    const TypeId id = column.type->id;
    const auto value_of = [&](size_t i) {
      return column.valid(batch.row(i)) ? column.at<int64_t>(batch.row(i)) : int64_t{0};
    };
    bool held = !exact;
    for (size_t i = 0; held && i < batch.count; i++) held = IsHeld(id, value_of(i));
    PutHead(batch, column, held ? kNumbers : kWide);
    if (held) {
      const int64_t unit = id == TypeId::kLong ? 1 : kMicrosPerMilli;
      return PutNumbers(batch.count, [&](size_t i) { return static_cast<double>(value_of(i) / unit); });
    }
    char* const out = Reserve(batch.count * sizeof(int64_t));
    for (size_t i = 0; i < batch.count; i++) {
      const int64_t value = value_of(i);
      std::memcpy(out + i * sizeof(value), &value, sizeof(value));
    }
  }

  // `value_of(i, &text)`: the value, which may be in `text`.
  template <class ValueOf>
  Status PutValues(size_t count, const ValueOf& value_of) {
    ascii_.clear();
    other_.clear();
    bounds_.clear();
    for (size_t i = 0; i < count; i++) {
      text_.clear();
      const Slice value = value_of(i, &text_);
      const bool is_ascii = IsAscii(value);
      std::string* const bytes = is_ascii ? &ascii_ : &other_;
      const size_t start = bytes->size();
      bytes->append(value.data, value.size);
      if (bytes->size() > INT32_MAX) return Status::Error("RECORD_TOO_LARGE", "rows have more than 2 GiB of text");
      bounds_.push_back(is_ascii ? static_cast<int32_t>(start) : ~static_cast<int32_t>(start));
      bounds_.push_back(static_cast<int32_t>(bytes->size()));
    }
    PutCounts(static_cast<uint32_t>(ascii_.size()), static_cast<uint32_t>(other_.size()));
    const size_t bounds_bytes = bounds_.size() * sizeof(int32_t);
    if (count > 0) std::memcpy(Reserve(bounds_bytes), bounds_.data(), bounds_bytes);
    for (const std::string* bytes : {&ascii_, &other_})
      std::memcpy(Reserve(bytes->size()), bytes->data(), bytes->size());
    return Status::Ok();
  }

  // Null rows have no bytes.
  template <class ValueOf>
  Status PutTexts(const Batch& batch, const Vector& column, const ValueOf& value_of) {
    PutHead(batch, column, kValues);
    return PutValues(batch.count, [&](size_t i, std::string* text) {
      const size_t row = batch.row(i);
      return column.valid(row) ? value_of(row, text) : Slice();
    });
  }

  Status PutColumn(const Batch& batch, const Vector& column, bool exact) {
    const Type& type = *column.type;
    switch (type.id) {
      case TypeId::kBoolean:
        PutHead(batch, column, kNumbers);
        PutPlain<uint8_t>(batch, column);
        return Status::Ok();
      case TypeId::kInt:
        PutHead(batch, column, kNumbers);
        PutPlain<int32_t>(batch, column);
        return Status::Ok();
      case TypeId::kDouble:
        PutHead(batch, column, kNumbers);
        PutPlain<double>(batch, column);
        return Status::Ok();
      case TypeId::kLong:
      case TypeId::kTimestamp:
        PutWhole(batch, column, exact);
        return Status::Ok();
      case TypeId::kString:
      case TypeId::kBinary:
        return PutTexts(batch, column, [&](size_t row, std::string*) { return column.at<StringView>(row).slice(); });
      case TypeId::kDecimal:
        return PutTexts(batch, column, [&](size_t row, std::string* text) {
          AppendDecimal(type.is_wide() ? column.at<__int128>(row) : column.at<int64_t>(row), type.scale, text);
          return Slice(*text);
        });
      case TypeId::kDate:
        return PutTexts(batch, column, [&](size_t row, std::string* text) {
          AppendDate(column.at<int32_t>(row), text);
          return Slice(*text);
        });
      case TypeId::kTimestampNtz:
        return PutTexts(batch, column, [&](size_t row, std::string* text) {
          AppendIsoTimestamp(column.at<int64_t>(row), text);
          return Slice(*text);
        });
      case TypeId::kList:
      case TypeId::kStruct:
        return PutTexts(batch, column, [&](size_t row, std::string* text) {
          AppendRowValue(column, row, text);
          return Slice(*text);
        });
    }
    return Status::Ok();
  }

  const std::vector<BlockColumn> columns_;
  const bool texts_;
  const RowPlaces& places_;
  std::string* const out_;
  std::string ascii_;
  std::string other_;
  std::string text_;
  std::vector<int32_t> bounds_;
};

}  // namespace

Status CompileBlocksEnd(ProgramReader* program, const Schema& input, const RowPlaces* places, std::string* output,
                        std::unique_ptr<ColumnSink>* result) {
  bool texts = false;
  uint32_t count = 0;
  if (!program->Read(&texts) || !program->Read(&count) || count > input.size()) return BadProgram();
  std::vector<BlockColumn> columns(count);
  for (BlockColumn& column : columns) {
    if (!program->Read(&column.column) || !program->Read(&column.exact)) return BadProgram();
    if (column.column >= input.size()) return BadProgram();
  }
  *result = std::make_unique<BlocksEnd>(std::move(columns), texts, places, output);
  return Status::Ok();
}

}  // namespace runjob
