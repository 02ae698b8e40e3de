#include "function/block_writer.h"

#include <climits>

#include "column/row_value.h"
#include "column/text.h"

namespace runjob {

namespace {

constexpr size_t kAlignment = 8;
constexpr int64_t kMaxSafe = (int64_t{1} << 53) - 1;
constexpr int64_t kMicrosPerMilli = 1000;
constexpr int64_t kMaxDateMillis = 8'640'000'000'000'000;  // of a Date

bool IsHeld(TypeId id, int64_t value) {
  if (id == TypeId::kLong) return value >= -kMaxSafe && value <= kMaxSafe;
  const int64_t millis = value / kMicrosPerMilli;
  return value % kMicrosPerMilli == 0 && millis >= -kMaxDateMillis && millis <= kMaxDateMillis;
}

}  // namespace

char* BlockWriter::Reserve(size_t size) {
  const size_t at = out_->size();
  out_->resize(at + (size + kAlignment - 1) / kAlignment * kAlignment);
  return out_->data() + at;
}

void BlockWriter::PutCounts(uint32_t a, uint32_t b) {
  const uint32_t both[] = {a, b};
  std::memcpy(Reserve(sizeof(both)), both, sizeof(both));
}

template <class T>
void BlockWriter::PutPlain(const Rows& rows, const Vector& column) {
  PutNumbers(rows.count, [&](size_t i) { return static_cast<double>(column.at<T>(rows[i])); });
}

void BlockWriter::PutHead(const Rows& rows, const Vector& column, Form form) {
  bool has_nulls = false;
  for (size_t i = 0; column.validity != nullptr && i < rows.count; i++) has_nulls |= !column.valid(rows[i]);
  PutCounts(form, has_nulls ? 1 : 0);
  if (!has_nulls) return;
  char* const nulls = Reserve(rows.count);
  for (size_t i = 0; i < rows.count; i++) nulls[i] = column.valid(rows[i]) ? 0 : 1;
}

void BlockWriter::PutWhole(const Rows& rows, const Vector& column, bool exact) {
  const TypeId id = column.type->id;
  const auto value_of = [&](size_t i) { return column.valid(rows[i]) ? column.at<int64_t>(rows[i]) : int64_t{0}; };
  bool held = !exact;
  for (size_t i = 0; held && i < rows.count; i++) held = IsHeld(id, value_of(i));
  PutHead(rows, column, held ? kNumbers : kWide);
  if (held) {
    const int64_t unit = id == TypeId::kLong ? 1 : kMicrosPerMilli;
    return PutNumbers(rows.count, [&](size_t i) { return static_cast<double>(value_of(i) / unit); });
  }
  char* const out = Reserve(rows.count * sizeof(int64_t));
  for (size_t i = 0; i < rows.count; i++) {
    const int64_t value = value_of(i);
    std::memcpy(out + i * sizeof(value), &value, sizeof(value));
  }
}

template <class ValueOf>
Status BlockWriter::PutTexts(const Rows& rows, const Vector& column, const ValueOf& value_of) {
  PutHead(rows, column, kValues);
  return PutValues(rows.count, [&](size_t i, std::string* text) {
    const size_t row = rows[i];
    return column.valid(row) ? value_of(row, text) : Slice();
  });
}

Status BlockWriter::PutColumn(const Rows& rows, const Vector& column, bool exact) {
  const Type& type = *column.type;
  switch (type.id) {
    case TypeId::kBoolean:
      PutHead(rows, column, kNumbers);
      PutPlain<uint8_t>(rows, column);
      return Status::Ok();
    case TypeId::kInt:
      PutHead(rows, column, kNumbers);
      PutPlain<int32_t>(rows, column);
      return Status::Ok();
    case TypeId::kDouble:
      PutHead(rows, column, kNumbers);
      PutPlain<double>(rows, column);
      return Status::Ok();
    case TypeId::kLong:
    case TypeId::kTimestamp:
      PutWhole(rows, column, exact);
      return Status::Ok();
    case TypeId::kString:
    case TypeId::kBinary:
      return PutTexts(rows, column, [&](size_t row, std::string*) { return column.at<StringView>(row).slice(); });
    case TypeId::kDecimal:
      return PutTexts(rows, column, [&](size_t row, std::string* text) {
        AppendDecimal(type.is_wide() ? column.at<__int128>(row) : column.at<int64_t>(row), type.scale, text);
        return Slice(*text);
      });
    case TypeId::kDate:
      return PutTexts(rows, column, [&](size_t row, std::string* text) {
        AppendDate(column.at<int32_t>(row), text);
        return Slice(*text);
      });
    case TypeId::kTimestampNtz:
      return PutTexts(rows, column, [&](size_t row, std::string* text) {
        AppendIsoTimestamp(column.at<int64_t>(row), text);
        return Slice(*text);
      });
    case TypeId::kList:
    case TypeId::kStruct:
      return PutTexts(rows, column, [&](size_t row, std::string* text) {
        AppendRowValue(column, row, text);
        return Slice(*text);
      });
  }
  return Status::Ok();
}

}  // namespace runjob
