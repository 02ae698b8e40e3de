#include "csv/csv_reader.h"

#include <cstring>

#include "base/utf16.h"

namespace runjob {

namespace {

// After an enormous row, text above this size is given back.
constexpr size_t kKeepBytes = 4 << 20;
constexpr uint64_t kHighBits = 0x8080808080808080u;

// The first byte at `from` or after it that is not ASCII; the end if all are.
size_t FindNonAscii(Slice bytes, size_t from) {
  size_t i = from;
  for (; i + 32 <= bytes.size; i += 32) {
    uint64_t words[4];
    std::memcpy(words, bytes.data + i, sizeof(words));
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
  }
  while (i < bytes.size && static_cast<signed char>(bytes.data[i]) >= 0) i++;
  return i;
}

Slice AppendUndone(const CsvField& field, CsvDialect dialect, std::string* out) {
  const size_t before = out->size();
  out->resize(before + field.text.size);
  char* const begin = out->data() + before;
  const Slice undone(begin, static_cast<size_t>(WriteUndone(field, dialect, begin) - begin));
  out->resize(before + undone.size);
  return undone;
}

// For a field that cannot be a slice of its row: written after the rows, with quotes undone, or decoded.
void PlaceField(const CsvField& field, CsvDialect dialect, bool ascii, CsvBlock* out, int32_t* bounds) {
  const size_t at = out->bytes.size();
  const Slice text = field.as_it_stands() ? field.text : AppendUndone(field, dialect, &out->bytes);
  if (ascii) {
    bounds[0] = static_cast<int32_t>(at);
    bounds[1] = static_cast<int32_t>(at + text.size);
    return;
  }
  bounds[0] = ~static_cast<int32_t>(out->wide.size());
  AppendUtf16(text, &out->wide);
  bounds[1] = static_cast<int32_t>(out->wide.size());
  out->bytes.resize(at);
}

}  // namespace

// Whether to return row r. A bad one that ends the reading sets *status.
bool CsvReader::Takes(const CsvRows& rows, size_t r, Status* status) {
  Status misfit = CheckWidth(rows, r, options_);
  if (misfit.ok()) return true;
  if (options_.ragged == RaggedRows::kDrop) {
    records_dropped_++;
  } else if (options_.keep_bad) {
    bad_.Add(BadRecord{std::move(misfit), Excerpt(rows.row(r))});
  } else {
    *status = std::move(misfit);
  }
  return false;
}

// Appends the rows but the blank ones and those that do not count, which stay in `bytes` without a field that refers to
// them.
Status CsvReader::AppendRows(const CsvRows& rows, CsvBlock* out) {
  const uint32_t begin = rows.row_start(0);
  const Slice all(rows.data + begin, rows.field_ends[rows.row_ends[rows.count - 1] - 1] - begin);
  const size_t shift = out->bytes.size();
  out->bytes.append(all.data, all.size);

  const size_t fields_before = out->fields.size();
  const size_t rows_before = out->rows.size();
  const size_t columns = options_.columns;
  const size_t most_fields = std::max<size_t>(rows.row_ends[rows.count - 1] - rows.first_field, rows.count * columns);
  out->fields.resize(fields_before + 2 * most_fields);
  out->rows.resize(rows_before + rows.count);
  out->row_ends.resize(rows_before + rows.count);
  int32_t* bounds = out->fields.data() + fields_before;
  CsvBlock::Row* row_out = out->rows.data() + rows_before;
  uint32_t* row_end = out->row_ends.data() + rows_before;
  size_t non_ascii = FindNonAscii(all, 0);
  Status status = Status::Ok();
  for (size_t r = 0; r < rows.count; r++) {
    if (rows.blank(r)) continue;
    if (!Takes(rows, r, &status)) {
      if (status.ok()) continue;
      break;
    }
    const uint32_t first = rows.row_first_field(r);
    const uint32_t last = rows.row_ends[r] - 1;
    const uint32_t end_field = columns == 0 ? last + 1 : first + std::min<uint32_t>(last + 1 - first, options_.columns);
    for (uint32_t i = first; i < end_field; i++, bounds += 2) {
      const CsvField field = rows.FieldAt(rows.field_ends + i, i == last);
      const size_t start = static_cast<size_t>(field.text.data - all.data);
      const size_t end = start + field.text.size;
      if (non_ascii < start) [[unlikely]] {
        non_ascii = FindNonAscii(all, start);
      }
      const bool ascii = non_ascii >= end;
      if (!ascii || !field.as_it_stands()) [[unlikely]] {
        PlaceField(field, rows.dialect, ascii, out, bounds);
        continue;
      }
      bounds[0] = static_cast<int32_t>(start + shift);
      bounds[1] = static_cast<int32_t>(end + shift);
    }
    for (size_t i = end_field - first; i < columns; i++, bounds += 2) {
      bounds[0] = bounds[1] = static_cast<int32_t>(shift);
    }
    const Slice row = rows.row(r);
    *row_end++ = static_cast<uint32_t>((bounds - out->fields.data()) / 2);
    *row_out++ = {rows.row_offset(r), static_cast<uint32_t>(row.data - all.data + shift),
                  static_cast<uint32_t>(row.size)};
  }
  out->fields.resize(static_cast<size_t>(bounds - out->fields.data()));
  out->rows.resize(static_cast<size_t>(row_out - out->rows.data()));
  out->row_ends.resize(out->rows.size());
  return status;
}

void CsvBlock::Clear() {
  if (bytes.capacity() > kKeepBytes) std::string().swap(bytes);
  if (wide.capacity() > kKeepBytes) std::u16string().swap(wide);
  bytes.clear();
  wide.clear();
  row_ends.clear();
  fields.clear();
  rows.clear();
}

Status CsvReader::Push(Slice chunk, uint64_t limit, bool last, CsvBlock* out, bool* done) {
  out->Clear();
  if (chunk.size > kMaxCsvTextChunkBytes) {
    *done = false;
    return Status::Error("BAD_ARGUMENT", "a chunk of CSV to be read as text must not be larger than 1 MiB");
  }
  scanner_.Feed(chunk, limit, last);
  CsvRows rows;
  while (scanner_.Next(&rows)) {
    Status status = AppendRows(rows, out);
    if (status.ok()) continue;
    position_ = static_cast<uint64_t>(status.offset());
    *done = false;
    return status;
  }
  position_ = scanner_.position();
  *done = scanner_.done();
  return scanner_.status();
}

}  // namespace runjob
