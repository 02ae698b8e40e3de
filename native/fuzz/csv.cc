// The CSV scanner, in chunks of any size and up to any limit, against a state machine that goes byte by byte; its three
// first passes against one another; the guess of where a record starts.
#include <algorithm>
#include <string_view>

#include "csv_reader.h"
#include "csv_scan.h"
#include "fuzz.h"
#include "utf8.h"

namespace runjob::fuzz {
namespace {

struct Row {
  uint64_t start;
  std::vector<std::string> fields;
  bool operator==(const Row& other) const { return start == other.start && fields == other.fields; }
};
struct Table {
  std::vector<Row> rows;
  uint64_t position = 0;
  std::string error;
};

// UTF-8 of valid UTF-16.
std::string Encoded(std::u16string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); i++) {
    uint32_t code_point = text[i];
    if (code_point >= 0xD800 && code_point < 0xDC00) code_point = 0x10000 + ((code_point & 0x3FF) << 10 | (text[++i] & 0x3FF));
    AppendUtf8(code_point, &bytes);
  }
  return bytes;
}

// As decoding and encoding leaves it: with U+FFFD where it is no UTF-8.
std::string Repaired(const std::string& bytes) {
  std::string repaired;
  const char* const end = bytes.data() + bytes.size();
  for (const char* p = bytes.data(); p < end;) {
    const Utf8Char decoded = DecodeUtf8(p, end);
    AppendUtf8(decoded.code_point, &repaired);
    p += decoded.length;
  }
  return repaired;
}

std::string FieldOf(const CsvBlock& block, uint32_t i) {
  const int32_t start = block.fields[2 * i];
  const size_t end = static_cast<size_t>(block.fields[2 * i + 1]);
  if (start >= 0) return block.bytes.substr(static_cast<size_t>(start), end - static_cast<size_t>(start));
  return Encoded(std::u16string_view(block.wide).substr(static_cast<size_t>(~start), end - static_cast<size_t>(~start)));
}

bool IsBlank(const std::string& line) { return line.empty() || line == "\n" || line == "\r" || line == "\r\n"; }

// One field, from `*at` on. Empty, or the code of what is wrong.
const char* ReadField(const std::string& data, CsvDialect dialect, size_t* at, std::string* field) {
  const auto is = [&](size_t i, int c) { return i < data.size() && static_cast<unsigned char>(data[i]) == c; };
  const auto ends = [&](size_t i) { return i >= data.size() || data[i] == dialect.delimiter || data[i] == '\n'; };
  if (dialect.quote < 0 || !is(*at, dialect.quote)) {
    while (!ends(*at)) field->push_back(data[(*at)++]);
    const bool last = *at >= data.size() || data[*at] != dialect.delimiter;
    if (last && !field->empty() && field->back() == '\r') field->pop_back();
    return "";
  }
  for (++*at;; ++*at) {
    if (*at >= data.size()) return "CSV_UNCLOSED_QUOTE";
    if (is(*at, dialect.quote)) {
      if (!is(*at + 1, dialect.quote)) break;
      ++*at;
    }
    field->push_back(data[*at]);
  }
  ++*at;
  if (is(*at, '\r') && (is(*at + 1, '\n') || *at + 1 == data.size())) ++*at;
  return ends(*at) ? "" : "CSV_BAD_QUOTE";
}

Table Expected(const std::string& data, CsvDialect dialect, uint64_t limit) {
  Table table;
  size_t at = 0;
  while (at < data.size() && at < limit) {
    Row row{at, {}};
    for (bool more = true; more; at++) {
      std::string field;
      table.error = ReadField(data, dialect, &at, &field);
      if (!table.error.empty()) {
        table.position = row.start;
        return table;
      }
      row.fields.push_back(Repaired(field));
      more = at < data.size() && data[at] == dialect.delimiter;
    }
    at = std::min(at, data.size());
    if (!IsBlank(data.substr(row.start, at - row.start))) table.rows.push_back(row);
  }
  table.position = at;
  return table;
}

Table Read(const std::string& data, CsvDialect dialect, uint64_t limit, size_t chunk_bytes) {
  CsvReader reader(CsvReadOptions{.dialect = dialect});
  CsvBlock block;
  Table table;
  ForEachChunk(data, chunk_bytes, [&](Slice chunk, bool last) {
    bool done = false;
    const Status status = reader.Push(chunk, limit, last, &block, &done);
    for (size_t r = 0; r < block.rows.size(); r++) {
      const auto& [offset, start, size] = block.rows[r];
      EXPECT(data.compare(offset, size, block.bytes, start, size) == 0);
      Row row{offset, {}};
      for (uint32_t i = r == 0 ? 0 : block.row_ends[r - 1]; i < block.row_ends[r]; i++) {
        row.fields.push_back(FieldOf(block, i));
      }
      table.rows.push_back(std::move(row));
    }
    if (!status.ok()) table.error = status.code();
    EXPECT(done || !last || !status.ok());
    return status.ok() && !done;
  });
  table.position = reader.position();
  return table;
}

using Scan = size_t (*)(CsvDialect, const char*, size_t, uint32_t, CsvState*, CsvIndex*);

struct Index {
  size_t scanned;
  CsvState state;
  std::vector<uint32_t> field_ends;
  std::vector<uint32_t> row_ends;
  bool operator==(const Index& other) const {
    return scanned == other.scanned && state == other.state && field_ends == other.field_ends &&
           row_ends == other.row_ends;
  }
};

Index IndexOf(Scan scan, const std::string& data, CsvDialect dialect, CsvState state) {
  Index result{0, state, std::vector<uint32_t>(data.size() + kCsvIndexSlack),
               std::vector<uint32_t>(data.size() + kCsvIndexSlack)};
  CsvIndex index{result.field_ends.data(), 0, result.row_ends.data(), 0};
  ForEachChunk(data, 0, [&](Slice bytes, bool) {
    result.scanned = scan(dialect, bytes.data, bytes.size, 7, &result.state, &index);
    return true;
  });
  result.field_ends.resize(index.fields);
  result.row_ends.resize(index.rows);
  return result;
}

void Run(Input input) {
  CsvDialect dialect;
  dialect.delimiter = ",;\t|"[input.Below(4)];
  dialect.quote = input.Below(3) == 0 ? -1 : (input.Flag() ? '"' : '\'');
  const size_t chunk_bytes = input.Byte();
  const uint64_t limit = input.Flag() ? kNoLimit : input.Byte();
  const CsvState state = static_cast<CsvState>(input.Below(5));
  const uint32_t columns = input.Below(6);
  const std::string data = input.Rest();

  const Table expected = Expected(data, dialect, limit);
  const Table read = Read(data, dialect, limit, chunk_bytes);
  EXPECT(read.error == expected.error);
  EXPECT(read.rows == expected.rows);
  EXPECT(read.position == expected.position);

  if (dialect.quote >= 0 || state <= CsvState::kUnquoted) {
    const Index scalar = IndexOf(ScanCsvScalar, data, dialect, state);
    EXPECT(IndexOf(ScanCsvPortable, data, dialect, state) == scalar);
    EXPECT(IndexOf(ScanCsv, data, dialect, state) == scalar);
  }
  if (!data.empty()) {
    const size_t from = 1 + columns % data.size();
    ForEachChunk(data, 0, [&](Slice bytes, bool) {
      const size_t guess = GuessCsvRecordStart(bytes, from, dialect, columns);
      EXPECT(guess >= from && guess <= bytes.size);
      return true;
    });
  }
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
