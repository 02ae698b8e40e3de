// The words mapper, in chunks of any size, against JavaScript's line.toLowerCase().split(/\s+/) written plainly.
#include <algorithm>

#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "text/lowercase.h"
#include "text/tokenize.h"

namespace runjob::fuzz {
namespace {

constexpr uint32_t kDottedCapitalI = 0x130;

// Alphabets enough for every way a character can change: its length, its context, the number of its characters.
uint32_t LowerOf(uint32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
  if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 32;
  if (c == kDottedCapitalI) return 'i';
  if (c == 0x23A) return 0x2C65;  // two bytes become three
  if (c == 0x212A) return 'k';    // three become one
  if (c >= 0x10400 && c <= 0x10427) return c + 40;
  return c;
}
bool IsCased(uint32_t c) {
  return LowerOf(c) != c || (c >= 'a' && c <= 'z') || (c >= 0xDF && c <= 0xFF && c != 0xF7) ||
         (c >= 0x3B1 && c <= 0x3C9) || (c >= 0x10428 && c <= 0x1044F);
}
bool IsIgnorable(uint32_t c) {
  return c == '\'' || c == '.' || c == '^' || c == 0xAD || (c >= 0x300 && c <= 0x36F) || c == 0x200B ||
         (c >= 0xE0100 && c <= 0xE01EF) || (c >= 0xE0020 && c <= 0xE007F) || c == 0xE0001;
}
bool IsSpace(uint32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

void SetTable() {
  static const bool set = [] {
    std::vector<uint32_t> table(kLowercaseTableSize);
    for (uint32_t c = 0; c < kLowercaseTableSize; c++) {
      table[c] = LowerOf(c) | (IsCased(c) ? 1u << 31 : 0) | (IsIgnorable(c) ? 1u << 30 : 0) |
                 (c == kDottedCapitalI ? 1u << 29 : 0);
    }
    SetLowercaseTable(table.data());
    return true;
  }();
  (void)set;
}

// Unicode 3.13, Final_Sigma: a cased letter before and none after, ignorable characters aside.
bool IsFinalSigma(const std::vector<uint32_t>& line, size_t at) {
  size_t before = at;
  while (before > 0 && IsIgnorable(line[before - 1])) before--;
  if (before == 0 || !IsCased(line[before - 1])) return false;
  size_t after = at + 1;
  while (after < line.size() && IsIgnorable(line[after])) after++;
  return after == line.size() || !IsCased(line[after]);
}

void AddWords(const std::vector<uint32_t>& line, bool lowercase, std::vector<std::string>* words) {
  std::string word;
  for (size_t i = 0; i < line.size(); i++) {
    const uint32_t c = line[i];
    if (IsSpace(c)) {
      if (!word.empty()) words->push_back(word);
      word.clear();
    } else if (!lowercase) {
      AppendUtf8(c, &word);
    } else if (c == 0x3A3) {
      AppendUtf8(IsFinalSigma(line, i) ? 0x3C2 : 0x3C3, &word);
    } else {
      AppendUtf8(LowerOf(c), &word);
      if (c == kDottedCapitalI) AppendUtf8(0x307, &word);
    }
  }
  if (!word.empty()) words->push_back(word);
}

std::vector<std::string> Expected(const std::string& text, bool lowercase) {
  std::vector<std::string> words;
  std::vector<uint32_t> line;
  for (const char *p = text.data(), *end = p + text.size(); p < end;) {
    const Utf8Char c = DecodeUtf8(p, end);
    p += c.length;
    if (c.code_point == '\n') {
      AddWords(line, lowercase, &words);
      line.clear();
    } else {
      line.push_back(c.code_point);
    }
  }
  AddWords(line, lowercase, &words);
  return words;
}

void Run(Input input) {
  SetTable();
  const bool lowercase = input.Flag();
  const size_t chunk_bytes = input.Byte();
  const size_t repeats = 1 + input.Below(64);
  const std::string unit = input.Rest();
  std::string text;  // long enough for several strips
  for (size_t i = 0; i < repeats; i++) text += unit;

  KeyRecorder recorder;
  const std::unique_ptr<Mapper> mapper = NewWordsMapper(lowercase, {}, &recorder);
  bool done = false;
  ForEachChunk(text, chunk_bytes, [&](Slice chunk, bool last) {
    EXPECT(mapper->Push(chunk, kNoLimit, last, &done).ok());
    return true;
  });
  EXPECT(done);
  EXPECT(mapper->position() == text.size());
  EXPECT(mapper->records_out() == recorder.keys.size());
  EXPECT(recorder.keys == Expected(text, lowercase));
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
