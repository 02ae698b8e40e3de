#include "parquet/bounds.h"

#include "base/utf8.h"

namespace runjob::parquet {

namespace {

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// The first bytes of a longer text; at most kMaxBytes.
std::string CutOff(const std::string& value, bool is_text) {
  size_t size = BytesBounds::kMaxBytes;
  // A character has no more than four bytes.
  for (int i = 0; is_text && i < 3 && IsContinuation(value[size]); i++) size--;
  return value.substr(0, size);
}

// Makes it greater than all that begin with it. False where nothing is.
bool IncreaseBytes(std::string* prefix) {
  while (!prefix->empty() && static_cast<uint8_t>(prefix->back()) == 0xff) prefix->pop_back();
  if (prefix->empty()) return false;
  prefix->back()++;
  return true;
}

bool IncreaseText(std::string* prefix) {
  while (!prefix->empty()) {
    size_t start = prefix->size() - 1;
    while (start > 0 && IsContinuation((*prefix)[start])) start--;
    const char* const end = prefix->data() + prefix->size();
    const Utf8Char last = DecodeUtf8(prefix->data() + start, end);
    const bool is_whole = start + last.length == prefix->size() && last.code_point != 0x10FFFF;
    prefix->resize(start);
    if (!is_whole) continue;
    // There are no characters among the surrogates.
    AppendUtf8(last.code_point == 0xD7FF ? 0xE000 : last.code_point + 1, prefix);
    return true;
  }
  return false;
}

}  // namespace

Bounds BytesBounds::Encode(bool is_text) const {
  Bounds bounds;
  if (!any_) return bounds;
  bounds.has_min = bounds.has_max = true;
  bounds.min_is_exact = min_.size() <= kMaxBytes;
  bounds.min = bounds.min_is_exact ? min_ : CutOff(min_, is_text);
  bounds.max_is_exact = max_.size() <= kMaxBytes;
  bounds.max = bounds.max_is_exact ? max_ : CutOff(max_, is_text);
  if (!bounds.max_is_exact) bounds.has_max = is_text ? IncreaseText(&bounds.max) : IncreaseBytes(&bounds.max);
  if (!bounds.has_max) bounds.max.clear();
  return bounds;
}

}  // namespace runjob::parquet
