// As fields.cc, a batch of rows at a time and column by column: the branches are the same for a whole column.

#include "csv/csv_columns.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/base64.h"
#include "column/add_rows.h"
#include "column/text.h"
#include "column/text_heap.h"
#include "csv/csv_scan.h"

namespace runjob {

namespace {

class CsvScan final : public Mapper {
 public:
  CsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink);

  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) override;

 private:
  struct Column {
    std::unique_ptr<char[]> values;
    uint64_t validity[kVectorRows / 64];
  };

  Status AddRows(const CsvRows& rows);
  size_t GatherBatch(const CsvRows& rows, size_t from);
  void CountDropped(size_t end);
  bool AllFit(const CsvRows& rows, size_t from, size_t count) const;
  bool FitsFile(const CsvRows& rows, size_t r);
  void ReadColumn(const CsvRows& rows, size_t column);
  template <class T, class Parse>
  void ParseColumn(const CsvRows& rows, size_t column, bool is_number, const Parse& parse);
  void ReadTexts(const CsvRows& rows, size_t column);
  void ReadBinary(const CsvRows& rows, size_t column);
  template <class T, class Set>
  void ForEachField(const CsvRows& rows, size_t column, const Set& set);
  Slice Plain(const CsvField& field);
  void CutAt(size_t row, const CsvRows& rows, const char* code, std::string detail);

  size_t RowOf(size_t i) const { return width_ != 0 ? from_ + i : rows_[i]; }
  uint32_t first_field(size_t i) const {
    return width_ != 0 ? first_field_ + static_cast<uint32_t>(i) * width_ : first_fields_[i];
  }
  // A field that the row does not have is empty.
  CsvField FieldOf(const CsvRows& rows, size_t i, uint32_t field) const {
    const uint32_t width = width_ != 0 ? width_ : widths_[i];
    const uint32_t* const ends = rows.field_ends + first_field(i);
    if (field >= width) return CsvField{Slice(rows.data + ends[width - 1], 0)};
    return rows.FieldAt(ends + field, field + 1 == width);
  }

  const CsvColumnsOptions options_;
  const Schema& schema_;
  ColumnSink* const sink_;
  CsvScanner scanner_;
  bool header_pending_;
  uint32_t needed_fields_ = 0;

  // The batch at work: count_ rows. As a rule they follow one another from row from_ on and have width_ fields each, from
  // first_field_ on; otherwise width_ is 0 and the arrays say where. A bad row ends the batch before that row; error_ says why.
  size_t from_ = 0;
  size_t count_ = 0;
  uint32_t width_ = 0;
  uint32_t first_field_ = 0;
  uint32_t first_fields_[kVectorRows];
  uint32_t widths_[kVectorRows];
  uint32_t rows_[kVectorRows];
  Status error_;
  std::vector<size_t> dropped_;  // rows among them
  std::vector<Column> columns_;
  Batch batch_;
  TextHeap heap_;
  std::string plain_;
  std::string respelled_;
};

CsvScan::CsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink)
    : options_(options),
      schema_(schema),
      sink_(sink),
      scanner_(options.csv, &bad_),
      header_pending_(options.skip_header),
      columns_(schema.size()) {
  for (const uint32_t field : options_.fields) needed_fields_ = std::max(needed_fields_, field + 1);
  batch_.columns.resize(schema.size());
  for (size_t c = 0; c < schema.size(); c++) {
    columns_[c].values = std::make_unique<char[]>(kVectorRows * schema[c].type.width());
    batch_.columns[c].type = &schema[c].type;
    batch_.columns[c].values = columns_[c].values.get();
  }
}

Status CsvScan::Push(Slice chunk, uint64_t limit, bool last, bool* done) {
  const size_t bad_before = bad_.size();
  scanner_.Feed(chunk, limit, last);
  CsvRows rows;
  Status status;
  while (status.ok() && !sink_->done() && scanner_.Next(&rows)) status = AddRows(rows);
  records_in_ += bad_.size() - bad_before;
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
    next = GatherBatch(rows, next);
    heap_.Clear();
    for (size_t c = 0; c < columns_.size(); c++) ReadColumn(rows, c);
    batch_.rows = batch_.count = count_;
    BadRecords* const bad = options_.csv.keep_bad ? &bad_ : nullptr;
    const size_t bad_before = bad_.size();
    const auto place_of = [&](size_t i) { return RecordPlace{rows.row_offset(RowOf(i)), rows.row(RowOf(i))}; };
    Status status = runjob::AddRows(batch_, place_of, sink_, bad, &records_out_);
    // Bad ones are counted by Push.
    records_in_ += count_ - (bad_.size() - bad_before);
    if (status.ok()) {
      status = std::exchange(error_, Status::Ok());
      if (sink_->done()) status = Status::Ok();
      CountDropped(status.ok() ? rows.count : RowOf(count_));
    }
    if (status.ok()) continue;
    if (status.offset() >= 0) position_ = static_cast<uint64_t>(status.offset());
    if (bad == nullptr || status.offset() < 0) return status;
    const size_t row = RowOf(count_);
    bad_.push_back(BadRecord{std::move(status), Excerpt(rows.row(row))});
    next = row + 1;
  }
  return Status::Ok();
}

// Rows of the batch that were dropped before row `end`, where the next batch begins.
void CsvScan::CountDropped(size_t end) {
  const auto dropped =
      static_cast<uint64_t>(std::count_if(dropped_.begin(), dropped_.end(), [end](size_t row) { return row < end; }));
  records_dropped_ += dropped;
  records_in_ += dropped;
}

// Whether `count` rows of width_ fields each have what is asked of them.
bool CsvScan::AllFit(const CsvRows& rows, size_t from, size_t count) const {
  const CsvReadOptions& csv = options_.csv;
  if (width_ < needed_fields_ || width_ < csv.least_columns) return false;
  if (csv.columns == 0 || width_ <= csv.columns) return true;
  for (size_t r = from; r < from + count; r++) {
    if (!rows.EndsEmpty(r, csv.columns)) return false;
  }
  return true;
}

// Takes up to kVectorRows rows from row `from` on; returns the row after the last one taken.
size_t CsvScan::GatherBatch(const CsvRows& rows, size_t from) {
  const size_t want = std::min(kVectorRows, rows.count - from);
  from_ = from;
  dropped_.clear();
  first_field_ = rows.row_first_field(from);
  width_ = rows.row_width(from);
  if (width_ > 1) {
    uint32_t ragged = 0;
    for (size_t i = 0; i < want; i++) {
      ragged |= rows.row_ends[from + i] ^ (first_field_ + (static_cast<uint32_t>(i) + 1) * width_);
    }
    if (ragged == 0 && AllFit(rows, from, want)) {
      count_ = want;
      return from + want;
    }
  }

  width_ = 0;
  count_ = 0;
  for (size_t r = from; r < from + want; r++) {
    if (rows.blank(r)) continue;
    first_fields_[count_] = rows.row_first_field(r);
    widths_[count_] = rows.row_width(r);
    rows_[count_] = static_cast<uint32_t>(r);
    if (FitsFile(rows, r)) {
      count_++;
    } else if (!error_.ok()) {
      break;
    }
  }
  return from + want;
}

// Whether row r has the fields that it must have. If not, error_ says why, unless such rows are left out.
bool CsvScan::FitsFile(const CsvRows& rows, size_t r) {
  const CsvReadOptions& csv = options_.csv;
  const uint32_t width = rows.row_width(r);
  if (csv.ragged == RaggedRows::kFill) return true;
  Status misfit;
  if (csv.columns != 0) {
    if (width <= csv.columns && width >= csv.least_columns) return true;
    misfit = CheckWidth(rows, r, csv);
  } else if (width < needed_fields_) {
    misfit = Status::BadRecord("CSV_SHORT_ROW",
                               "row has " + std::to_string(width) + (width == 1 ? " column" : " columns") +
                                   ", column " + std::to_string(needed_fields_) + " is needed",
                               static_cast<int64_t>(rows.row_offset(r)));
  }
  if (misfit.ok()) return true;
  if (csv.ragged == RaggedRows::kDrop) {
    dropped_.push_back(r);
  } else {
    error_ = std::move(misfit);
  }
  return false;
}

// Calls set(i, text, &value) for each field that is not empty, until it returns false.
template <class T, class Set>
inline void CsvScan::ForEachField(const CsvRows& rows, size_t column, const Set& set) {
  T* const values = reinterpret_cast<T*>(columns_[column].values.get());
  uint64_t* const validity = columns_[column].validity;
  const uint32_t field = options_.fields[column];
  bool any_null = false;
  for (size_t word = 0; word * 64 < count_; word++) {
    uint64_t valid = 0;
    for (size_t i = word * 64; i < std::min(count_, word * 64 + 64); i++) {
      const CsvField text = FieldOf(rows, i, field);
      if (text.text.size > 0) {
        if (!set(i, text, &values[i])) break;
        valid |= uint64_t{1} << (i % 64);
      } else {
        values[i] = T();
        any_null = true;
        if (!schema_[column].nullable) {
          CutAt(i, rows, "CELL_INVALID",
                "column \"" + schema_[column].name + "\" has no value here, and is not nullable");
          break;
        }
      }
    }
    validity[word] = valid;
  }
  batch_.columns[column].validity = any_null ? validity : nullptr;
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
    if (parse(text, value)) return true;
    CutAt(i, rows, "CELL_INVALID", BadCell(schema_[column], plain));
    return false;
  });
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
      return ParseColumn<double>(rows, column, true, ParseHeldDouble);
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

void CsvScan::ReadTexts(const CsvRows& rows, size_t column) {
  ForEachField<StringView>(rows, column, [&](size_t, const CsvField& field, StringView* value) {
    if (field.as_it_stands()) {
      *value = StringView(field.text);
      return true;
    }
    char* const begin = heap_.Allocate(field.text.size);
    char* const end = WriteUndone(field, options_.csv.dialect, begin);
    *value = StringView(Slice(begin, static_cast<size_t>(end - begin)));
    return true;
  });
}

void CsvScan::ReadBinary(const CsvRows& rows, size_t column) {
  ForEachField<StringView>(rows, column, [&](size_t i, const CsvField& field, StringView* value) {
    const Slice text = Plain(field);
    char* const begin = heap_.Allocate(MaxBase64Bytes(text.size));
    const char* const end = ReadBase64(text, begin);
    if (end == nullptr) {
      CutAt(i, rows, "CELL_INVALID", BadCell(schema_[column], text));
      return false;
    }
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

void CsvScan::CutAt(size_t i, const CsvRows& rows, const char* code, std::string detail) {
  count_ = i;
  error_ = Status::BadRecord(code, std::move(detail), static_cast<int64_t>(rows.row_offset(RowOf(i))));
}

}  // namespace

bool HasCsvText(const Type& type) { return !type.is_nested(); }

std::unique_ptr<Mapper> NewCsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink) {
  return std::make_unique<CsvScan>(options, schema, sink);
}

}  // namespace runjob
