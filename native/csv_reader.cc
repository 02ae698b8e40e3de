#include "csv_reader.h"

#include <cstring>

#include "utf8.h"

namespace runjob {

namespace {

// Text that one enormous row has left behind is given back above this size.
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
  while (i < bytes.size && static_cast<signed char>(bytes.data[i]) >= 0) ++i;
  return i;
}

void AppendDecoded(Slice text, std::u16string* out) {
  const size_t before = out->size();
  // UTF-16 has at most one unit where UTF-8 has a byte.
  out->resize(before + text.size);
  char16_t* to = out->data() + before;
  const char* const end = text.data + text.size;
  for (const char* p = text.data; p < end;) {
    const auto [code_point, length, truncated] = DecodeUtf8(p, end);
    p += length;
    if (code_point < 0x10000) {
      *to++ = static_cast<char16_t>(code_point);
    } else {
      *to++ = static_cast<char16_t>(0xD800 + ((code_point - 0x10000) >> 10));
      *to++ = static_cast<char16_t>(0xDC00 + (code_point & 0x3FF));
    }
  }
  out->resize(static_cast<size_t>(to - out->data()));
}

Slice AppendUndoubled(Slice text, char quote, std::string* out) {
  const size_t before = out->size();
  out->resize(before + text.size);
  char* const begin = out->data() + before;
  const Slice undone(begin, static_cast<size_t>(WriteUndoubled(text, quote, begin) - begin));
  out->resize(before + undone.size);
  return undone;
}

// For a field that cannot be cut out of its row: undone behind the rows, or decoded.
void PlaceField(const CsvField& field, char quote, bool ascii, CsvBlock* out, int32_t* bounds) {
  const size_t at = out->bytes.size();
  const Slice text = field.doubled ? AppendUndoubled(field.text, quote, &out->bytes) : field.text;
  if (ascii) {
    bounds[0] = static_cast<int32_t>(at);
    bounds[1] = static_cast<int32_t>(at + text.size);
    return;
  }
  bounds[0] = ~static_cast<int32_t>(out->wide.size());
  AppendDecoded(text, &out->wide);
  bounds[1] = static_cast<int32_t>(out->wide.size());
  out->bytes.resize(at);
}

// Appends the rows but the blank ones, which stay in `bytes` without a field that refers to them.
void AppendRows(const CsvRows& rows, CsvBlock* out) {
  const uint32_t begin = rows.row_start(0);
  const Slice all(rows.data + begin, rows.field_ends[rows.row_ends[rows.count - 1] - 1] - begin);
  const size_t shift = out->bytes.size();
  out->bytes.append(all.data, all.size);

  const size_t fields_before = out->fields.size();
  const size_t rows_before = out->rows.size();
  out->fields.resize(fields_before + 2 * (rows.row_ends[rows.count - 1] - rows.first_field));
  out->rows.resize(rows_before + rows.count);
  out->row_ends.resize(rows_before + rows.count);
  int32_t* bounds = out->fields.data() + fields_before;
  CsvBlock::Row* row_out = out->rows.data() + rows_before;
  uint32_t* row_end = out->row_ends.data() + rows_before;
  size_t non_ascii = FindNonAscii(all, 0);
  for (size_t r = 0; r < rows.count; ++r) {
    if (rows.blank(r)) continue;
    const uint32_t last = rows.row_ends[r] - 1;
    for (uint32_t i = rows.row_first_field(r); i <= last; ++i, bounds += 2) {
      const CsvField field = rows.Field(rows.field_ends + i, i == last);
      const size_t start = static_cast<size_t>(field.text.data - all.data);
      const size_t end = start + field.text.size;
      if (non_ascii < start) [[unlikely]] non_ascii = FindNonAscii(all, start);
      const bool ascii = non_ascii >= end;
      if (!ascii || field.doubled) [[unlikely]] {
        PlaceField(field, static_cast<char>(rows.quote), ascii, out, bounds);
        continue;
      }
      bounds[0] = static_cast<int32_t>(start + shift);
      bounds[1] = static_cast<int32_t>(end + shift);
    }
    const Slice row = rows.row(r);
    *row_end++ = static_cast<uint32_t>((bounds - out->fields.data()) / 2);
    *row_out++ = {rows.row_offset(r), static_cast<uint32_t>(row.data - all.data + shift),
                  static_cast<uint32_t>(row.size)};
  }
  out->fields.resize(static_cast<size_t>(bounds - out->fields.data()));
  out->rows.resize(static_cast<size_t>(row_out - out->rows.data()));
  out->row_ends.resize(out->rows.size());
}

}  // namespace

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
  while (scanner_.Next(&rows)) AppendRows(rows, out);
  *done = scanner_.done();
  return scanner_.status();
}

}  // namespace runjob
