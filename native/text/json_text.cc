#include "text/json_text.h"

#include <cstring>

#include "base/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace runjob {

namespace {

// Doubles hold all whole numbers of fewer digits, and all numbers with fewer digits in their exponents.
constexpr ptrdiff_t kLargeDigits = 16;
constexpr ptrdiff_t kLargeExponentDigits = 3;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

#if defined(__SSE2__)
// Of 16 bytes, those that are a quote, a backslash or a control character.
inline unsigned SpecialsOf(const char* p) {
  const __m128i largest = _mm_set1_epi8(0x1F);
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, largest), bytes);
  const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
  const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash))));
}
#endif

// The first quote, backslash or control character.
inline const char* FindSpecial(const char* p, const char* end) {
#if defined(__SSE2__)
  // Most strings end within 32 bytes: where does not depend on a guess of the processor then.
  for (; end - p >= 32; p += 32) {
    const unsigned mask = SpecialsOf(p) | SpecialsOf(p + 16) << 16;
    if (mask != 0) return p + __builtin_ctz(mask);
  }
  if (end - p >= 16) {
    const unsigned mask = SpecialsOf(p);
    if (mask != 0) return p + __builtin_ctz(mask);
    p += 16;
  }
#endif
  while (p < end && *p != '"' && *p != '\\' && static_cast<unsigned char>(*p) >= 0x20) p++;
  return p;
}

}  // namespace

bool JsonCursor::Fail(const char* problem) {
  if (problem_ == nullptr) problem_ = problem;
  return false;
}

std::string JsonCursor::problem() const {
  return std::string(problem_) + " at byte " + std::to_string(p_ - begin_ + 1);
}

// After the backslash.
bool JsonCursor::SkipEscape() {
  if (p_ == end_) return Fail("a string is not closed");
  if (*p_ != 'u') {
    if (std::memchr("\"\\/bfnrt", *p_, 8) == nullptr) return Fail("there is no such escape");
    p_++;
    return true;
  }
  p_++;
  for (int i = 0; i < 4; i++, p_++) {
    if (p_ == end_ || HexDigit(*p_) < 0) return Fail("\\u needs four hexadecimal digits");
  }
  return true;
}

// After the opening quote.
inline bool JsonCursor::SkipString(bool* escaped) {
  *escaped = false;
  for (;;) {
    p_ = FindSpecial(p_, end_);
    if (p_ == end_) return Fail("a string is not closed");
    if (*p_ == '"') {
      p_++;
      return true;
    }
    if (*p_ != '\\') return Fail("a string holds a control character");
    p_++;
    *escaped = true;
    if (!SkipEscape()) return false;
  }
}

bool JsonCursor::ReadString(Slice* text, bool* escaped) {
  if (!ok()) return false;
  if (!Take('"')) return Fail("a string is missing");
  const char* const begin = p_;
  if (!SkipString(escaped)) return false;
  *text = Slice(begin, static_cast<size_t>(p_ - 1 - begin));
  return true;
}

// Eight at a time: a loop over so few bytes would mostly wait for a wrong guess of where it ends.
inline void JsonCursor::SkipDigits() {
  for (; end_ - p_ >= 8; p_ += 8) {
    uint64_t word;
    std::memcpy(&word, p_, 8);
    word ^= 0x3030303030303030;
    const uint64_t others = (word | (word + 0x7676767676767676)) & 0x8080808080808080;
    if (others != 0) {
      p_ += __builtin_ctzll(others) / 8;
      return;
    }
  }
  while (p_ < end_ && IsDigit(*p_)) p_++;
}

inline bool JsonCursor::SkipNumber() {
  if (*p_ == '-') p_++;
  if (p_ == end_ || !IsDigit(*p_)) return Fail("a number has no digits");
  if (*p_ == '0') {
    p_++;
  } else {
    const char* const digits = p_;
    SkipDigits();
    if (p_ - digits >= kLargeDigits) has_large_number_ = true;
  }
  if (p_ < end_ && *p_ == '.') {
    p_++;
    if (p_ == end_ || !IsDigit(*p_)) return Fail("a number has no digits after its point");
    SkipDigits();
  }
  if (p_ < end_ && (*p_ == 'e' || *p_ == 'E')) {
    p_++;
    if (p_ < end_ && (*p_ == '-' || *p_ == '+')) p_++;
    if (p_ == end_ || !IsDigit(*p_)) return Fail("a number has no digits in its exponent");
    const char* const digits = p_;
    SkipDigits();
    if (p_ - digits >= kLargeExponentDigits) has_large_number_ = true;
  }
  return true;
}

bool JsonCursor::SkipWord(const char* word, size_t size) {
  if (static_cast<size_t>(end_ - p_) < size || std::memcmp(p_, word, size) != 0) return Fail("this is no JSON value");
  p_ += size;
  return true;
}

inline bool JsonCursor::SkipScalar(char first) {
  bool escaped;
  switch (first) {
    case '"':
      p_++;
      return SkipString(&escaped);
    case 't':
      return SkipWord("true", 4);
    case 'f':
      return SkipWord("false", 5);
    case 'n':
      return SkipWord("null", 4);
    default:
      if (first != '-' && !IsDigit(first)) return Fail(p_ == end_ ? "a value is missing" : "this is no JSON value");
      return SkipNumber();
  }
}

bool JsonCursor::ReadValue(Slice* value) {
  if (!ok()) return false;
  const char first = Peek();
  const char* const begin = p_;
  if (!(first == '{' || first == '[' ? SkipContainer() : SkipScalar(first))) return false;
  *value = Slice(begin, static_cast<size_t>(p_ - begin));
  return true;
}

// Not recursive: a line may open a million brackets.
bool JsonCursor::SkipContainer() {
  open_.clear();
  bool escaped;
  for (;;) {
    const char first = Peek();
    bool opened = false;
    if (first != '{' && first != '[') {
      if (!SkipScalar(first)) return false;
    } else {
      p_++;
      if (!Take(first == '{' ? '}' : ']')) {
        open_.push_back(first);
        opened = true;
      }
    }
    // After a value: close what ends with it.
    while (!opened && !open_.empty() && Take(open_.back() == '{' ? '}' : ']')) open_.pop_back();
    if (open_.empty()) return true;
    if (!opened && !Take(',')) return Fail("a comma or a closing bracket is missing");
    if (open_.back() == '{') {
      if (!Take('"')) return Fail("a key is missing");
      if (!SkipString(&escaped)) return false;
      if (!Take(':')) return Fail("a colon is missing");
    }
  }
}

char* WriteUnescapedJson(Slice text, char* out) {
  const char* p = text.data;
  const char* const end = p + text.size;
  const auto unit = [](const char* digits) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 4 | static_cast<uint32_t>(HexDigit(digits[i]));
    return value;
  };
  while (p < end) {
    const void* const found = std::memchr(p, '\\', static_cast<size_t>(end - p));
    const char* const stop = found == nullptr ? end : static_cast<const char*>(found);
    std::memmove(out, p, static_cast<size_t>(stop - p));
    out += stop - p;
    p = stop;
    if (p == end) break;
    const char escape = p[1];
    p += 2;
    switch (escape) {
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        uint32_t code_point = unit(p);
        p += 4;
        if (code_point >= 0xD800 && code_point < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
          const uint32_t low = unit(p + 2);
          if (low >= 0xDC00 && low < 0xE000) {
            code_point = 0x10000 + ((code_point - 0xD800) << 10) + (low - 0xDC00);
            p += 6;
          }
        }
        if (code_point >= 0xD800 && code_point < 0xE000) code_point = kReplacement;
        out += EncodeUtf8(code_point, out);
        break;
      }
      default:
        *out++ = escape;
    }
  }
  return out;
}

}  // namespace runjob
