#include "compress/snappy.h"

#include <array>
#include <cstddef>
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

constexpr size_t kPiece = 16;
constexpr ptrdiff_t kMostTaken = 1 + kPiece + 1 + 4;  // of a literal of a piece, and a copy
constexpr ptrdiff_t kMostMade = kPiece + 64;

// Numbers are mostly pairs, texts are not. After so many bytes of the input it shows.
constexpr ptrdiff_t kTried = 1024;

// In a register.
struct Piece {
  char bytes[kPiece];

  explicit Piece(const char* from) { std::memcpy(bytes, from, kPiece); }
  void Store(char* out) const { std::memcpy(out, bytes, kPiece); }
};

// The copy may overlap what it makes. What is written too much, less than 16 bytes, is written again, or lies in the padding.
inline void CopyWithin(char* out, size_t offset, size_t length) {
  const char* const from = out - offset;
  if (offset >= kPiece) {
    std::memcpy(out, from, kPiece);
    for (size_t i = kPiece; i < length; i += kPiece) std::memcpy(out + i, from + i, kPiece);
    return;
  }
  if (offset >= 8) {
    for (size_t i = 0; i < length; i += 8) std::memcpy(out + i, from + i, 8);
    return;
  }
  // The first eight bytes one by one; from there on, what is a multiple of the offset, and at least 8 bytes, before.
  for (size_t i = 0; i < 8; i++) out[i] = from[i];
  const size_t step = offset * ((7 + offset) / offset);
  for (size_t i = 8; i < length; i += 8) std::memcpy(out + i, out + i - step, 8);
}

// Takes literals of at most a piece, each with the copy after it, as long as there are only these, well before the end of both: most of what
// there is. A copy mostly repeats what comes before the literal ahead of it: it is read before the literal is written, which it would
// else have to wait for.
void TakePairs(const char** in, const char* end, const char* begin, char** to, const char* out_end) {
  const char* next = *in;
  char* out = *to;
  while (end - next >= kMostTaken && out_end - out >= kMostMade) {
    const uint8_t first = static_cast<uint8_t>(*next);
    const size_t literal = (first >> 2) + 1u;
    if ((first & 3) != 0 || literal > kPiece) break;
    const char* const copy = next + 1 + literal;
    const uint8_t byte = static_cast<uint8_t>(*copy);
    const Tag tag = kTags[byte];
    uint32_t word;
    std::memcpy(&word, copy + 1, 4);
    const size_t offset = size_t{word & kMasks[tag.extra]} + tag.offset;
    if ((byte & 3) == 0 || offset < tag.length + literal) break;
    char* const at = out + literal;
    if (offset > static_cast<size_t>(at - begin)) break;
    const Piece made(at - offset);
    Piece(next + 1).Store(out);
    made.Store(at);
    for (size_t i = kPiece; i < tag.length; i += kPiece) std::memcpy(at + i, at + i - offset, kPiece);
    next = copy + 1 + tag.extra;
    out = at + tag.length;
  }
  *in = next;
  *to = out;
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
  bool takes_pairs = true;
  ptrdiff_t in_pairs = 0;  // bytes of the input
  while (next < end) {
    if (takes_pairs) {
      const char* const before = next;
      TakePairs(&next, end, begin, &out, out_end);
      in_pairs += next - before;
      takes_pairs = next - in.data < kTried || 2 * in_pairs > next - in.data;
    }
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
      if (length <= kPiece) {
        std::memcpy(out, next, kPiece);
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
