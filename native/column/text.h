// Values from text and as text, the same wherever the product reads or writes them: casts, CSV, JSON lines, output.
#pragma once

#include <cstdint>
#include <string>

#include "base/slice.h"
#include "column/type.h"

namespace runjob {

// As Spark's cast from a string does: ASCII white space and controls around the text do not count. False, and nothing set, where the
// text is not of the type, or too large for it.
bool ParseBoolean(Slice text, uint8_t* value);
bool ParseInt(Slice text, int32_t* value);
bool ParseLong(Slice text, int64_t* value);
bool ParseDouble(Slice text, double* value);  // NaN, Infinity, -Infinity in any case; too large: infinite, as in Spark
// As above, for values that files hold: false for a number that no double may replace, which is one too large for a double, or
// a whole one that no double equals, nor is written like.
bool ParseHeldDouble(Slice text, double* value);
// Whether that is why ParseHeldDouble refuses it: a decimal would hold it.
bool IsUnheldWhole(Slice text);
// Unscaled. Digits beyond the scale are rounded half up.
bool ParseDecimal(Slice text, uint8_t precision, uint8_t scale, __int128* value);
bool ParseDate(Slice text, int32_t* days);
bool ParseTimestamp(Slice text, int64_t* micros);     // without a zone: UTC
bool ParseTimestampNtz(Slice text, int64_t* micros);  // a zone is ignored

// Append the text that Spark's cast to a string gives: 1.0E10, 2024-01-31, 2024-01-31 12:34:56.5.
void AppendLong(int64_t value, std::string* out);
void AppendDouble(double value, std::string* out);
void AppendDecimal(__int128 unscaled, uint8_t scale, std::string* out);
void AppendDate(int32_t days, std::string* out);
void AppendTimestamp(int64_t micros, std::string* out);
// 2024-01-31T12:34:56.500: three digits, or six where they are needed. Without a zone.
void AppendIsoTimestamp(int64_t micros, std::string* out);

}  // namespace runjob
