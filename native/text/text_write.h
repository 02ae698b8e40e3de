// Fields of text formats: CSV quoting, TSV escaping.
#pragma once

#include <cstddef>

#include "base/slice.h"

namespace runjob {

// Both write one field and return the end. REQUIRES: room for MaxFieldText(field.size) bytes.
constexpr size_t MaxFieldText(size_t field_bytes) { return 2 * field_bytes + 2; }

// RFC 4180: quoted only if the field has the delimiter, a quote, CR or LF in it, or begins with a byte-order mark; quotes
// doubled.
char* WriteCsvField(Slice field, char delimiter, char* out);
// Tab, newline, CR and backslash as \t \n \r \\.
char* WriteTsvField(Slice field, char* out);

}  // namespace runjob
