#include "compress/zstd_fse.h"

#include <bit>

namespace runjob {

namespace {

constexpr int kMaxSymbols = 64;

// Bits from the start of a stream on; zeros after its end.
class ForwardBits {
 public:
  explicit ForwardBits(Slice bytes) : bytes_(bytes) {}

  uint32_t Peek(int count) const {
    uint64_t word = 0;
    for (size_t i = 0; i < 4 && at_ / 8 + i < bytes_.size; i++) {
      word |= uint64_t{static_cast<uint8_t>(bytes_.data[at_ / 8 + i])} << 8 * i;
    }
    return static_cast<uint32_t>(word >> at_ % 8 & ((uint64_t{1} << count) - 1));
  }
  void Pass(int count) { at_ += static_cast<size_t>(count); }
  size_t used() const { return (at_ + 7) / 8; }

 private:
  Slice bytes_;
  size_t at_ = 0;
};

}  // namespace

bool BackwardBits::Start(Slice bytes) {
  if (bytes.size == 0 || bytes.data[bytes.size - 1] == 0) return false;
  data_ = bytes.data;
  const uint8_t last = static_cast<uint8_t>(bytes.data[bytes.size - 1]);
  left_ = static_cast<int64_t>(bytes.size - 1) * 8 + std::bit_width(last) - 1;
  return true;
}

bool FseTable::Read(Slice bytes, int max_log, int max_symbol, size_t* used) {
  ForwardBits bits(bytes);
  const int log = static_cast<int>(bits.Peek(4)) + 5;
  bits.Pass(4);
  if (log > max_log) return false;
  int16_t counts[kMaxSymbols] = {};
  int remaining = (1 << log) + 1;
  int threshold = 1 << log;
  int width = log + 1;
  int symbol = 0;
  while (remaining > 1 && symbol <= max_symbol) {
    const int low_limit = 2 * threshold - 1 - remaining;
    int count = static_cast<int>(bits.Peek(width));
    if ((count & (threshold - 1)) < low_limit) {
      count &= threshold - 1;
      bits.Pass(width - 1);
    } else {
      if (count >= threshold) count -= low_limit;
      bits.Pass(width);
    }
    count--;
    remaining -= count < 0 ? 1 : count;
    if (remaining < 1) return false;
    counts[symbol++] = static_cast<int16_t>(count);
    while (remaining < threshold) {
      width--;
      threshold >>= 1;
    }
    if (count != 0) continue;
    // More symbols that do not occur.
    for (uint32_t more = 3; more == 3;) {
      more = bits.Peek(2);
      bits.Pass(2);
      symbol += static_cast<int>(more);
      if (symbol > max_symbol + 1) return false;
    }
  }
  if (remaining != 1 || bits.used() > bytes.size) return false;
  *used = bits.used();
  return Build(counts, symbol, log);
}

bool FseTable::Build(const int16_t* counts, int symbols, int log) {
  const int size = 1 << log;
  uint16_t next[kMaxSymbols] = {};
  int high = size - 1;
  for (int s = 0; s < symbols; s++) {
    if (counts[s] == -1) {
      if (high < 0) return false;
      entries_[static_cast<size_t>(high--)].symbol = static_cast<uint8_t>(s);
      next[s] = 1;
    } else {
      next[s] = static_cast<uint16_t>(counts[s]);
    }
  }
  const int step = (size >> 1) + (size >> 3) + 3;
  int at = 0;
  for (int s = 0; s < symbols; s++) {
    for (int i = 0; i < counts[s]; i++) {
      entries_[static_cast<size_t>(at)].symbol = static_cast<uint8_t>(s);
      do at = (at + step) & (size - 1);
      while (at > high);
    }
  }
  if (at != 0) return false;
  for (int state = 0; state < size; state++) {
    Entry& entry = entries_[static_cast<size_t>(state)];
    const unsigned x = next[entry.symbol]++;
    entry.bits = static_cast<uint8_t>(log + 1 - std::bit_width(x));
    entry.base = static_cast<uint16_t>((x << entry.bits) - static_cast<unsigned>(size));
  }
  log_ = log;
  return true;
}

void FseTable::Repeat(uint8_t symbol) {
  entries_[0] = Entry{symbol, 0, 0};
  log_ = 0;
}

}  // namespace runjob
