// As fields.cc, a batch of rows at a time and column by column: the branches are the same for a whole column.

#include "csv/csv_columns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "base/base64.h"
#include "column/add_rows.h"
#include "column/text.h"
#include "column/text_heap.h"
#include "csv/csv_batch.h"
#include "csv/csv_scan.h"
#include "record/key_head.h"

namespace runjob {

namespace {

uint32_t NeededFields(const std::vector<uint32_t>& fields) {
  uint32_t needed = 0;
  for (const uint32_t field : fields) {
    if (field != kNoField) needed = std::max(needed, field + 1);
  }
  return needed;
}

constexpr ptrdiff_t kViewReads = 16;

// As StringView(text), without a branch on the size, which is as good as random. Reads kViewReads bytes, whatever the size.
inline StringView ViewOf(Slice text) {
  const auto [low, high] = LoadShortKey(text);
  const uint64_t n = text.size;
  const bool is_short = n <= StringView::kInline;
  const uint64_t rest = is_short ? low >> 32 | high << 32 : reinterpret_cast<uintptr_t>(text.data);
  const uint64_t first = is_short ? low : Load32(text.data);
  return std::bit_cast<StringView>(std::array<uint64_t, 2>{n | first << 32, rest});
}

class CsvScan final : public Mapper {
 public:
  CsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink, BadRecords* bad);

  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) override;

 private:
  struct Column {
    std::unique_ptr<char[]> values;
    uint64_t validity[kVectorRows / 64];
  };

  Status AddRows(const CsvRows& rows);
  void ReadColumn(const CsvRows& rows, size_t column);
  template <class T, class Parse>
  void ParseColumn(const CsvRows& rows, size_t column, bool is_number, const Parse& parse);
  void ReadDoubles(const CsvRows& rows, size_t column);
  void ReadTexts(const CsvRows& rows, size_t column);
  void ReadBinary(const CsvRows& rows, size_t column);
  void BeginColumn(size_t column);
  template <class T, class Set>
  void ForEachField(const CsvRows& rows, size_t column, const Set& set);
  template <class T, class Set>
  bool SetField(const CsvRows& rows, size_t column, size_t i, const CsvField& field, const Set& set);
  bool Refuse(const CsvRows& rows, size_t column, size_t i, Slice text);
  Slice Plain(const CsvField& field);

  const CsvColumnsOptions options_;
  const Schema& schema_;
  ColumnSink* const sink_;
  CsvScanner scanner_;
  bool header_pending_;
  CsvBatch rows_;
  std::vector<Column> columns_;
  Batch batch_;
  TextHeap heap_;
  std::string plain_;
  std::string respelled_;
};

CsvScan::CsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink, BadRecords* bad)
    : Mapper(bad),
      options_(options),
      schema_(schema),
      sink_(sink),
      scanner_(options.csv, &bad_),
      header_pending_(options.skip_header),
      rows_(options_.csv, NeededFields(options.fields), kVectorRows),
      columns_(schema.size()) {
  batch_.columns.resize(schema.size());
  for (size_t c = 0; c < schema.size(); c++) {
    columns_[c].values = std::make_unique<char[]>(kVectorRows * schema[c].type.width());
    batch_.columns[c].type = &schema[c].type;
    batch_.columns[c].values = columns_[c].values.get();
  }
}

Status CsvScan::Push(Slice chunk, uint64_t limit, bool last, bool* done) {
  const uint64_t bad_before = bad_.of_input();
  scanner_.Feed(chunk, limit, last);
  CsvRows rows;
  Status status;
  while (status.ok() && !sink_->done() && scanner_.Next(&rows)) status = AddRows(rows);
  records_in_ += bad_.of_input() - bad_before;
  if (!status.ok()) return status;
  position_ = scanner_.position();
  // What is wrong behind the last row that is needed does not matter.
  *done = scanner_.done() || sink_->done();
  return sink_->done() ? Status::Ok() : scanner_.status();
}

Status CsvScan::AddRows(const CsvRows& rows) {
  size_t next = 0;
  while (header_pending_ && next < rows.count) {
    if (!rows.blank(next)) header_pending_ = false;
    next++;
  }
  while (next < rows.count && !sink_->done()) {
    next = rows_.Gather(rows, next);
    heap_.Clear();
    for (size_t c = 0; c < columns_.size(); c++) ReadColumn(rows, c);
    batch_.rows = batch_.count = rows_.count();
    BadRecords* const bad = options_.csv.keep_bad ? &bad_ : nullptr;
    const uint64_t bad_before = bad_.of_input();
    const auto place_of = [&](size_t i) { return RecordPlace{rows.row_offset(rows_.row(i)), rows.row(rows_.row(i))}; };
    if (options_.places != nullptr) {
      options_.places->clear();
      for (size_t i = 0; i < rows_.count(); i++) options_.places->push_back(place_of(i));
    }
    Status status = runjob::AddRows(batch_, place_of, sink_, bad, &records_out_);
    // Bad ones are counted by Push.
    records_in_ += rows_.count() - (bad_.of_input() - bad_before);
    if (status.ok()) {
      status = rows_.TakeError();
      if (sink_->done()) status = Status::Ok();
      const size_t dropped = rows_.CountDropped(status.ok() ? rows.count : rows_.row(rows_.count()));
      records_dropped_ += dropped;
      records_in_ += dropped;
    }
    if (status.ok()) continue;
    if (status.offset() >= 0) position_ = static_cast<uint64_t>(status.offset());
    if (bad == nullptr || status.offset() < 0) return status;
    const size_t row = rows_.row(rows_.count());
    bad_.Add(BadRecord{std::move(status), Excerpt(rows.row(row))});
    next = row + 1;
  }
  return Status::Ok();
}

// Calls set(i, text, &value) for a field that is not empty. Returns whether to go on with the next one.
template <class T, class Set>
inline bool CsvScan::SetField(const CsvRows& rows, size_t column, size_t i, const CsvField& field, const Set& set) {
  Column& to = columns_[column];
  T* const value = reinterpret_cast<T*>(to.values.get()) + i;
  if (field.text.size > 0) return set(i, field, value);
  *value = T();
  to.validity[i / 64] &= ~(uint64_t{1} << (i % 64));
  batch_.columns[column].validity = to.validity;
  if (schema_[column].nullable) return true;
  rows_.CutAt(i, rows, "CELL_INVALID",
              "column \"" + schema_[column].name + "\" has no value here, and is not nullable");
  return false;
}

void CsvScan::BeginColumn(size_t column) {
  std::memset(columns_[column].validity, 0xFF, sizeof(columns_[column].validity));
  batch_.columns[column].validity = nullptr;
}

template <class T, class Set>
inline void CsvScan::ForEachField(const CsvRows& rows, size_t column, const Set& set) {
  BeginColumn(column);
  rows_.ForEachField(rows, options_.fields[column],
                     [&](size_t i, const CsvField& field) { return SetField<T>(rows, column, i, field, set); });
}

template <class T, class Parse>
inline void CsvScan::ParseColumn(const CsvRows& rows, size_t column, bool is_number, const Parse& parse) {
  const bool respells = is_number && !options_.numbers.plain();
  ForEachField<T>(rows, column, [&](size_t i, const CsvField& field, T* value) {
    const Slice plain = Plain(field);
    Slice text = plain;
    if (respells) {
      respelled_.resize(text.size + 1);
      char* const end = RespellNumber(text, options_.numbers, respelled_.data());
      text = Slice(respelled_.data(), static_cast<size_t>(end - respelled_.data()));
    }
    return parse(text, value) || Refuse(rows, column, i, plain);
  });
}

bool CsvScan::Refuse(const CsvRows& rows, size_t column, size_t i, Slice text) {
  rows_.CutAt(i, rows, "CELL_INVALID", BadCell(schema_[column], text));
  return false;
}

void CsvScan::ReadColumn(const CsvRows& rows, size_t column) {
  const Type& type = schema_[column].type;
  switch (type.id) {
    case TypeId::kBoolean:
      return ParseColumn<uint8_t>(rows, column, false, ParseBoolean);
    case TypeId::kInt:
      return ParseColumn<int32_t>(rows, column, true, ParseInt);
    case TypeId::kLong:
      return ParseColumn<int64_t>(rows, column, true, ParseLong);
    case TypeId::kDouble:
      return ReadDoubles(rows, column);
    case TypeId::kDecimal: {
      const auto parse = [&type](Slice text, auto* value) {
        __int128 wide = 0;
        if (!ParseDecimal(text, type.precision, type.scale, &wide)) return false;
        *value = static_cast<std::remove_reference_t<decltype(*value)>>(wide);
        return true;
      };
      return type.is_wide() ? ParseColumn<__int128>(rows, column, true, parse)
                            : ParseColumn<int64_t>(rows, column, true, parse);
    }
    case TypeId::kDate:
      return ParseColumn<int32_t>(rows, column, false, ParseDate);
    case TypeId::kTimestamp:
      return ParseColumn<int64_t>(rows, column, false, ParseTimestamp);
    case TypeId::kTimestampNtz:
      return ParseColumn<int64_t>(rows, column, false, ParseTimestampNtz);
    case TypeId::kString:
      return ReadTexts(rows, column);
    case TypeId::kBinary:
      return ReadBinary(rows, column);
    case TypeId::kList:
    case TypeId::kStruct:
      return;  // HasCsvText
  }
}

// Short decimals, which most numbers are, all at once, and the other fields one by one.
void CsvScan::ReadDoubles(const CsvRows& rows, size_t column) {
  const uint32_t field = options_.fields[column];
  if (!options_.numbers.plain() || rows.missing != nullptr) {
    return ParseColumn<double>(rows, column, true, ParseHeldDouble);
  }
  uint32_t starts[kVectorRows];
  uint32_t ends[kVectorRows];
  rows_.ForEachField(rows, field, [&](size_t i, const CsvField& one) {
    starts[i] = static_cast<uint32_t>(one.text.data - rows.data);
    ends[i] = starts[i] + static_cast<uint32_t>(one.text.size);
    return true;
  });
  BeginColumn(column);
  double* const values = reinterpret_cast<double*>(columns_[column].values.get());
  uint64_t others[kVectorRows / 64];
  const size_t count = rows_.count();
  ParseShortDecimals(rows.data, starts, ends, count, values, others);
  const auto parse = [&](size_t i, const CsvField& one, double* value) {
    const Slice text = Plain(one);
    return ParseHeldDouble(text, value) || Refuse(rows, column, i, text);
  };
  for (size_t word = 0; word * 64 < count; word++) {
    for (uint64_t bits = others[word]; bits != 0; bits &= bits - 1) {
      const size_t i = word * 64 + static_cast<size_t>(__builtin_ctzll(bits));
      if (!SetField<double>(rows, column, i, rows_.FieldOf(rows, i, field), parse)) return;
    }
  }
}

void CsvScan::ReadTexts(const CsvRows& rows, size_t column) {
  BeginColumn(column);
  StringView* const values = reinterpret_cast<StringView*>(columns_[column].values.get());
  const char* const readable_end = rows.data + rows.size;
  const auto set = [&](size_t, const CsvField& field, StringView* value) {
    if (field.as_it_stands()) {
      *value = StringView(field.text);
      return true;
    }
    char* const begin = heap_.Allocate(field.text.size);
    char* const end = WriteUndone(field, options_.csv.dialect, begin);
    *value = StringView(Slice(begin, static_cast<size_t>(end - begin)));
    return true;
  };
  rows_.ForEachField(rows, options_.fields[column], [&](size_t i, const CsvField& field) {
    const Slice text = field.text;
    const bool is_plain = field.as_it_stands() && text.size > 0;
    if (!is_plain || readable_end - text.data < kViewReads) return SetField<StringView>(rows, column, i, field, set);
    values[i] = ViewOf(text);
    return true;
  });
}

void CsvScan::ReadBinary(const CsvRows& rows, size_t column) {
  ForEachField<StringView>(rows, column, [&](size_t i, const CsvField& field, StringView* value) {
    const Slice text = Plain(field);
    char* const begin = heap_.Allocate(MaxBase64Bytes(text.size));
    const char* const end = ReadBase64(text, begin);
    if (end == nullptr) return Refuse(rows, column, i, text);
    *value = StringView(Slice(begin, static_cast<size_t>(end - begin)));
    return true;
  });
}

// The field's own bytes; in plain_ if there was something to undo.
Slice CsvScan::Plain(const CsvField& field) {
  if (field.as_it_stands()) return field.text;
  plain_.resize(field.text.size);
  plain_.resize(static_cast<size_t>(WriteUndone(field, options_.csv.dialect, plain_.data()) - plain_.data()));
  return Slice(plain_);
}

}  // namespace

bool HasCsvText(const Type& type) { return !type.is_nested(); }

std::unique_ptr<Mapper> NewCsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink,
                                   BadRecords* bad) {
  return std::make_unique<CsvScan>(options, schema, sink, bad);
}

}  // namespace runjob
