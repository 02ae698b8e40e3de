#include "number.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#if !defined(__cpp_lib_to_chars)
#include <locale.h>
#include <stdlib.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif
#endif

#include "format.h"

namespace runjob {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A decimal literal taken apart: mantissa * 10^exponent, exact while no digit was dropped.
struct Decimal {
  uint64_t mantissa = 0;
  int64_t exponent = 0;
  int64_t magnitude = 0;  // the first significant digit is worth that power of ten
  bool truncated = false;
};

constexpr int kMantissaDigits = 19;  // fit 64 bits

// False if [p, end) is not digits, point and exponent.
bool ReadDecimal(const char* p, const char* end, Decimal* out) {
  Decimal d;
  bool any_digit = false;
  int64_t significant = 0;  // digits from the first that is not zero
  const auto take = [&](char c) {
    any_digit = true;
    if (significant == 0 && c == '0') return;
    if (++significant > kMantissaDigits) {
      d.truncated = true;
      ++d.exponent;
    } else {
      d.mantissa = d.mantissa * 10 + static_cast<uint64_t>(c - '0');
    }
  };
  for (; p < end && IsDigit(*p); ++p) take(*p);
  if (p < end && *p == '.') {
    for (++p; p < end && IsDigit(*p); ++p) {
      take(*p);
      --d.exponent;
    }
  }
  if (!any_digit) return false;
  if (p < end && (*p == 'e' || *p == 'E')) {
    ++p;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) ++p;
    if (p == end) return false;
    // Far beyond any double; more would overflow.
    constexpr int64_t kLargest = int64_t{1} << 50;
    int64_t exponent = 0;
    for (; p < end && IsDigit(*p); ++p) {
      if (exponent < kLargest) exponent = exponent * 10 + (*p - '0');
    }
    d.exponent += negative ? -exponent : exponent;
  }
  if (p != end) return false;
  d.magnitude = d.exponent + (significant > kMantissaDigits ? kMantissaDigits : significant) - 1;
  *out = d;
  return true;
}

// The nearest double to a literal that ReadDecimal accepted.
double RoundDecimal(const char* text, const char* end, const Decimal& decimal) {
  // from_chars does not tell too large from too small. The largest double is 1.8e308; half the smallest is 2.5e-324.
  if (decimal.magnitude > 308) return kInfinity;
  if (decimal.magnitude < -324) return 0;
  double value = 0;
#if defined(__cpp_lib_to_chars)
  const std::from_chars_result result = std::from_chars(text, end, value);
  if (result.ec == std::errc::result_out_of_range) value = decimal.magnitude > 0 ? kInfinity : 0;
#else
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
  value = strtod_l(std::string(text, end).c_str(), nullptr, c_locale);
#endif
  return value;
}

char* WriteZeros(int count, char* out) {
  std::memset(out, '0', static_cast<size_t>(count));
  return out + count;
}

}  // namespace

char* WriteNumber(double x, char* out) {
  if (std::fabs(x) < kExactIntegers) {
    const auto integer = static_cast<int64_t>(x);
    if (static_cast<double>(integer) == x) return std::to_chars(out, out + kMaxNumberText, integer).ptr;
  } else if (!std::isfinite(x)) {
    const Slice name = std::isnan(x) ? std::string_view("NaN") : std::string_view(x < 0 ? "-Infinity" : "Infinity");
    std::memcpy(out, name.data, name.size);
    return out + name.size;
  }

  // The shortest digits that read back as x, d[.ddd]e±xx, laid out anew. Source: ECMA-262, Number::toString.
  char text[kMaxNumberText];
  const char* const text_end = std::to_chars(text, text + sizeof(text), x, std::chars_format::scientific).ptr;
  const char* p = text;
  if (*p == '-') *out++ = *p++;
  char digits[kMaxNumberText];
  int count = 0;
  for (; *p != 'e'; ++p) {
    if (*p != '.') digits[count++] = *p;
  }
  const bool negative_exponent = p[1] == '-';
  int exponent = 0;
  for (p += 2; p < text_end; ++p) exponent = exponent * 10 + (*p - '0');
  if (negative_exponent) exponent = -exponent;

  const int point = exponent + 1;  // digits before the point
  const auto write = [&](int from, int to) {
    std::memcpy(out, digits + from, static_cast<size_t>(to - from));
    out += to - from;
  };
  if (point > 0 && point <= 21) {
    if (count <= point) {
      write(0, count);
      return WriteZeros(point - count, out);
    }
    write(0, point);
    *out++ = '.';
    write(point, count);
    return out;
  }
  if (point > -6 && point <= 0) {
    *out++ = '0';
    *out++ = '.';
    out = WriteZeros(-point, out);
    write(0, count);
    return out;
  }
  write(0, 1);
  if (count > 1) {
    *out++ = '.';
    write(1, count);
  }
  *out++ = 'e';
  *out++ = negative_exponent ? '-' : '+';
  return std::to_chars(out, out + 4, negative_exponent ? -exponent : exponent).ptr;
}

void AppendNumber(double x, std::string* out) {
  char text[kMaxNumberText];
  out->append(text, static_cast<size_t>(WriteNumber(x, text) - text));
}

bool ParseNumber(Slice text, double* out) {
  const char* p = text.data;
  const char* end = p + text.size;
  while (p < end && IsBlank(*p)) ++p;
  while (p < end && IsBlank(end[-1])) --end;
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) ++p;

  Decimal decimal;
  if (!ReadDecimal(p, end, &decimal)) return false;
  double value = 0;
  if (decimal.mantissa == 0) {
    value = 0;
  } else if (!decimal.truncated && decimal.mantissa <= (uint64_t{1} << 53) && decimal.exponent >= -22 &&
             decimal.exponent <= 22) {
    // Both operands are exact, so the one operation rounds correctly. Source: Clinger, How to Read Floating Point
    // Numbers Accurately.
    value = static_cast<double>(decimal.mantissa);
    value = decimal.exponent < 0 ? value / kExactPowersOfTen[-decimal.exponent]
                                 : value * kExactPowersOfTen[decimal.exponent];
  } else {
    value = RoundDecimal(p, end, decimal);
  }
  *out = negative ? -value : value;
  return true;
}

}  // namespace runjob
