#include "compress/lz4.h"

#include <cstdint>
#include <cstring>

namespace runjob {

namespace {

// A length of 15 goes on in bytes, of which all but the last are 255.
bool ReadLength(const char** next, const char* end, size_t* length) {
  if (*length != 15) return true;
  for (;;) {
    if (*next == end) return false;
    const uint8_t byte = static_cast<uint8_t>(*(*next)++);
    *length += byte;
    if (byte != 255) return true;
  }
}

// Decompresses up to `size` bytes, and sets *used to how many.
bool DecompressBlock(Slice in, char* out, size_t size, size_t* used) {
  const char* next = in.data;
  const char* const end = in.data + in.size;
  char* const begin = out;
  char* const out_end = out + size;
  while (next < end) {
    const uint8_t token = static_cast<uint8_t>(*next++);
    size_t literals = token >> 4;
    if (!ReadLength(&next, end, &literals)) return false;
    if (literals > static_cast<size_t>(end - next) || literals > static_cast<size_t>(out_end - out)) return false;
    if (literals > 0) std::memcpy(out, next, literals);
    next += literals;
    out += literals;
    // The last sequence has no copy.
    if (next == end) break;
    if (end - next < 2) return false;
    const size_t offset = static_cast<uint8_t>(next[0]) | size_t{static_cast<uint8_t>(next[1])} << 8;
    next += 2;
    size_t length = token & 15;
    if (!ReadLength(&next, end, &length)) return false;
    length += 4;
    if (offset == 0 || offset > static_cast<size_t>(out - begin) || length > static_cast<size_t>(out_end - out))
      return false;
    const char* from = out - offset;
    if (offset >= length) {
      std::memcpy(out, from, length);
    } else {
      for (size_t i = 0; i < length; i++) out[i] = from[i];
    }
    out += length;
  }
  *used = static_cast<size_t>(out - begin);
  return true;
}

uint32_t BigEndian(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, 4);
  return __builtin_bswap32(value);
}

// u32 size, then u32 stored size and a block until that size is reached; again and again.
bool DecompressFrames(Slice in, char* out, size_t size) {
  size_t done = 0;
  while (in.size > 0) {
    if (in.size < 4) return false;
    size_t left = BigEndian(in.data);
    in = Slice(in.data + 4, in.size - 4);
    if (left > size - done) return false;
    while (left > 0) {
      if (in.size < 4) return false;
      const size_t stored = BigEndian(in.data);
      in = Slice(in.data + 4, in.size - 4);
      size_t used = 0;
      if (stored == 0 || stored > in.size || !DecompressBlock(Slice(in.data, stored), out + done, left, &used))
        return false;
      in = Slice(in.data + stored, in.size - stored);
      if (used == 0) return false;
      done += used;
      left -= used;
    }
  }
  return done == size;
}

}  // namespace

bool Lz4Decompress(Slice in, char* out, size_t size) {
  size_t used = 0;
  return DecompressBlock(in, out, size, &used) && used == size;
}

bool HadoopLz4Decompress(Slice in, char* out, size_t size) {
  return DecompressFrames(in, out, size) || Lz4Decompress(in, out, size);
}

}  // namespace runjob
