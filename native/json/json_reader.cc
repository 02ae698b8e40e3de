#include "json/json_reader.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <utility>

#include "base/number.h"
#include "base/utf8.h"

namespace runjob {

namespace {

constexpr size_t kBlockBounds = 1 << 15;
constexpr uint64_t kHighBits = 0x8080808080808080u;

size_t CountUnits(const char* p, const char* end) {
  size_t units = 0;
  while (p < end) {
    uint64_t word = 0;
    if (end - p >= 8) std::memcpy(&word, p, sizeof(word));
    if (end - p >= 8 && (word & kHighBits) == 0) {
      units += 8;
      p += 8;
      continue;
    }
    const Utf8Char next = DecodeUtf8(p, end);
    units += next.code_point >= 0x10000 ? 2 : 1;
    p += next.length;
  }
  return units;
}

}  // namespace

// From places in a line, which ascend, to places in the string. Counts from one to the next: from the start of the line it would
// go through the line once for every field.
class JsonReader::Places {
 public:
  Places(const char* line, size_t units, bool same) : at_(line), units_(units), same_(same) {}

  // REQUIRES: p is no less than the last one; no character goes across it.
  int32_t Of(const char* p) {
    units_ += same_ ? static_cast<size_t>(p - at_) : CountUnits(at_, p);
    at_ = p;
    return static_cast<int32_t>(units_);
  }

 private:
  const char* at_;
  size_t units_;  // up to at_
  const bool same_;
};

JsonReader::JsonReader(std::vector<std::string> names) : fields_(std::move(names)), order_(fields_.size()) {
  std::iota(order_.begin(), order_.end(), size_t{0});
}

void JsonReader::Read(Slice block, bool same_places, JsonBlock* out) {
  const size_t line_bounds = JsonBlock::kBounds * (1 + fields_.size());
  const size_t most_lines = std::max<size_t>(1, kBlockBounds / line_bounds);
  out->bounds.resize(most_lines * line_bounds);
  out->numbers.resize(most_lines * fields_.size());
  out->lines = 0;
  int32_t* bounds = out->bounds.data();
  double* numbers = out->numbers.data();
  while (out->lines < most_lines && out->bytes < block.size) {
    const char* const begin = block.data + out->bytes;
    const size_t rest = block.size - out->bytes;
    const void* const newline = std::memchr(begin, '\n', rest);
    const size_t size = newline == nullptr ? rest : static_cast<size_t>(static_cast<const char*>(newline) - begin);
    Places places(begin, out->units, same_places);
    bounds[0] = static_cast<int32_t>(out->units);
    const bool described = ReadFields(Slice(begin, size), &places, bounds + JsonBlock::kBounds, numbers);
    const int32_t end = places.Of(begin + size);
    bounds[1] = described ? end : ~end;
    bounds += line_bounds;
    numbers += fields_.size();
    out->lines++;
    const size_t newline_size = newline == nullptr ? 0 : 1;
    out->bytes += size + newline_size;
    out->units = static_cast<size_t>(end) + newline_size;
  }
  out->bounds.resize(out->lines * line_bounds);
  out->numbers.resize(out->lines * fields_.size());
}

bool JsonReader::ReadFields(Slice line, Places* places, int32_t* bounds, double* numbers) {
  JsonCursor cursor(line);
  if (!fields_.Read(&cursor, &values_) || !cursor.AtEnd() || cursor.has_large_number()) return false;
  const auto is_before = [this](size_t a, size_t b) { return std::less<>()(values_[a].data, values_[b].data); };
  // Lines are mostly alike: the order is that of the last one.
  if (!std::is_sorted(order_.begin(), order_.end(), is_before)) std::sort(order_.begin(), order_.end(), is_before);
  for (const size_t i : order_) {
    const Slice value = values_[i];
    int32_t* const ends = bounds + i * JsonBlock::kBounds;
    const char* const end = value.data + value.size;
    JsonFieldKind kind = JsonFieldKind::kMissing;
    switch (value.empty() ? '\0' : value.data[0]) {
      case '\0':
        break;
      case 'n':
        kind = JsonFieldKind::kNull;
        break;
      case 't':
        kind = JsonFieldKind::kTrue;
        break;
      case 'f':
        kind = JsonFieldKind::kFalse;
        break;
      case '"':
        if (std::memchr(value.data, '\\', value.size) == nullptr) {
          ends[0] = places->Of(value.data + 1);
          ends[1] = places->Of(end - 1);
          continue;
        }
        [[fallthrough]];
      case '{':
      case '[':
        ends[0] = places->Of(value.data);
        ends[1] = ~places->Of(end);
        continue;
      default:
        kind = JsonFieldKind::kNumber;
        ParseNearest(value, &numbers[i]);
    }
    ends[0] = static_cast<int32_t>(kind);
  }
  return true;
}

}  // namespace runjob
