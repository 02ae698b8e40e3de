#include "base/number.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

// Some standard libraries write floating-point numbers but cannot read them yet.
#if !defined(__cpp_lib_to_chars)
#include <locale.h>
#include <stdlib.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif
#endif

#include "base/simd.h"

namespace runjob {

namespace {

// Every power of ten that a double holds exactly.
constexpr double kExactPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

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

// Removes blanks at both ends, and a sign; returns whether that is a minus.
bool TrimSign(const char** p, const char** end) {
  while (*p < *end && IsBlank(**p)) ++*p;
  while (*p < *end && IsBlank((*end)[-1])) --*end;
  const bool negative = *p < *end && **p == '-';
  if (*p < *end && (**p == '-' || **p == '+')) ++*p;
  return negative;
}

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
      d.exponent++;
    } else {
      d.mantissa = d.mantissa * 10 + static_cast<uint64_t>(c - '0');
    }
  };
  for (; p < end && IsDigit(*p); p++) take(*p);
  if (p < end && *p == '.') {
    for (++p; p < end && IsDigit(*p); p++) {
      take(*p);
      d.exponent--;
    }
  }
  if (!any_digit) return false;
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    const bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end) return false;
    // Far beyond any double; more would overflow.
    constexpr int64_t kLargest = int64_t{1} << 50;
    int64_t exponent = 0;
    for (; p < end && IsDigit(*p); p++) {
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
  // from_chars does not distinguish too large from too small. The largest double is 1.8e308; half the smallest is
  // 2.5e-324.
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

// The digits with which a double is written, without point and trailing zeros.
void WriteShortest(double value, char* out) {
  char text[kMaxNumberText];
  const char* const end = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  for (const char* p = text; p < end && *p != 'e'; p++) {
    if (*p != '.') *out++ = *p;
  }
  *out = '\0';
}

// Whether `value`, the double nearest to a literal, may replace it. A fraction may be rounded, and an exponent marks a
// measurement. A whole number in digits must equal the double, or have the digits with which the double is written.
bool IsHeld(const char* p, const char* end, double value) {
  while (p < end && *p == '0') p++;
  const char* const digits = p;
  while (p < end && IsDigit(*p)) p++;
  const char* const digits_end = p;
  if (p < end && *p == '.') p++;
  while (p < end && *p == '0') p++;
  if (p != end) return true;

  const std::string_view whole(digits, static_cast<size_t>(digits_end - digits));
  char text[400];
  std::snprintf(text, sizeof(text), "%.0f", value);
  if (whole == text) return true;
  WriteShortest(value, text);
  return whole.substr(0, whole.find_last_not_of('0') + 1) == text;
}

char* WriteZeros(int count, char* out) {
  std::memset(out, '0', static_cast<size_t>(count));
  return out + count;
}

constexpr size_t kShortDecimal = 8;                  // characters
constexpr uint64_t kAllZeros = 0x3030303030303030u;  // "00000000"

// One short decimal, in the steps of the vector twin below. REQUIRES: the 8 bytes before `end` can be read.
// Source of the digit arithmetic: Mula's and Lemire's parsing of eight digits in a word.
bool ParseShortDecimal(const char* end, size_t size, double* out) {
  if (size - 1 >= kShortDecimal) return false;
  uint64_t word;
  std::memcpy(&word, end - 8, 8);

  // The text is at the word's end. What is before it, and its sign, become zeros.
  const char first = *(end - size);
  const bool negative = first == '-';
  const size_t digits_and_point = size - ((negative || first == '+') ? 1 : 0);
  if (digits_and_point == 0) return false;
  const uint64_t before = (uint64_t{1} << (64 - 8 * digits_and_point)) - 1;
  word = (word & ~before) | (kAllZeros & before);

  size_t fraction_digits = 0;
  const uint64_t points = portable::ZeroBytes(word ^ 0x2E2E2E2E2E2E2E2Eu);
  if (points != 0) {
    if (digits_and_point == 1) return false;
    // Closes the gap: what is before the first point moves up by one digit.
    const unsigned shift = static_cast<unsigned>(__builtin_ctzll(points)) & ~7u;
    const uint64_t below = (uint64_t{1} << shift) - 1;
    word = (word & ~below & ~(uint64_t{0xFF} << shift)) | ((word & below) << 8) | '0';
    fraction_digits = 7 - shift / 8;
  }
  if (((word & 0xF0F0F0F0F0F0F0F0u) | (((word + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4)) !=
      0x3333333333333333u) {
    return false;
  }
  word = (word & 0x0F0F0F0F0F0F0F0Fu) * 2561 >> 8;
  word = (word & 0x00FF00FF00FF00FFu) * 6553601 >> 16;
  word = (word & 0x0000FFFF0000FFFFu) * 42949672960001u >> 32;
  const double magnitude = static_cast<double>(word) / kExactPowersOfTen[fraction_digits];
  *out = negative ? -magnitude : magnitude;
  return true;
}

#if defined(__x86_64__)
// Four texts that end at `data` + ends[0..4). Returns a bit for each that is a short decimal.
RUNJOB_AVX2 inline unsigned ParseFour(const char* data, const uint32_t* starts, const uint32_t* ends, double* out) {
  const auto load = [data](uint32_t end) {
    long long word;
    std::memcpy(&word, data + end - 8, 8);
    return word;
  };
  const __m256i zero = _mm256_setzero_si256();
  const __m256i one = _mm256_set1_epi64x(1);
  const __m256i words = _mm256_setr_epi64x(load(ends[0]), load(ends[1]), load(ends[2]), load(ends[3]));
  const __m256i sizes = _mm256_cvtepu32_epi64(_mm_sub_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(ends)),
                                                            _mm_loadu_si128(reinterpret_cast<const __m128i*>(starts))));

  // The text is at the word's end. What is before it, and its sign, become zeros. (Shifts by 64 give 0.)
  const __m256i shift = _mm256_sub_epi64(_mm256_set1_epi64x(64), _mm256_slli_epi64(sizes, 3));
  const __m256i first = _mm256_and_si256(_mm256_srlv_epi64(words, shift), _mm256_set1_epi64x(0xFF));
  const __m256i negative = _mm256_cmpeq_epi64(first, _mm256_set1_epi64x('-'));
  const __m256i sign = _mm256_or_si256(negative, _mm256_cmpeq_epi64(first, _mm256_set1_epi64x('+')));
  const __m256i digits_shift = _mm256_add_epi64(shift, _mm256_and_si256(sign, _mm256_set1_epi64x(8)));
  const __m256i before = _mm256_sub_epi64(_mm256_sllv_epi64(one, digits_shift), one);
  const __m256i text = _mm256_blendv_epi8(words, _mm256_set1_epi8('0'), before);

  // Closes the gap: what is before the first point moves up by one digit.
  const __m256i points = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('.'));
  const __m256i no_point = _mm256_cmpeq_epi64(points, zero);
  const __m256i lowest = _mm256_and_si256(points, _mm256_sub_epi64(zero, points));
  const __m256i below = _mm256_andnot_si256(no_point, _mm256_sub_epi64(lowest, one));
  const __m256i above = _mm256_andnot_si256(_mm256_or_si256(points, below), text);
  const __m256i closed = _mm256_or_si256(_mm256_or_si256(above, _mm256_slli_epi64(_mm256_and_si256(text, below), 8)),
                                         _mm256_andnot_si256(no_point, _mm256_set1_epi64x('0')));

  const __m256i digits = _mm256_sub_epi8(closed, _mm256_set1_epi8('0'));
  const __m256i all_digits = _mm256_cmpeq_epi64(_mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits),
                                                _mm256_set1_epi64x(-1));
  // sign and ~no_point are -1 where there is one.
  const __m256i digit_count =
      _mm256_add_epi64(sizes, _mm256_add_epi64(sign, _mm256_xor_si256(no_point, _mm256_set1_epi64x(-1))));
  const __m256i fits = _mm256_and_si256(_mm256_cmpgt_epi64(digit_count, zero),
                                        _mm256_cmpgt_epi64(_mm256_set1_epi64x(kShortDecimal + 1), sizes));
  const __m256i good = _mm256_and_si256(all_digits, fits);

  // Digits to pairs, to fours, to the number.
  const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
  const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
  const __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), _mm256_set1_epi32(0x00012710));
  const __m128i integers = _mm_unpacklo_epi64(_mm256_castsi256_si128(eights), _mm256_extracti128_si256(eights, 1));

  // The divisor by its upper half: powers of ten up to 10^7 have nothing in the lower.
  const __m256i powers = _mm256_setr_epi32(0x3FF00000, 0x40240000, 0x40590000, 0x408F4000,  //
                                           0x40C38800, 0x40F86A00, 0x412E8480, 0x416312D0);
  const __m256i fraction =
      _mm256_andnot_si256(_mm256_or_si256(no_point, _mm256_or_si256(points, below)), _mm256_set1_epi8(1));
  const __m256i fraction_digits = _mm256_slli_epi64(_mm256_sad_epu8(fraction, zero), 32);
  const __m256i upper =
      _mm256_or_si256(_mm256_permutevar8x32_epi32(powers, fraction_digits), _mm256_slli_epi64(negative, 63));
  const __m256i divisors = _mm256_blend_epi32(zero, upper, 0xAA);
  _mm256_storeu_pd(out, _mm256_div_pd(_mm256_cvtepi32_pd(integers), _mm256_castsi256_pd(divisors)));
  return static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(good)));
}

RUNJOB_AVX2 size_t ParseFours(const char* data, const uint32_t* starts, const uint32_t* ends, size_t count, double* out,
                              uint64_t* others) {
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    others[i / 64] |= uint64_t{ParseFour(data, starts + i, ends + i, out + i) ^ 0xF} << (i % 64);
  }
  return i;
}
#endif

}  // namespace

char* WriteNumber(double x, char* out) {
  if (std::fabs(x) < kExactIntegers) {
    const auto integer = static_cast<int64_t>(x);
    if (static_cast<double>(integer) == x) return std::to_chars(out, out + kMaxNumberText, integer).ptr;
  } else if (!std::isfinite(x)) {
    const std::string_view name = std::isnan(x) ? "NaN" : (x < 0 ? "-Infinity" : "Infinity");
    std::memcpy(out, name.data(), name.size());
    return out + name.size();
  }

  // The shortest digits that read back as x, d[.ddd]e±xx, laid out anew. Source: ECMA-262, Number::toString.
  char text[kMaxNumberText];
  const char* const text_end = std::to_chars(text, text + sizeof(text), x, std::chars_format::scientific).ptr;
  const char* p = text;
  if (*p == '-') *out++ = *p++;
  char digits[kMaxNumberText];
  int count = 0;
  for (; *p != 'e'; p++) {
    if (*p != '.') digits[count++] = *p;
  }
  const bool negative_exponent = p[1] == '-';
  int exponent = 0;
  for (p += 2; p < text_end; p++) exponent = exponent * 10 + (*p - '0');
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

void ParseShortDecimals(const char* data, const uint32_t* starts, const uint32_t* ends, size_t count, double* out,
                        uint64_t* others) {
  std::memset(others, 0, (count + 63) / 64 * sizeof(uint64_t));
  size_t i = 0;
#if defined(__x86_64__)
  // Every text but the first few of a chunk has 8 bytes before its end; ends ascend.
  if (HasAvx2() && count > 0 && ends[0] >= 8) i = ParseFours(data, starts, ends, count, out, others);
#endif
  for (; i < count; i++) {
    if (ends[i] < 8 || !ParseShortDecimal(data + ends[i], ends[i] - starts[i], &out[i])) {
      others[i / 64] |= uint64_t{1} << (i % 64);
    }
  }
}

bool IsDecimal(Slice text) {
  const char* p = text.data;
  const char* end = p + text.size;
  TrimSign(&p, &end);
  Decimal decimal;
  return ReadDecimal(p, end, &decimal);
}

namespace {

// The nearest double to a literal that ReadDecimal accepted; infinite if that is beyond the largest. Sets *exact if no
// digit was lost, or no more than the rounding of one operation.
double NearestDouble(const char* text, const char* end, const Decimal& decimal, bool* exact) {
  *exact = true;
  if (decimal.mantissa == 0) return 0;
  if (!decimal.truncated && decimal.mantissa <= (uint64_t{1} << 53) && decimal.exponent >= -22 &&
      decimal.exponent <= 22) {
    // Both operands are exact, so the one operation rounds correctly. Source: Clinger, How to Read Floating
    // Point Numbers Accurately.
    const double value = static_cast<double>(decimal.mantissa);
    return decimal.exponent < 0 ? value / kExactPowersOfTen[-decimal.exponent]
                                : value * kExactPowersOfTen[decimal.exponent];
  }
  *exact = false;
  return RoundDecimal(text, end, decimal);
}

}  // namespace

bool ParseNumber(Slice text, double* out) {
  const char* p = text.data;
  const char* end = p + text.size;
  const bool negative = TrimSign(&p, &end);

  Decimal decimal;
  if (!ReadDecimal(p, end, &decimal)) return false;
  bool exact = false;
  const double value = NearestDouble(p, end, decimal, &exact);
  if (!exact && (!std::isfinite(value) || !IsHeld(p, end, value))) return false;
  *out = negative ? -value : value;
  return true;
}

bool ParseNearest(Slice text, double* out) {
  const char* p = text.data;
  const char* const end = p + text.size;
  const bool negative = p < end && *p == '-';
  if (p < end && (*p == '-' || *p == '+')) p++;

  Decimal decimal;
  if (!ReadDecimal(p, end, &decimal)) return false;
  bool exact = false;
  const double value = NearestDouble(p, end, decimal, &exact);
  *out = negative ? -value : value;
  return true;
}

namespace {

// Bytes of the separator that `p` starts with; 0 if there is none. Spaces and apostrophes have typographic forms.
size_t SeparatorSize(const char* p, const char* end, char separator) {
  if (separator == '\0' || p == end) return 0;
  if (*p == separator) return 1;
  const auto is = [&](std::string_view form) {
    return static_cast<size_t>(end - p) >= form.size() && std::string_view(p, form.size()) == form;
  };
  if (separator == ' ') {
    // No-break space, narrow no-break space, thin space.
    if (is("\u00A0")) return 2;
    if (is("\u202F") || is("\u2009")) return 3;
  }
  if (separator == '\'' && is("\u2019")) return 3;
  return 0;
}

char* WriteNoNumber(char* out) {
  *out = '?';
  return out + 1;
}

}  // namespace

char* RespellNumber(Slice text, NumberSpelling spelling, char* out) {
  const char* p = text.data;
  const char* end = p + text.size;
  if (spelling.plain()) {
    if (text.size > 0) std::memcpy(out, p, text.size);
    return out + text.size;
  }
  while (p < end && IsBlank(*p)) p++;
  while (p < end && IsBlank(end[-1])) end--;
  // Blanks alone are not a number.
  if (p == end && text.size > 0) return WriteNoNumber(out);
  char* const begin = out;
  if (p < end && (*p == '-' || *p == '+')) *out++ = *p++;
  // The first group has up to three digits, each further one has three; without separators there is one of any length.
  size_t group = 0;
  bool grouped = false;
  for (; p < end; group++) {
    if (const size_t size = SeparatorSize(p, end, spelling.thousands)) {
      if (grouped ? group != 3 : group < 1 || group > 3) return WriteNoNumber(begin);
      grouped = true;
      group = 0;
      p += size;
    }
    if (p == end || !IsDigit(*p)) break;
    *out++ = *p++;
  }
  if (grouped && group != 3) return WriteNoNumber(begin);
  if (p < end && *p == spelling.decimal) {
    *out++ = '.';
    p++;
  } else if (p < end && *p == '.') {
    return WriteNoNumber(begin);
  }
  if (p < end) {
    std::memcpy(out, p, static_cast<size_t>(end - p));
    out += end - p;
  }
  return out;
}

}  // namespace runjob
