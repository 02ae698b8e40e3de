// How CSV is read: the same options for all readers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace runjob {

// How the text of a CSV file is split. Characters are one byte, and differ; -1: there is none.
struct CsvDialect {
  char delimiter = ',';
  bool trim = false;  // blanks around fields, outside quotes, are no part of them
  int16_t quote = '"';
  int16_t escape = -1;   // the byte after it stands for itself, a line end too
  int16_t comment = -1;  // a line that begins with it is no record

  // A space or tab without another meaning.
  bool is_blank(char byte) const {
    return (byte == ' ' || byte == '\t') && byte != delimiter && byte != quote && byte != escape;
  }
  // Whether it has no more than a delimiter and quotes.
  bool plain() const { return escape < 0 && comment < 0 && !trim; }
};

// What to do with a row that has more or fewer fields than its file has columns.
enum class RaggedRows : uint8_t { kError, kFill, kDrop };

struct CsvReadOptions {
  CsvDialect dialect;
  std::vector<std::string> missing;  // a field of that text is read as an empty one
  // Of the file. A row has no more fields than that, but for empty ones, and no fewer than `least_columns`. 0: any number of
  // fields will do.
  uint32_t columns = 0;
  uint32_t least_columns = 0;
  RaggedRows ragged = RaggedRows::kError;
  bool skip_bom = false;  // the input starts at the file's first byte: drop a UTF-8 byte-order mark
  uint64_t max_record_bytes = uint64_t{1} << 30;  // a longer row is RECORD_TOO_LARGE; 1 GiB at most
  // Bad records are skipped and noted. A row with wrong quotes ends with its first line: a forgotten quote takes no more
  // than that along.
  bool keep_bad = false;
};

}  // namespace runjob
