// Numbers as text: what is written reads back as the same number; what is read is what strtod reads, where the text is a
// plain decimal literal of a number that a double holds, and nothing otherwise; columns of short decimals agree with both.
#include <algorithm>
#include <cmath>

#include "base/number.h"
#include "fuzz/fuzz.h"

namespace runjob::fuzz {
namespace {

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHeld(const std::string& literal, double x);

// Sign, digits, point, exponent.
bool Expected(const std::string& text, double* out) {
  size_t from = 0, to = text.size();
  while (from < to && IsBlank(text[from])) from++;
  while (to > from && IsBlank(text[to - 1])) to--;
  const std::string literal = text.substr(from, to - from);
  size_t at = 0, digits = 0;
  const auto skip_digits = [&] {
    const size_t start = at;
    while (at < literal.size() && IsDigit(literal[at])) at++;
    return at - start;
  };
  if (at < literal.size() && (literal[at] == '-' || literal[at] == '+')) at++;
  digits += skip_digits();
  if (at < literal.size() && literal[at] == '.') {
    at++;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (at < literal.size() && (literal[at] == 'e' || literal[at] == 'E')) {
    at++;
    if (at < literal.size() && (literal[at] == '-' || literal[at] == '+')) at++;
    if (skip_digits() == 0) return false;
  }
  if (at != literal.size()) return false;
  *out = std::strtod(literal.c_str(), nullptr);
  return std::isfinite(*out) && IsHeld(literal, *out);
}

// A whole number is equal to its double, or reads back from no fewer digits than it has before its zeros.
bool IsHeld(const std::string& literal, double x) {
  const size_t point = literal.find('.');
  if (literal.find_first_of("eE") != std::string::npos) return true;
  if (point != std::string::npos && literal.find_first_not_of('0', point + 1) != std::string::npos) return true;
  std::string digits = literal.substr(0, point);
  digits.erase(0,
               digits.find_first_not_of("+-0") == std::string::npos ? digits.size() : digits.find_first_not_of("+-0"));
  if (digits.empty()) return true;
  char exact[400];
  std::snprintf(exact, sizeof(exact), "%.0f", std::fabs(x));
  if (digits == exact) return true;
  const size_t significant = digits.find_last_not_of('0') + 1;
  char shorter[64];
  for (int places = 0; places < 17; places++) {
    std::snprintf(shorter, sizeof(shorter), "%.*e", places, std::fabs(x));
    if (std::strtod(shorter, nullptr) != std::fabs(x)) continue;
    std::string shown;
    for (const char* p = shorter; *p != 'e'; p++) {
      if (*p != '.') shown.push_back(*p);
    }
    return shown.size() == significant && digits.compare(0, significant, shown) == 0;
  }
  return false;
}

bool Same(double a, double b) { return std::memcmp(&a, &b, 8) == 0; }

void Written(double x) {
  std::string text;
  AppendNumber(x, &text);
  EXPECT(!text.empty() && text.size() <= kMaxNumberText);
  double read = 0;
  if (std::isfinite(x)) {
    EXPECT(ParseNumber(text, &read) && read == x);
  }
}

void Read(const std::string& text) {
  double expected = 0, read = 0;
  const bool is_number = Expected(text, &expected);
  ForEachChunk(text, 0, [&](Slice bytes, bool) {
    EXPECT(ParseNumber(bytes, &read) == is_number);
    return true;
  });
  if (is_number) {
    EXPECT(Same(read, expected));
    Written(read);
  }
}

// `texts` as a column after eight bytes of something else.
void ReadColumn(const std::vector<std::string>& texts) {
  std::string data = "12345678";
  std::vector<uint32_t> starts, ends;
  for (const std::string& text : texts) {
    starts.push_back(static_cast<uint32_t>(data.size()));
    data += text;
    ends.push_back(static_cast<uint32_t>(data.size()));
    data += ',';
  }
  data.pop_back();
  std::vector<double> numbers(texts.size());
  std::vector<uint64_t> others((texts.size() + 63) / 64);
  ForEachChunk(data, 0, [&](Slice bytes, bool) {
    ParseShortDecimals(bytes.data, starts.data(), ends.data(), texts.size(), numbers.data(), others.data());
    return true;
  });
  for (size_t i = 0; i < texts.size(); i++) {
    double expected = 0;
    const bool is_number = Expected(texts[i], &expected);
    if ((others[i / 64] >> (i % 64) & 1) == 0) EXPECT(is_number && Same(numbers[i], expected));
  }
}

void Run(const uint8_t* data, size_t size) {
  for (size_t at = 0; at + 8 <= size; at += 8) {
    double x;
    std::memcpy(&x, data + at, 8);
    Written(x);
  }
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> texts(1);
  for (const char c : text) {
    if (c == ',') {
      texts.emplace_back();
    } else {
      texts.back().push_back(c);
    }
  }
  for (const std::string& one : texts) Read(one);
  ReadColumn(texts);
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run(data, size);
  return 0;
}
