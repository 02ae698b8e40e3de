#include "compress/snappy.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace runjob {

namespace {

// What a tag says: the length of its literal or copy, and how many bytes of a length or an offset follow.
struct Tag {
  uint8_t length;  // of a copy, or a literal of up to 60 bytes
  uint8_t extra;
  uint16_t offset;  // the high bits of an offset
};

constexpr std::array<Tag, 256> MakeTags() {
  std::array<Tag, 256> tags{};
  for (unsigned tag = 0; tag < 256; tag++) {
    const unsigned upper = tag >> 2;
    switch (tag & 3) {
      case 0:
        tags[tag] =
            upper < 60 ? Tag{static_cast<uint8_t>(upper + 1), 0, 0} : Tag{0, static_cast<uint8_t>(upper - 59), 0};
        break;
      case 1:
        tags[tag] = Tag{static_cast<uint8_t>(4 + (upper & 7)), 1, static_cast<uint16_t>(tag >> 5 << 8)};
        break;
      case 2:
        tags[tag] = Tag{static_cast<uint8_t>(upper + 1), 2, 0};
        break;
      case 3:
        tags[tag] = Tag{static_cast<uint8_t>(upper + 1), 4, 0};
        break;
    }
  }
  return tags;
}
constexpr std::array<Tag, 256> kTags = MakeTags();
constexpr uint32_t kMasks[5] = {0, 0xff, 0xffff, 0xffffff, 0xffffffff};

// The copy may overlap what it makes. What is written too much, up to 16 bytes, is written again, or lies in the padding.
inline void CopyWithin(char* out, size_t offset, size_t length) {
  const char* from = out - offset;
  if (offset >= 16) {
    std::memcpy(out, from, 16);
    for (size_t i = 16; i < length; i += 16) std::memcpy(out + i, from + i, 16);
    return;
  }
  if (offset >= 8) {
    std::memcpy(out, from, 8);
    std::memcpy(out + 8, from + 8, 8);
    for (size_t i = 16; i < length; i += 8) std::memcpy(out + i, from + i, 8);
    return;
  }
  if (offset == 1) {
    std::memset(out, *from, length);
    return;
  }
  for (size_t i = 0; i < length; i++) out[i] = from[i];
}

bool ReadSize(const char** next, const char* end, uint32_t* size) {
  uint64_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (*next == end) return false;
    const uint8_t byte = static_cast<uint8_t>(*(*next)++);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      *size = static_cast<uint32_t>(value);
      return value <= UINT32_MAX;
    }
  }
  return false;
}

}  // namespace

bool SnappyDecompress(Slice in, char* out, size_t size) {
  const char* next = in.data;
  const char* const end = in.data + in.size;
  uint32_t promised = 0;
  if (!ReadSize(&next, end, &promised) || promised != size) return false;
  char* const begin = out;
  char* const out_end = out + size;
  while (next < end) {
    const uint8_t byte = static_cast<uint8_t>(*next++);
    const Tag tag = kTags[byte];
    uint32_t word;
    std::memcpy(&word, next, 4);  // perhaps padding
    word &= kMasks[tag.extra];
    if (tag.extra > end - next) return false;
    next += tag.extra;
    if ((byte & 3) == 0) {
      const size_t length = tag.extra == 0 ? tag.length : size_t{word} + 1;
      if (length > static_cast<size_t>(end - next) || length > static_cast<size_t>(out_end - out)) return false;
      if (length <= 16) {
        std::memcpy(out, next, 16);
      } else {
        std::memcpy(out, next, length);
      }
      next += length;
      out += length;
      continue;
    }
    const size_t offset = size_t{word} + tag.offset;
    if (offset == 0 || offset > static_cast<size_t>(out - begin)) return false;
    if (tag.length > out_end - out) return false;
    CopyWithin(out, offset, tag.length);
    out += tag.length;
  }
  return out == out_end;
}

}  // namespace runjob
