// Booleans and numbers. Dates and times: text_time.cc.

#include "column/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string_view>

#include "base/number.h"
#include "base/power_of_ten.h"
#include "column/text_trim.h"

namespace runjob {

namespace {

constexpr double kExactWholes = 9007199254740992;  // 2^53: all whole numbers up to here are doubles

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Compares with lower-case letters.
bool EqualsNoCase(Slice text, std::string_view word) {
  if (text.size != word.size()) return false;
  for (size_t i = 0; i < text.size; i++) {
    const char c = text.data[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != word[i]) return false;
  }
  return true;
}

template <class T>
bool ParseInteger(Slice text, T* value) {
  text = TrimText(text);
  if (text.size > 0 && text.data[0] == '+') {
    text = Slice(text.data + 1, text.size - 1);
    if (text.size == 0 || !IsDigit(text.data[0])) return false;
  }
  T parsed = 0;
  const char* const end = text.data + text.size;
  const std::from_chars_result result = std::from_chars(text.data, end, parsed);
  if (text.size == 0 || result.ec != std::errc() || result.ptr != end) return false;
  *value = parsed;
  return true;
}

// Java's literals may end in a letter: 1.5d, 2f.
Slice WithoutSuffix(Slice text) {
  if (text.size == 0) return text;
  const char last = text.data[text.size - 1];
  const bool has_suffix = last == 'd' || last == 'D' || last == 'f' || last == 'F';
  return Slice(text.data, text.size - (has_suffix ? 1 : 0));
}

// An exponent of ten. False if there are no digits, or it is not a 32-bit number: Java reads no others.
bool ParseExponent(const char* p, const char* end, int64_t* exponent) {
  int32_t value = 0;
  return ParseInteger(Slice(p, static_cast<size_t>(end - p)), &value) && (*exponent = value, true);
}

constexpr int kMaxShortDigits = 18;  // fit 64 bits

// Most decimals: few digits, no exponent, nothing to round. False for all others, whether they are decimals or not.
bool ParseShortDecimal(Slice text, uint8_t precision, uint8_t scale, __int128* value) {
  const char* p = text.data;
  const char* const end = p + text.size;
  const bool negative = p < end && *p == '-';
  if (negative) p++;
  if (end - p > kMaxShortDigits + 1) return false;
  uint64_t unscaled = 0;
  const char* const digits = p;
  for (; p < end && IsDigit(*p); p++) unscaled = 10 * unscaled + static_cast<uint64_t>(*p - '0');
  int count = static_cast<int>(p - digits);
  int padding = scale;
  if (p < end && *p == '.') {
    const char* const fraction = ++p;
    for (; p < end && IsDigit(*p); p++) unscaled = 10 * unscaled + static_cast<uint64_t>(*p - '0');
    count += static_cast<int>(p - fraction);
    padding -= static_cast<int>(p - fraction);
  }
  if (p < end || count == 0 || padding < 0 || count + padding > kMaxShortDigits) return false;
  unscaled *= static_cast<uint64_t>(kPowersOfTen[static_cast<size_t>(padding)]);
  if (precision <= kMaxShortDigits && unscaled >= static_cast<uint64_t>(kPowersOfTen[precision])) return false;
  *value = negative ? -static_cast<__int128>(unscaled) : static_cast<__int128>(unscaled);
  return true;
}

}  // namespace

bool ParseBoolean(Slice text, uint8_t* value) {
  text = TrimText(text);
  for (const std::string_view word : {"true", "t", "yes", "y", "1"}) {
    if (EqualsNoCase(text, word)) {
      *value = 1;
      return true;
    }
  }
  for (const std::string_view word : {"false", "f", "no", "n", "0"}) {
    if (EqualsNoCase(text, word)) {
      *value = 0;
      return true;
    }
  }
  return false;
}

bool ParseInt(Slice text, int32_t* value) { return ParseInteger(text, value); }

bool ParseLong(Slice text, int64_t* value) { return ParseInteger(text, value); }

bool ParseDouble(Slice text, double* value) {
  text = TrimText(text);
  if (ParseNearest(text, value)) return true;
  if (text.size == 0) return false;
  const Slice number = WithoutSuffix(text);
  if (number.size < text.size && ParseNearest(number, value)) return true;
  const bool negative = text.data[0] == '-';
  const bool has_sign = negative || text.data[0] == '+';
  const Slice name(text.data + (has_sign ? 1 : 0), text.size - (has_sign ? 1 : 0));
  if (EqualsNoCase(name, "infinity") || EqualsNoCase(name, "inf")) {
    *value = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return true;
  }
  // With a sign only as Java writes it.
  if (!EqualsNoCase(name, "nan") || (has_sign && std::string_view(name.data, name.size) != "NaN")) return false;
  *value = std::numeric_limits<double>::quiet_NaN();
  return true;
}

bool ParseHeldDouble(Slice text, double* value) {
  if (!ParseDouble(text, value)) return false;
  // Not a number, and infinities by name, are texts without digits.
  if (!(std::fabs(*value) >= kExactWholes)) return true;
  text = WithoutSuffix(TrimText(text));
  double held = 0;
  return !IsDecimal(text) || ParseNumber(text, &held);
}

bool IsUnheldWhole(Slice text) {
  double value = 0;
  return ParseDouble(text, &value) && std::isfinite(value) && !ParseHeldDouble(text, &value);
}

bool ParseDecimal(Slice text, uint8_t precision, uint8_t scale, __int128* value) {
  if (ParseShortDecimal(text, precision, scale, value)) return true;
  text = TrimText(text);
  const char* p = text.data;
  const char* const end = p + text.size;
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;

  const char* const digits = p;
  while (p < end && IsDigit(*p)) p++;
  const char* const point = p;
  if (p < end && *p == '.') p++;
  while (p < end && IsDigit(*p)) p++;
  const char* const digits_end = p;
  const size_t count = static_cast<size_t>(digits_end - digits) - (digits_end > point ? 1 : 0);
  if (count == 0) return false;
  int64_t exponent = 0;
  if (p < end && (*p == 'e' || *p == 'E')) {
    if (!ParseExponent(p + 1, end, &exponent)) return false;
    p = end;
  }
  if (p != end) return false;

  // Digits of the number, counted from the first that is not zero, which are of the unscaled value.
  const char* first = digits;
  while (first < digits_end && (*first == '0' || *first == '.')) first++;
  const int64_t before_point = first <= point ? point - first : -(first - point - 1);
  const int64_t wanted = before_point + exponent + scale;
  __int128 unscaled = 0;
  if (first < digits_end && wanted >= 0) {
    if (wanted > kMaxDecimalDigits) return false;
    int64_t taken = 0;
    const char* d = first;
    for (; d < digits_end && taken < wanted; d++) {
      if (*d == '.') continue;
      unscaled = unscaled * 10 + (*d - '0');
      taken++;
    }
    for (; taken < wanted; taken++) unscaled *= 10;
    if (d < digits_end && *d == '.') d++;
    if (d < digits_end && *d >= '5') unscaled++;
  }
  if (unscaled >= kPowersOfTen[precision]) return false;
  *value = negative ? -unscaled : unscaled;
  return true;
}

void AppendLong(int64_t value, std::string* out) {
  char text[24];
  out->append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

// As Java's Double.toString: plain from 10^-3 to 10^7, otherwise with an exponent, and a digit on either side of the point.
void AppendDouble(double value, std::string* out) {
  if (!std::isfinite(value)) {
    out->append(std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity");
    return;
  }
  char text[kMaxNumberText];
  char* end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  const bool negative = text[0] == '-';
  if (text[negative ? 2 : 1] == 'e') {
    // One digit is enough; Java takes the nearest two: 4.9E-324.
    end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific, 1).ptr;
  }
  const char* p = text;
  if (negative) out->push_back(*p++);
  char digits[kMaxNumberText];
  int count = 0;
  for (; *p != 'e'; p++) {
    if (*p != '.') digits[count++] = *p;
  }
  int exponent = 0;
  std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, exponent);
  while (count > 1 && digits[count - 1] == '0') count--;

  const auto append = [&](int from, int to) {
    for (int i = from; i < to; i++) out->push_back(i < 0 || i >= count ? '0' : digits[i]);
  };
  if (exponent >= -3 && exponent < 7) {
    const int point = exponent + 1;  // digits before it
    if (point > 0) {
      append(0, point);
    } else {
      out->push_back('0');
    }
    out->push_back('.');
    append(point, std::max(count, point + 1));
    return;
  }
  append(0, 1);
  out->push_back('.');
  append(1, std::max(count, 2));
  out->push_back('E');
  AppendLong(exponent, out);
}

void AppendDecimal(__int128 unscaled, uint8_t scale, std::string* out) {
  const bool negative = unscaled < 0;
  auto rest = static_cast<unsigned __int128>(unscaled);
  if (negative) rest = -rest;
  char text[48];
  char* const end = text + sizeof(text);
  char* p = end;
  for (int digits = 0; rest != 0 || digits <= scale; digits++) {
    if (digits == scale && scale > 0) *--p = '.';
    *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (negative) *--p = '-';
  out->append(p, end);
}

}  // namespace runjob
