// The CSV scanner, in chunks of any size and up to any limit, against a reader that goes byte by byte, in any dialect; its
// three first passes against one another; the guess of where a record starts.
#include <algorithm>
#include <string_view>

#include "base/utf8.h"
#include "csv/csv_reader.h"
#include "csv/csv_scan.h"
#include "fuzz/fuzz.h"
#include "record/mapper.h"

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
    if (code_point >= 0xD800 && code_point < 0xDC00) {
      code_point = 0x10000 + ((code_point & 0x3FF) << 10 | (text[++i] & 0x3FF));
    }
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
  return Encoded(
      std::u16string_view(block.wide).substr(static_cast<size_t>(~start), end - static_cast<size_t>(~start)));
}

bool IsBlankLine(const std::string& line, CsvDialect dialect) {
  if (!line.empty() && static_cast<unsigned char>(line[0]) == dialect.comment) return true;
  std::string rest = line;
  if (!rest.empty() && rest.back() == '\n') rest.pop_back();
  if (!rest.empty() && rest.back() == '\r') rest.pop_back();
  return dialect.trim ? std::all_of(rest.begin(), rest.end(), [&](char c) { return dialect.is_blank(c); })
                      : rest.empty();
}

// One field, from `*at` on. Empty, or the code of what is wrong.
const char* ReadField(const std::string& data, const CsvReadOptions& options, size_t* at, std::string* field) {
  const CsvDialect dialect = options.dialect;
  const auto is = [&](size_t i, int c) { return i < data.size() && static_cast<unsigned char>(data[i]) == c; };
  const auto ends = [&](size_t i) { return i >= data.size() || data[i] == dialect.delimiter || data[i] == '\n'; };
  const auto skip_blanks = [&] {
    while (dialect.trim && *at < data.size() && dialect.is_blank(data[*at])) ++*at;
  };
  std::string raw;  // as it stands
  const auto take = [&](size_t count) {
    count = std::min(count, data.size() - *at);
    raw.append(data, *at, count);
    *at += count;
  };
  skip_blanks();
  const bool quoted = is(*at, dialect.quote);
  if (quoted) {
    for (++*at;;) {
      if (*at >= data.size() || (is(*at, dialect.escape) && *at + 1 == data.size())) return "CSV_UNCLOSED_QUOTE";
      if (is(*at, dialect.quote) && !is(*at + 1, dialect.quote)) break;
      take(is(*at, dialect.quote) || is(*at, dialect.escape) ? 2 : 1);
    }
    ++*at;
    skip_blanks();
    if (is(*at, '\r') && (is(*at + 1, '\n') || *at + 1 == data.size())) ++*at;
    if (!ends(*at)) return "CSV_BAD_QUOTE";
  } else {
    while (!ends(*at)) take(!is(*at, dialect.escape) ? 1 : data.compare(*at + 1, 2, "\r\n") == 0 ? 3 : 2);
    const bool last = *at >= data.size() || data[*at] != dialect.delimiter;
    if (last && !raw.empty() && raw.back() == '\r') raw.pop_back();
  }
  size_t kept = 0;
  size_t kept_raw = 0;
  for (size_t i = 0; i < raw.size(); i++) {
    const int c = static_cast<unsigned char>(raw[i]);
    const bool escape = c == dialect.escape;
    if ((escape || (quoted && c == dialect.quote)) && i + 1 < raw.size()) i++;
    field->push_back(raw[i]);
    if (!dialect.trim || quoted || escape || !dialect.is_blank(raw[i])) kept = field->size(), kept_raw = i + 1;
  }
  field->resize(kept);
  raw.resize(kept_raw);
  for (const std::string& missing : options.missing) {
    if (*field == missing || raw == missing) field->clear();
  }
  return "";
}

// What is wrong with the number of fields; empty if nothing is.
const char* Misfit(const Row& row, const CsvReadOptions& options) {
  if (options.columns == 0 || options.ragged == RaggedRows::kFill) return "";
  if (row.fields.size() < options.least_columns) return "CSV_SHORT_ROW";
  const size_t columns = std::min<size_t>(options.columns, row.fields.size());
  const bool empty = std::all_of(row.fields.begin() + static_cast<std::ptrdiff_t>(columns), row.fields.end(),
                                 [](const std::string& field) { return field.empty(); });
  return empty ? "" : "CSV_LONG_ROW";
}

Table Expected(const std::string& data, const CsvReadOptions& options, uint64_t limit) {
  Table table;
  size_t at = 0;
  while (at < data.size() && at < limit) {
    Row row{at, {}};
    const bool comment = static_cast<unsigned char>(data[at]) == options.dialect.comment;
    if (comment) at = std::min(data.find('\n', at), data.size() - 1) + 1;
    for (bool more = !comment; more; at++) {
      std::string field;
      table.error = ReadField(data, options, &at, &field);
      if (!table.error.empty()) {
        table.position = row.start;
        return table;
      }
      row.fields.push_back(Repaired(field));
      more = at < data.size() && data[at] == options.dialect.delimiter;
    }
    at = std::min(at, data.size());
    if (comment || (row.fields.size() == 1 && IsBlankLine(data.substr(row.start, at - row.start), options.dialect))) {
      continue;
    }
    const char* const misfit = Misfit(row, options);
    if (*misfit != '\0') {
      if (options.ragged == RaggedRows::kDrop) continue;
      table.error = misfit;
      table.position = row.start;
      return table;
    }
    if (options.columns > 0) row.fields.resize(options.columns);
    table.rows.push_back(row);
  }
  table.position = at;
  return table;
}

Table Read(const std::string& data, const CsvReadOptions& options, uint64_t limit, size_t chunk_bytes) {
  CsvReader reader(options);
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
  CsvReadOptions options;
  CsvDialect& dialect = options.dialect;
  dialect.delimiter = ",;\t| "[input.Below(5)];
  dialect.quote = input.Below(3) == 0 ? -1 : (input.Flag() ? '"' : '\'');
  const bool plain = input.Flag();
  if (!plain) {
    dialect.escape = input.Flag() ? '\\' : -1;
    dialect.comment = input.Flag() ? '#' : -1;
    dialect.trim = input.Flag();
    if (input.Flag()) options.missing = {"NA", "\\N", "-"};
    options.columns = input.Below(4);
    options.least_columns = options.columns == 0 ? 0 : options.columns - input.Below(2);
    options.ragged = static_cast<RaggedRows>(input.Below(3));
  }
  const size_t chunk_bytes = input.Byte();
  const uint64_t limit = input.Flag() ? kNoLimit : input.Byte();
  const CsvState state = static_cast<CsvState>(input.Below(5));
  const uint32_t columns = input.Below(6);
  const std::string data = input.Rest();

  const Table expected = Expected(data, options, limit);
  const Table read = Read(data, options, limit, chunk_bytes);
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
