#include "compress/snappy_writer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace runjob {

namespace {

// Copies reach back within a block, so that the places of a block fit into 16 bits.
constexpr size_t kBlockBytes = size_t{1} << 16;
constexpr int kTableBits = 14;
// Loads of words must stay within the block.
constexpr size_t kTail = 15;

using Table = std::array<uint16_t, size_t{1} << kTableBits>;

uint32_t Load32(const char* p) {
  uint32_t word;
  std::memcpy(&word, p, 4);
  return word;
}

uint64_t Load64(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

uint32_t Place(uint32_t word) { return (word * 0x1e35a7bdu) >> (32 - kTableBits); }

char* WriteLiteral(const char* from, size_t size, char* out) {
  const size_t n = size - 1;
  if (n < 60) {
    *out++ = static_cast<char>(n << 2);
  } else {
    // A block's literals have 16 bits of length at most.
    const int bytes = n < 256 ? 1 : 2;
    *out++ = static_cast<char>((59 + bytes) << 2);
    *out++ = static_cast<char>(n);
    if (bytes == 2) *out++ = static_cast<char>(n >> 8);
  }
  std::memcpy(out, from, size);
  return out + size;
}

char* WriteShortCopy(size_t offset, size_t size, char* out) {
  if (size < 12 && offset < 2048) {
    *out++ = static_cast<char>(1 | (size - 4) << 2 | (offset >> 8) << 5);
    *out++ = static_cast<char>(offset);
    return out;
  }
  *out++ = static_cast<char>(2 | (size - 1) << 2);
  *out++ = static_cast<char>(offset);
  *out++ = static_cast<char>(offset >> 8);
  return out;
}

char* WriteCopy(size_t offset, size_t size, char* out) {
  // The last one has 4 bytes at least, because shorter ones have no short form.
  for (; size >= 68; size -= 64) out = WriteShortCopy(offset, 64, out);
  if (size > 64) {
    out = WriteShortCopy(offset, 60, out);
    size -= 60;
  }
  return WriteShortCopy(offset, size, out);
}

// How many bytes from a on are those from b on. REQUIRES: b < a <= end.
size_t Match(const char* a, const char* b, const char* end) {
  const char* const begin = a;
  for (; end - a >= 8; a += 8, b += 8) {
    const uint64_t bits = Load64(a) ^ Load64(b);
    if (bits != 0) return static_cast<size_t>(a - begin) + static_cast<size_t>(__builtin_ctzll(bits)) / 8;
  }
  for (; a < end && *a == *b; a++, b++) {
  }
  return static_cast<size_t>(a - begin);
}

// Source: Google's description of its compressor, "compress_fragment": a table of where four bytes were last, and steps that become longer
// where nothing is found.
char* CompressBlock(const char* begin, size_t size, Table* table, char* out) {
  const char* const end = begin + size;
  const char* literal = begin;
  if (size > kTail) {
    table->fill(0);
    const char* const limit = end - kTail;
    const char* at = begin + 1;
    uint32_t misses = 32;
    while (at < limit) {
      const uint32_t word = Load32(at);
      uint16_t* const slot = &(*table)[Place(word)];
      const char* const candidate = begin + *slot;
      *slot = static_cast<uint16_t>(at - begin);
      if (Load32(candidate) != word) {
        at += misses++ >> 5;
        continue;
      }
      if (at > literal) out = WriteLiteral(literal, static_cast<size_t>(at - literal), out);
      const size_t matched = 4 + Match(at + 4, candidate + 4, end);
      out = WriteCopy(static_cast<size_t>(at - candidate), matched, out);
      at += matched;
      literal = at;
      misses = 32;
      if (at < limit) (*table)[Place(Load32(at - 1))] = static_cast<uint16_t>(at - 1 - begin);
    }
  }
  if (literal < end) out = WriteLiteral(literal, static_cast<size_t>(end - literal), out);
  return out;
}

}  // namespace

void SnappyCompress(Slice in, std::string* out) {
  const size_t before = out->size();
  // Nothing takes more: literals without a copy between them have 3 bytes for each block, and no copy is longer than what it stands for.
  out->resize(before + 5 + in.size + 3 * (in.size / kBlockBytes + 1) + in.size / 6);
  char* to = out->data() + before;
  for (size_t size = in.size;; size >>= 7) {
    if (size < 0x80) {
      *to++ = static_cast<char>(size);
      break;
    }
    *to++ = static_cast<char>(size | 0x80);
  }
  Table table;
  for (size_t done = 0; done < in.size; done += kBlockBytes) {
    to = CompressBlock(in.data + done, std::min(kBlockBytes, in.size - done), &table, to);
  }
  out->resize(static_cast<size_t>(to - out->data()));
}

}  // namespace runjob
