// A walk over JSON text that checks all of it, as JSON.parse does, and decodes what is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/slice.h"

namespace runjob {

// Once something is wrong, every call is false; problem() says what.
class JsonCursor {
 public:
  explicit JsonCursor(Slice text) : begin_(text.data), p_(text.data), end_(text.data + text.size) {}

  // What comes next, after white space; 0 at the end.
  char Peek() {
    SkipSpace();
    return p_ < end_ ? *p_ : '\0';
  }
  // Whether the next byte is `c`, which is taken then.
  bool Take(char c) {
    if (Peek() != c) return false;
    p_++;
    return true;
  }
  // Whether these bytes come next, which are taken then.
  bool TakeAll(Slice bytes) {
    SkipSpace();
    return TakeExactly(bytes);
  }
  // The same, without white space before them.
  bool TakeExactly(Slice bytes) {
    if (static_cast<size_t>(end_ - p_) < bytes.size || !SameText(p_, bytes)) return false;
    p_ += bytes.size;
    return true;
  }
  // A string without its quotes, as it is in the text.
  bool ReadString(Slice* text, bool* escaped);
  // A whole value, as it is in the text.
  bool ReadValue(Slice* value);
  // Where it is, and back to there, as if nothing had been read since.
  const char* place() const { return p_; }
  void Return(const char* place) {
    p_ = place;
    problem_ = nullptr;
  }
  bool AtEnd() { return Peek() == '\0' && p_ == end_; }

  bool Fail(const char* problem);
  // Whether a number was read that might be beyond the doubles, or between two of them.
  bool has_large_number() const { return has_large_number_; }
  // With its place, from byte 1 on.
  std::string problem() const;
  bool ok() const { return problem_ == nullptr; }

 private:
  void SkipSpace() {
    while (p_ < end_ && (*p_ == ' ' || *p_ == '\t' || *p_ == '\r' || *p_ == '\n')) p_++;
  }
  // A call of memcmp takes longer than most keys.
  static bool SameText(const char* p, Slice bytes) {
    const char* const q = bytes.data;
    const auto differ = [&](size_t i) {
      uint64_t words[2];
      std::memcpy(&words[0], p + i, 8);
      std::memcpy(&words[1], q + i, 8);
      return words[0] != words[1];
    };
    if (bytes.size < 8) {
      for (size_t i = 0; i < bytes.size; i++) {
        if (p[i] != q[i]) return false;
      }
      return true;
    }
    for (size_t i = 0; i + 8 < bytes.size; i += 8) {
      if (differ(i)) return false;
    }
    return !differ(bytes.size - 8);
  }
  bool SkipString(bool* escaped);
  bool SkipContainer();
  // Neither an object nor an array.
  bool SkipScalar(char first);
  bool SkipNumber();
  void SkipDigits();
  bool SkipWord(const char* word, size_t size);
  bool SkipEscape();

  const char* const begin_;
  const char* p_;
  const char* const end_;
  const char* problem_ = nullptr;
  bool has_large_number_ = false;
  std::string open_;  // containers that are open, as '{' and '['
};

// Writes a string of JSON, without quotes and valid, with its escapes decoded; half a surrogate pair becomes U+FFFD. Returns
// the end. REQUIRES: room for text.size bytes.
char* WriteUnescapedJson(Slice text, char* out);

}  // namespace runjob
