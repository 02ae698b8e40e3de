#include "parquet/rle.h"

#include <algorithm>
#include <bit>

#include "parquet/bit_unpack.h"

namespace runjob::parquet {

bool RleDecoder::NextRun() {
  uint64_t header = 0;
  for (int shift = 0;; shift += 7) {
    if (next_ == end_ || shift > 35) return false;
    const uint8_t byte = static_cast<uint8_t>(*next_++);
    header |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) break;
  }
  const size_t left = static_cast<size_t>(end_ - next_);
  if ((header & 1) == 0) {
    const size_t bytes = static_cast<size_t>(width_ + 7) / 8;
    if (bytes > left) return false;
    value_ = 0;
    std::memcpy(&value_, next_, bytes);
    next_ += bytes;
    repeats_ = header >> 1;
    return true;
  }
  // Groups of 8. Some writers leave out the end of the last one.
  const uint64_t groups = header >> 1;
  // Numbers without bits are all 0: writers make that a run of equal ones, of which the first few may be packed.
  if (width_ == 0 && groups > 1) return false;
  const uint64_t bytes = std::min<uint64_t>(groups * static_cast<uint64_t>(width_), left);
  packed_ = width_ == 0 ? groups * 8 : std::min<uint64_t>(groups * 8, bytes * 8 / static_cast<uint64_t>(width_));
  packed_begin_ = next_;
  bit_ = 0;
  next_ += bytes;
  return true;
}

bool RleDecoder::Read(size_t count, uint32_t* out) {
  while (count > 0) {
    if (repeats_ > 0) {
      const size_t n = std::min(count, repeats_);
      std::fill_n(out, n, value_);
      repeats_ -= n;
      out += n;
      count -= n;
    } else if (packed_ > 0) {
      const size_t n = std::min(count, packed_);
      UnpackBits(packed_begin_, bit_, width_, n, out);
      bit_ += n * static_cast<size_t>(width_);
      packed_ -= n;
      out += n;
      count -= n;
    } else if (!NextRun()) {
      return false;
    }
  }
  return true;
}

bool RleDecoder::Skip(size_t count) {
  while (count > 0) {
    if (repeats_ == 0 && packed_ == 0 && !NextRun()) return false;
    size_t* left = repeats_ > 0 ? &repeats_ : &packed_;
    const size_t n = std::min(count, *left);
    if (repeats_ == 0) bit_ += n * static_cast<size_t>(width_);
    *left -= n;
    count -= n;
  }
  return true;
}

bool RleDecoder::Peek(size_t most, size_t* count, uint32_t* value) {
  while (repeats_ == 0 && packed_ == 0) {
    if (!NextRun()) return false;
  }
  *count = std::min(repeats_, most);
  *value = value_;
  return true;
}

int BitWidth(uint32_t most) { return std::bit_width(most); }

}  // namespace runjob::parquet
