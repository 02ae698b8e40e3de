#include "parquet/levels.h"

#include <algorithm>
#include <cstring>

namespace runjob::parquet {

LevelDecoder LevelDecoder::BitPacked(Slice bytes, uint8_t most) {
  LevelDecoder decoder;
  decoder.most_ = most;
  decoder.is_bit_packed_ = true;
  decoder.packed_ = bytes;
  return decoder;
}

bool LevelDecoder::Read(size_t count, uint8_t* out, bool* all_most) {
  *all_most = false;
  if (most_ == 0) {
    *all_most = true;
    return true;
  }
  if (is_bit_packed_) return ReadBitPacked(count, out);
  size_t equal = 0;
  uint32_t value = 0;
  if (count > 0 && rle_.Peek(count, &equal, &value) && equal == count && value == most_) {
    rle_.Pass(count);
    *all_most = true;
    return true;
  }
  constexpr size_t kBlock = 256;
  uint32_t block[kBlock];
  uint32_t highest = 0;
  for (size_t done = 0; done < count;) {
    const size_t n = std::min(kBlock, count - done);
    if (!rle_.Read(n, block)) return false;
    for (size_t i = 0; i < n; i++) {
      highest = std::max(highest, block[i]);
      out[done + i] = static_cast<uint8_t>(block[i]);
    }
    done += n;
  }
  return highest <= most_;
}

bool LevelDecoder::ReadBitPacked(size_t count, uint8_t* out) {
  const size_t width = static_cast<size_t>(BitWidth(most_));
  for (size_t i = 0; i < count; i++) {
    uint8_t level = 0;
    for (size_t b = 0; b < width; b++, bit_++) {
      if (bit_ / 8 >= packed_.size) return false;
      level = static_cast<uint8_t>(level << 1 | (static_cast<uint8_t>(packed_.data[bit_ / 8]) >> (7 - bit_ % 8) & 1));
    }
    if (level > most_) return false;
    out[i] = level;
  }
  return true;
}

}  // namespace runjob::parquet
