// Formats records as bytes of an output file.
#pragma once

#include <cstdint>
#include <string>

#include "record/batch.h"
#include "record/cursor.h"

namespace runjob {

enum class FormatKind : uint8_t { kText = 0, kTsv = 1, kCsv = 2 };
enum class KeyKind : uint8_t {
  kBytes = 0,   // written as they are
  kNumber = 1,  // order-preserving 8 bytes (src/plan/codec.ts)
  kTuple = 2,   // several byte parts, each a field (key_encoding.h)
};

struct FormatOptions {
  FormatKind kind = FormatKind::kTsv;
  KeyKind key = KeyKind::kBytes;
  Layout layout;              // of the values
  std::vector<bool> raw;      // per value field: already formatted text (a CSV row part), written without quoting
  std::vector<bool> markers;  // per value field: kMissingMarker (aggregate.h) stands for a missing value
  bool escape = true;         // tsv: \t \n \r \\ as backslash escapes
  char delimiter = ',';       // csv
  bool values_only = false;   // csv, tsv, text: leave the key out
};

// Formats records until `out` holds at least `want_bytes` or the cursor ends. Returns through the Status of Next.
Status Format(Cursor* cursor, const FormatOptions& options, size_t want_bytes, std::string* out, uint64_t* records);

}  // namespace runjob
