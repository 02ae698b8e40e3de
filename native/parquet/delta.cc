#include "parquet/delta.h"

#include <algorithm>

#include "parquet/bit_unpack.h"

namespace runjob::parquet {

namespace {

bool ReadVarint(const char** next, const char* end, uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (*next == end) return false;
    const uint8_t byte = static_cast<uint8_t>(*(*next)++);
    *value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

uint64_t FromZigzag(uint64_t value) { return value >> 1 ^ (0 - (value & 1)); }

}  // namespace

bool DeltaDecoder::Start(Slice bytes) {
  *this = DeltaDecoder();
  next_ = bytes.data;
  end_ = bytes.data + bytes.size;
  uint64_t block = 0;
  uint64_t miniblocks = 0;
  uint64_t first = 0;
  if (!ReadVarint(&next_, end_, &block) || !ReadVarint(&next_, end_, &miniblocks)) return false;
  if (!ReadVarint(&next_, end_, &count_) || !ReadVarint(&next_, end_, &first)) return false;
  if (miniblocks == 0 || block == 0 || block % 8 != 0 || block > UINT32_MAX || miniblocks > block / 8) return false;
  if (block % miniblocks != 0) return false;
  per_miniblock_ = block / miniblocks;
  if (per_miniblock_ % 8 != 0) return false;
  miniblocks_ = static_cast<size_t>(miniblocks);
  miniblock_ = miniblocks_;
  value_ = FromZigzag(first);
  left_ = count_;
  return true;
}

bool DeltaDecoder::StartBlock() {
  uint64_t delta = 0;
  if (!ReadVarint(&next_, end_, &delta)) return false;
  min_delta_ = FromZigzag(delta);
  if (static_cast<size_t>(end_ - next_) < miniblocks_) return false;
  widths_ = next_;
  next_ += miniblocks_;
  miniblock_ = 0;
  return true;
}

bool DeltaDecoder::StartMiniblock() {
  if (miniblock_ == miniblocks_ && !StartBlock()) return false;
  width_ = static_cast<uint8_t>(widths_[miniblock_++]);
  if (width_ > 64) return false;
  const uint64_t bytes = per_miniblock_ / 8 * static_cast<uint64_t>(width_);
  if (bytes > static_cast<uint64_t>(end_ - next_)) return false;
  packed_ = next_;
  bit_ = 0;
  next_ += bytes;
  in_miniblock_ = per_miniblock_;
  return true;
}

bool DeltaDecoder::Read(size_t count, int64_t* out) {
  if (count > left_) return false;
  left_ -= count;
  if (count > 0 && is_first_) {
    is_first_ = false;
    *out++ = static_cast<int64_t>(value_);
    count--;
  }
  while (count > 0) {
    if (in_miniblock_ == 0 && !StartMiniblock()) return false;
    const size_t n = static_cast<size_t>(std::min<uint64_t>(count, in_miniblock_));
    if (width_ <= 32) {
      constexpr size_t kBlock = 128;
      uint32_t block[kBlock];
      for (size_t done = 0; done < n;) {
        const size_t m = std::min(kBlock, n - done);
        UnpackBits(packed_, bit_, width_, m, block);
        bit_ += m * static_cast<size_t>(width_);
        for (size_t i = 0; i < m; i++) {
          value_ += min_delta_ + block[i];
          out[done + i] = static_cast<int64_t>(value_);
        }
        done += m;
      }
    } else {
      for (size_t i = 0; i < n; i++, bit_ += static_cast<size_t>(width_)) {
        value_ += min_delta_ + UnpackWide(packed_, bit_, width_);
        out[i] = static_cast<int64_t>(value_);
      }
    }
    in_miniblock_ -= n;
    out += n;
    count -= n;
  }
  return true;
}

bool DeltaDecoder::End(Slice bytes, size_t* end) {
  DeltaDecoder decoder;
  if (!decoder.Start(bytes)) return false;
  uint64_t left = decoder.count_ == 0 ? 0 : decoder.count_ - 1;
  while (left > 0) {
    if (!decoder.StartMiniblock()) return false;
    left -= std::min(left, decoder.per_miniblock_);
  }
  *end = static_cast<size_t>(decoder.next_ - bytes.data);
  return true;
}

}  // namespace runjob::parquet
