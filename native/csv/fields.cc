// Columns of CSV rows as records. Works on batches of rows, column by column: the loops are short, their branches
// are the same for the whole column, and the collector overlaps the cache misses of 512 independent keys.

#include "csv/fields.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "csv/csv_batch.h"
#include "csv/csv_scan.h"
#include "record/key_encoding.h"
#include "text/text_write.h"

namespace runjob {

namespace {

constexpr size_t kBatchRows = 512;
constexpr size_t kQuotedTextBytes = 60;       // of a bad value, in the error's detail
constexpr size_t kKeepColumnBytes = 4 << 20;  // after an enormous record, what is beyond is given back
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// The bytes of one column of a batch. Not std::string: growing does not clear, and copies may overrun the end.
class ByteColumn {
 public:
  void Clear() {
    size_ = 0;
    if (capacity_ > kKeepColumnBytes) {
      data_.reset();
      capacity_ = 0;
    }
  }

  // Room for `bytes` more, and for kBatchPadding, whose content means nothing.
  char* Reserve(size_t bytes) {
    if (size_ + bytes + kBatchPadding > capacity_) {
      capacity_ = std::max(2 * capacity_, size_ + bytes + kBatchPadding);
      std::unique_ptr<char[]> grown = std::make_unique_for_overwrite<char[]>(capacity_);
      if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
      data_ = std::move(grown);
    }
    return data_.get() + size_;
  }
  void SetEnd(const char* end) { size_ = static_cast<size_t>(end - data_.get()); }

  void Append(Slice bytes) {
    char* out = Reserve(bytes.size);
    if (bytes.size > 0) std::memcpy(out, bytes.data, bytes.size);
    size_ += bytes.size;
  }

  const char* data() const { return data_.get(); }
  size_t size() const { return size_; }

  uint32_t ends[kBatchRows];  // one per record

 private:
  std::unique_ptr<char[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// What is wrong with a value, and where: column numbers start at 1, as people count.
std::string BadNumber(Slice text, uint32_t column) {
  size_t size = std::min(text.size, kQuotedTextBytes);
  // Not in the middle of a UTF-8 character.
  while (size > 0 && size < text.size && (static_cast<unsigned char>(text.data[size]) & 0xC0) == 0x80) size--;
  return "column " + std::to_string(column + 1) +
         (IsDecimal(text) ? " is beyond what a double holds: \"" : " is not a number: \"") +
         std::string(text.data, size) + (size < text.size ? "..." : "") + "\"";
}

bool Contains(Slice text, char byte) { return !text.empty() && std::memchr(text.data, byte, text.size) != nullptr; }

// Copies mostly short data 32 bytes at a time, whatever its length: the target has room, the source is checked.
inline char* CopyShort(char* to, Slice text, const char* readable_end) {
  if (text.size <= 32 && readable_end - text.data >= 32) [[likely]] {
    std::memcpy(to, text.data, 16);
    std::memcpy(to + 16, text.data + 16, 16);
  } else if (text.size > 0) {
    std::memcpy(to, text.data, text.size);
  }
  return to + text.size;
}

uint64_t NeededFields(const FieldsOptions& options) {
  uint64_t needed = 0;
  const auto need = [&](const std::vector<uint32_t>& columns) {
    for (const uint32_t column : columns) needed = std::max(needed, uint64_t{column} + 1);
  };
  need(options.keys);
  for (const FieldsOptions::Value& value : options.values) need(value.columns);
  return needed;
}

class FieldsMapper : public Mapper {
 public:
  FieldsMapper(const FieldsOptions& options, BatchSink* sink);

  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) override;

 private:
  // Consecutive columns, from `first` to `last`.
  struct Stretch {
    uint32_t first;
    uint32_t last;
  };
  struct Column {
    std::vector<double> numbers;
    ByteColumn bytes;
    std::vector<Stretch> stretches;  // what a row is made of
  };

  static std::vector<Stretch> StretchesOf(const std::vector<uint32_t>& columns);

  Status AddRows(const CsvRows& rows);
  void AddKeys(const CsvRows& rows);
  void AddNumbers(const CsvRows& rows, uint32_t column, double* numbers);
  bool BoundKeys(const CsvRows& rows, uint32_t column);
  void CopyFields(const CsvRows& rows, uint32_t column, Slice tail, ByteColumn* out);
  bool CopyStretches(const CsvRows& rows, const std::vector<Stretch>& stretches, ByteColumn* out);
  void CopyRows(const CsvRows& rows, const std::vector<uint32_t>& columns, ByteColumn* out);
  Slice BatchText(const CsvRows& rows) const;
  bool IsPlain(Slice text) const;
  bool SetEnd(const CsvRows& rows, size_t i, ByteColumn* out);
  Slice Plain(const CsvField& field);
  void Respell(const CsvRows& rows, uint32_t column, const char** data, uint32_t* starts, uint32_t* ends);
  Status Flush();

  const FieldsOptions options_;
  BatchSink* const sink_;
  CsvScanner scanner_;
  bool header_pending_;
  CsvBatch rows_;
  const char* key_text_ = nullptr;  // what key_bounds_ count from; null: the keys are in keys_
  uint32_t key_bounds_[2 * kBatchRows];
  ByteColumn keys_;
  std::vector<Column> columns_;
  std::vector<ValueColumn> views_;
  std::string tuple_;
  std::string key_;
  std::string plain_;
  ByteColumn respelled_;
};

FieldsMapper::FieldsMapper(const FieldsOptions& options, BatchSink* sink)
    : options_(options),
      sink_(sink),
      scanner_(options.csv, &bad_),
      header_pending_(options.skip_header),
      rows_(options_.csv, NeededFields(options), kBatchRows),
      columns_(options.values.size()),
      views_(options.values.size()) {
  for (size_t i = 0; i < options_.values.size(); i++) {
    views_[i].kind = options_.values[i].kind;
    if (options_.values[i].kind == ValueKind::kNumber) columns_[i].numbers.resize(kBatchRows);
    if (options_.values[i].row) columns_[i].stretches = StretchesOf(options_.values[i].columns);
  }
}

Status FieldsMapper::Push(Slice chunk, uint64_t limit, bool last, bool* done) {
  const uint64_t bad_before = bad_.of_input();
  scanner_.Feed(chunk, limit, last);
  CsvRows rows;
  while (scanner_.Next(&rows)) RUNJOB_RETURN_IF_ERROR(AddRows(rows));
  records_in_ += bad_.of_input() - bad_before;
  position_ = scanner_.position();
  *done = scanner_.done();
  return scanner_.status();
}

Status FieldsMapper::AddRows(const CsvRows& rows) {
  size_t next = 0;
  while (header_pending_ && next < rows.count) {
    if (!rows.blank(next)) header_pending_ = false;
    next++;
  }
  while (next < rows.count) {
    next = rows_.Gather(rows, next);
    AddKeys(rows);
    for (size_t i = 0; i < columns_.size(); i++) {
      const FieldsOptions::Value& value = options_.values[i];
      if (value.kind == ValueKind::kNumber) {
        AddNumbers(rows, value.columns[0], columns_[i].numbers.data());
      } else if (!value.row) {
        CopyFields(rows, value.columns[0], Slice(), &columns_[i].bytes);
      } else if (!CopyStretches(rows, columns_[i].stretches, &columns_[i].bytes)) {
        CopyRows(rows, value.columns, &columns_[i].bytes);
      }
    }
    Status status = Flush();
    if (status.ok() || status.offset() >= 0) {
      const size_t dropped = rows_.CountDropped(status.ok() ? rows.count : rows_.row(rows_.count()));
      records_dropped_ += dropped;
      records_in_ += dropped;
    }
    if (status.ok()) continue;
    if (!options_.csv.keep_bad || status.offset() < 0) return status;
    const size_t bad = rows_.row(rows_.count());
    bad_.Add(BadRecord{std::move(status), Excerpt(rows.row(bad))});
    next = bad + 1;
  }
  return Status::Ok();
}

// The key of one column is the field itself, with a tag after it in a join; without a zero byte there is nothing to
// escape. Otherwise it is put together from parts (key_encoding.h).
void FieldsMapper::AddKeys(const CsvRows& rows) {
  key_text_ = nullptr;
  if (options_.keys.size() == 1 && options_.tag < 0) {
    if (!BoundKeys(rows, options_.keys[0])) CopyFields(rows, options_.keys[0], Slice(), &keys_);
    return;
  }
  if (options_.keys.size() == 1 && !Contains(BatchText(rows), '\0')) {
    const char tail[] = {'\0', '\x01', static_cast<char>(options_.tag)};
    CopyFields(rows, options_.keys[0], Slice(tail, sizeof(tail)), &keys_);
    return;
  }
  keys_.Clear();
  for (size_t i = 0; i < rows_.count(); i++) {
    Slice key;
    if (options_.keys.size() == 1) {
      key = Plain(rows_.FieldOf(rows, i, options_.keys[0]));
    } else {
      tuple_.clear();
      for (const uint32_t column : options_.keys) AppendPrefix(Plain(rows_.FieldOf(rows, i, column)), &tuple_);
      key = Slice(tuple_);
    }
    if (options_.tag >= 0) {
      key_.clear();
      AppendPrefix(key, &key_);
      key_.push_back(static_cast<char>(options_.tag));
      key = Slice(key_);
    }
    keys_.Append(key);
    if (!SetEnd(rows, i, &keys_)) return;
  }
}

// Leaves the keys in place if possible; false if they must be copied.
bool FieldsMapper::BoundKeys(const CsvRows& rows, uint32_t column) {
  if (!sink_->takes_bounds() || rows_.count() == 0) return false;
  const char* const data = rows.data;
  bool as_they_stand = true;
  rows_.ForEachField(rows, column, [&](size_t i, CsvField field) {
    key_bounds_[2 * i] = static_cast<uint32_t>(field.text.data - data);
    key_bounds_[2 * i + 1] = key_bounds_[2 * i] + static_cast<uint32_t>(field.text.size);
    as_they_stand &= field.as_it_stands();
    return true;
  });
  if (!as_they_stand || key_bounds_[2 * rows_.count() - 1] + kBatchPadding > rows.size) return false;
  key_text_ = data;
  return true;
}

void FieldsMapper::AddNumbers(const CsvRows& rows, uint32_t column, double* numbers) {
  uint32_t starts[kBatchRows];
  uint32_t ends[kBatchRows];
  const char* data = rows.data;
  if (!options_.numbers.plain() || rows.missing != nullptr) {
    Respell(rows, column, &data, starts, ends);
  } else {
    rows_.ForEachField(rows, column, [&](size_t i, CsvField field) {
      starts[i] = static_cast<uint32_t>(field.text.data - data);
      ends[i] = starts[i] + static_cast<uint32_t>(field.text.size);
      return true;
    });
  }
  uint64_t others[kBatchRows / 64];
  ParseShortDecimals(data, starts, ends, rows_.count(), numbers, others);
  for (size_t word = 0; word * 64 < rows_.count(); word++) {
    for (uint64_t bits = others[word]; bits != 0; bits &= bits - 1) {
      const size_t i = word * 64 + static_cast<size_t>(__builtin_ctzll(bits));
      const Slice text(data + starts[i], ends[i] - starts[i]);
      numbers[i] = kMissing;
      if (!text.empty() && !ParseNumber(text, &numbers[i])) {
        const char* const code = IsDecimal(text) ? "NUMBER_TOO_LARGE" : "CSV_BAD_NUMBER";
        rows_.CutAt(i, rows, code, BadNumber(Plain(rows_.FieldOf(rows, i, column)), column));
        return;
      }
    }
  }
}

// The column's numbers as ParseNumber reads them. A text that is none of its spelling becomes one that is none of any.
void FieldsMapper::Respell(const CsvRows& rows, uint32_t column, const char** data, uint32_t* starts, uint32_t* ends) {
  // The parser may read the bytes before the first.
  constexpr uint32_t kBefore = 8;
  respelled_.Clear();
  const size_t most = BatchText(rows).size + rows_.count() + kBefore;
  char* p = respelled_.Reserve(most);
  const char* const begin = p;
  std::memset(p, ' ', kBefore);
  p += kBefore;
  rows_.ForEachField(rows, column, [&](size_t i, const CsvField& field) {
    starts[i] = static_cast<uint32_t>(p - begin);
    p = RespellNumber(Plain(field), options_.numbers, p);
    ends[i] = static_cast<uint32_t>(p - begin);
    return true;
  });
  respelled_.SetEnd(p);
  *data = begin;
}

// From the first row's first byte to the last row's last one.
Slice FieldsMapper::BatchText(const CsvRows& rows) const {
  if (rows_.count() == 0) return Slice();
  const size_t last = rows_.count() - 1;
  const uint32_t start = rows.field_start(rows_.first_field(0));
  return Slice(rows.data + start, rows.field_ends[rows_.first_field(last) + rows_.width(last) - 1] - start);
}

// Copies one column, and `tail` after each field.
void FieldsMapper::CopyFields(const CsvRows& rows, uint32_t column, Slice tail, ByteColumn* out) {
  out->Clear();
  if (rows_.count() == 0) return;
  // No field is longer than its row.
  char* p = out->Reserve(BatchText(rows).size + rows_.count() * tail.size);
  const char* const begin = p;
  uint32_t* const ends = out->ends;
  const char* const readable_end = rows.data + rows.size;
  const CsvDialect dialect = rows.dialect;
  char tail_bytes[4] = {};
  if (tail.size > 0) std::memcpy(tail_bytes, tail.data, tail.size);
  rows_.ForEachField(rows, column, [&](size_t i, CsvField field) {
    p = field.as_it_stands() ? CopyShort(p, field.text, readable_end) : WriteUndone(field, dialect, p);
    std::memcpy(p, tail_bytes, sizeof(tail_bytes));
    p += tail.size;
    ends[i] = static_cast<uint32_t>(p - begin);
    return true;
  });
  out->SetEnd(p);
}

std::vector<FieldsMapper::Stretch> FieldsMapper::StretchesOf(const std::vector<uint32_t>& columns) {
  std::vector<Stretch> stretches;
  for (const uint32_t column : columns) {
    if (!stretches.empty() && stretches.back().last + 1 == column) {
      stretches.back().last = column;
    } else {
      stretches.push_back({column, column});
    }
  }
  return stretches;
}

// A byte-order mark, which WriteCsvField quotes. Its first byte is rare: most text is only searched for that.
bool HasByteOrderMark(Slice text) {
  return Contains(text, '\xEF') && ::memmem(text.data, text.size, "\xEF\xBB\xBF", 3) != nullptr;
}

// Whether rows of `text` can be written unchanged: no field has quotes, or needs them.
bool FieldsMapper::IsPlain(Slice text) const {
  const CsvDialect& dialect = options_.csv.dialect;
  const bool odd_fields = dialect.escape >= 0 || dialect.trim || !options_.csv.missing.empty();
  return dialect.delimiter == ',' && !odd_fields && !Contains(text, '"') && !Contains(text, '\r') &&
         !HasByteOrderMark(text) &&
         (dialect.quote < 0 || dialect.quote == '"' || !Contains(text, static_cast<char>(dialect.quote)));
}

// Copies adjacent columns in one piece, with the delimiters between them. False, without an effect, unless all rows
// of the batch are alike and need no rewriting.
bool FieldsMapper::CopyStretches(const CsvRows& rows, const std::vector<Stretch>& stretches, ByteColumn* out) {
  const Slice batch = BatchText(rows);
  const size_t most = (batch.size + rows_.count()) * stretches.size();
  if (rows_.width() == 0 || rows_.count() == 0 || most > kKeepColumnBytes || !IsPlain(batch)) return false;
  out->Clear();
  char* p = out->Reserve(most);
  const char* const begin = p;
  const char* const data = rows.data;
  const char* const readable_end = data + rows.size;
  const uint32_t* ends = rows.field_ends + rows_.first_field(0);
  for (size_t i = 0; i < rows_.count(); i++, ends += rows_.width()) {
    for (const Stretch& stretch : stretches) {
      const uint32_t from = *(ends + stretch.first - 1) + 1;
      p = CopyShort(p, Slice(data + from, ends[stretch.last] - from), readable_end);
      *p++ = ',';
    }
    if (!stretches.empty()) p--;
    out->ends[i] = static_cast<uint32_t>(p - begin);
  }
  out->SetEnd(p);
  return true;
}

void FieldsMapper::CopyRows(const CsvRows& rows, const std::vector<uint32_t>& columns, ByteColumn* out) {
  out->Clear();
  for (size_t i = 0; i < rows_.count(); i++) {
    for (size_t c = 0; c < columns.size(); c++) {
      const Slice text = Plain(rows_.FieldOf(rows, i, columns[c]));
      char* p = out->Reserve(MaxFieldText(text.size) + 1);
      if (c > 0) *p++ = ',';
      out->SetEnd(WriteCsvField(text, ',', p));
    }
    if (!SetEnd(rows, i, out)) return;
  }
}

// Ends record i of a column made of parts, which may be longer than its row. False if an end no longer fits.
bool FieldsMapper::SetEnd(const CsvRows& rows, size_t i, ByteColumn* out) {
  if (out->size() > std::numeric_limits<uint32_t>::max()) {
    rows_.CutAt(i, rows, "RECORD_TOO_LARGE", "a key or value made of several columns is longer than 4 GiB");
    return false;
  }
  out->ends[i] = static_cast<uint32_t>(out->size());
  return true;
}

// The field's own bytes; in plain_ if there was something to undo.
Slice FieldsMapper::Plain(const CsvField& field) {
  if (field.as_it_stands()) return field.text;
  plain_.resize(field.text.size);
  plain_.resize(static_cast<size_t>(WriteUndone(field, options_.csv.dialect, plain_.data()) - plain_.data()));
  return Slice(plain_);
}

// Passes the batch on; then reports the bad row that ended it, if any.
Status FieldsMapper::Flush() {
  if (rows_.count() > 0) {
    for (size_t i = 0; i < columns_.size(); i++) {
      views_[i].numbers = columns_[i].numbers.data();
      views_[i].bytes = columns_[i].bytes.data();
      views_[i].ends = columns_[i].bytes.ends;
    }
    RecordBatch batch;
    batch.count = rows_.count();
    batch.key_bytes = key_text_ != nullptr ? key_text_ : keys_.data();
    batch.key_ends = keys_.ends;
    batch.key_bounds = key_text_ != nullptr ? key_bounds_ : nullptr;
    batch.columns = views_.data();
    batch.column_count = views_.size();
    RUNJOB_RETURN_IF_ERROR(sink_->Add(batch));
    records_in_ += rows_.count();
    records_out_ += rows_.count();
  }
  Status error = rows_.TakeError();
  if (!error.ok()) position_ = static_cast<uint64_t>(error.offset());
  return error;
}

}  // namespace

std::unique_ptr<Mapper> NewFieldsMapper(const FieldsOptions& options, BatchSink* sink) {
  return std::make_unique<FieldsMapper>(options, sink);
}

}  // namespace runjob
