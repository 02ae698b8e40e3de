#include "csv_reader.h"

namespace runjob {

namespace {

bool IsAscii(const std::string& bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  uint64_t seen = 0;
  for (; end - p >= 32; p += 32) {
    uint64_t words[4];
    std::memcpy(words, p, sizeof(words));
    seen |= words[0] | words[1] | words[2] | words[3];
  }
  for (; p < end; ++p) seen |= static_cast<unsigned char>(*p);
  return (seen & 0x8080808080808080u) == 0;
}

// Appends the rows but the blank ones, which stay in `bytes` without a field that refers to them.
void AppendRows(const CsvRows& rows, CsvBlock* out) {
  const uint32_t begin = rows.row_start(0);
  const size_t end = size_t{rows.field_ends[rows.row_ends[rows.count - 1] - 1]};
  const uint32_t shift = static_cast<uint32_t>(out->bytes.size());
  out->bytes.append(rows.data + begin, end - begin);

  const size_t fields = rows.row_ends[rows.count - 1] - rows.first_field;
  const size_t first = out->starts.size();
  out->starts.resize(first + fields);
  out->ends.resize(first + fields);
  uint32_t* starts = out->starts.data() + first;
  uint32_t* ends = out->ends.data() + first;
  for (size_t r = 0; r < rows.count; ++r) {
    if (rows.blank(r)) continue;
    const uint32_t last = rows.row_ends[r] - 1;
    for (uint32_t i = rows.row_first_field(r); i <= last; ++i) {
      const CsvField field = rows.Field(rows.field_ends + i, i == last);
      const uint32_t start = static_cast<uint32_t>(field.text.data - rows.data) - begin + shift;
      *starts++ = start;
      *ends++ = (start + static_cast<uint32_t>(field.text.size)) | (field.doubled ? CsvBlock::kDoubled : 0);
    }
    out->row_ends.push_back(static_cast<uint32_t>(starts - out->starts.data()));
    out->row_offsets.push_back(static_cast<double>(rows.row_offset(r)));
  }
  const size_t kept = static_cast<size_t>(starts - out->starts.data());
  out->starts.resize(kept);
  out->ends.resize(kept);
}

}  // namespace

Status CsvReader::Push(Slice chunk, uint64_t limit, bool last, CsvBlock* out, bool* done) {
  out->bytes.clear();
  out->row_ends.clear();
  out->starts.clear();
  out->ends.clear();
  out->row_offsets.clear();

  scanner_.Feed(chunk, limit, last);
  CsvRows rows;
  while (scanner_.Next(&rows)) AppendRows(rows, out);
  out->ascii = IsAscii(out->bytes);
  *done = scanner_.done();
  return scanner_.status();
}

}  // namespace runjob
