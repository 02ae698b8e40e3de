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

constexpr size_t kSlots = 1024;  // of values that were seen last
// Values that are new, beside a quarter of the rows, before a column is written as it is.
constexpr size_t kFewValues = 32;

uint64_t Mixed(uint64_t a, uint64_t b) { return (a ^ (b * 0x9E3779B97F4A7C15)) * 0xC2B2AE3D27D4EB4F; }

uint64_t Word(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

uint64_t QuickHash(const StringView& text) {
  if (text.size > StringView::kInline) return Mixed(text.size + Word(text.data), Word(text.data + text.size - 8));
  uint64_t words[2];
  std::memcpy(words, &text, sizeof(words));
  return Mixed(words[0], words[1]);
}
uint64_t QuickHash(__int128 value) { return Mixed(static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)); }
uint64_t QuickHash(int64_t value) { return Mixed(static_cast<uint64_t>(value), 0); }
uint64_t QuickHash(int32_t value) { return QuickHash(int64_t{value}); }

bool IsSame(const StringView& a, const StringView& b) {
  if (a.size <= StringView::kInline) return std::memcmp(&a, &b, sizeof(a)) == 0;
  return a.size == b.size && std::memcmp(a.data, b.data, a.size) == 0;
}
template <class T>
bool IsSame(T a, T b) {
  return a == b;
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
Status BlockWriter::PutPlainValues(Form form, const Rows& rows, const Vector& column, const ValueOf& value_of) {
  PutHead(rows, column, form);
  return PutValues(form, rows.count, [&](size_t i, std::string* text) {
    const size_t row = rows[i];
    return column.valid(row) ? value_of(row, text) : Slice();
  });
}

void BlockWriter::CodeDictionary(const Rows& rows, const Vector& column) {
  constexpr uint32_t kNone = UINT32_MAX;
  const auto entry_of = [&](size_t i) { return column.index(rows[i]); };
  const size_t entries = column.form == VectorForm::kConstant ? 1 : column.entries;
  if (of_entry_.size() < entries) of_entry_.resize(entries);
  // There may be more entries than rows.
  for (size_t i = 0; i < rows.count; i++) of_entry_[entry_of(i)] = kNone;
  for (size_t i = 0; i < rows.count; i++) {
    if (!column.valid(rows[i])) continue;
    uint32_t& code = of_entry_[entry_of(i)];
    if (code == kNone) {
      code = static_cast<uint32_t>(firsts_.size());
      firsts_.push_back(static_cast<uint32_t>(rows[i]));
    }
    codes_[i] = static_cast<uint16_t>(code);
  }
}

template <class T>
bool BlockWriter::CodeFlat(const Rows& rows, const Vector& column) {
  uint16_t last[kSlots] = {};  // 0: none; otherwise a code + 1
  for (size_t i = 0; i < rows.count; i++) {
    const size_t row = rows[i];
    if (!column.valid(row)) continue;
    const T& value = column.at<T>(row);
    uint16_t& slot = last[QuickHash(value) >> 54];
    if (slot == 0 || !IsSame(column.at<T>(firsts_[slot - 1]), value)) {
      if (firsts_.size() >= kFewValues + i / 4) return false;
      firsts_.push_back(static_cast<uint32_t>(row));
      slot = static_cast<uint16_t>(firsts_.size());
    }
    codes_[i] = slot - 1;
  }
  return true;
}

template <class T>
bool BlockWriter::Code(const Rows& rows, const Vector& column) {
  static_assert(kSlots == size_t{1} << (64 - 54));
  codes_.assign(rows.count, 0);
  firsts_.clear();
  if (column.form == VectorForm::kFlat) return CodeFlat<T>(rows, column);
  CodeDictionary(rows, column);
  return true;
}

template <class T, class ValueOf>
Status BlockWriter::PutTexts(const Rows& rows, const Vector& column, const ValueOf& value_of) {
  if (!Code<T>(rows, column)) return PutPlainValues(kTexts, rows, column, value_of);
  PutHead(rows, column, kCoded);
  PutCounts(static_cast<uint32_t>(firsts_.size()), 0);
  RUNJOB_RETURN_IF_ERROR(
      PutValues(kTexts, firsts_.size(), [&](size_t i, std::string* text) { return value_of(firsts_[i], text); }));
  PutArray(codes_.data(), codes_.size());
  return Status::Ok();
}

template <class T>
Status BlockWriter::PutDecimals(const Rows& rows, const Vector& column) {
  return PutTexts<T>(rows, column, [&](size_t row, std::string* text) {
    AppendDecimal(column.at<T>(row), column.type->scale, text);
    return Slice(*text);
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
      return PutTexts<StringView>(rows, column,
                                  [&](size_t row, std::string*) { return column.at<StringView>(row).slice(); });
    case TypeId::kBinary:
      return PutPlainValues(kBytes, rows, column,
                            [&](size_t row, std::string*) { return column.at<StringView>(row).slice(); });
    case TypeId::kDecimal:
      if (type.is_wide()) return PutDecimals<__int128>(rows, column);
      return PutDecimals<int64_t>(rows, column);
    case TypeId::kDate:
      return PutTexts<int32_t>(rows, column, [&](size_t row, std::string* text) {
        AppendDate(column.at<int32_t>(row), text);
        return Slice(*text);
      });
    case TypeId::kTimestampNtz:
      return PutTexts<int64_t>(rows, column, [&](size_t row, std::string* text) {
        AppendIsoTimestamp(column.at<int64_t>(row), text);
        return Slice(*text);
      });
    case TypeId::kList:
    case TypeId::kStruct:
      return PutPlainValues(kBytes, rows, column, [&](size_t row, std::string* text) {
        AppendRowValue(column, row, text);
        return Slice(*text);
      });
  }
  return Status::Ok();
}

}  // namespace runjob
