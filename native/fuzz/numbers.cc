// Numbers as text: what is written reads back as the same number; what is read is what strtod reads, where the text is a
// plain decimal literal, and nothing otherwise; columns of short decimals agree with both.
#include <algorithm>
#include <cmath>

#include "format.h"
#include "fuzz.h"
#include "number.h"

namespace runjob::fuzz {
namespace {

bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

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
  return true;
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
    EXPECT(ParseNumber(bytes, &read) == is_number || text == "Infinity" || text == "-Infinity" ||
                text == "+Infinity");
    return true;
  });
  if (is_number) {
    EXPECT(Same(read, expected));
    Written(read);
  }
}

// `texts` as a column behind eight bytes of something else.
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
