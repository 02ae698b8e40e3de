// What Zstandard codes numbers with: bits read backwards, and tables of finite states.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/slice.h"

namespace runjob {

// Reads bits from the end of a stream to its start. The highest bit of the last byte that is set marks the end.
class BackwardBits {
 public:
  // False where there is no mark. REQUIRES: 8 bytes after the stream may be read.
  bool Start(Slice bytes);

  // Up to 56 bits. Before the start of the stream there are zeros, and left() is negative.
  uint64_t Read(int count) {
    left_ -= count;
    return Peek(count);
  }
  int64_t left() const { return left_; }
  const char* data() const { return data_; }
  void set_left(int64_t left) { left_ = left; }

 private:
  // The bits that Read has passed last.
  uint64_t Peek(int count) const {
    const uint64_t mask = (uint64_t{1} << count) - 1;
    uint64_t word;
    if (left_ >= 0) {
      std::memcpy(&word, data_ + left_ / 8, 8);
      return word >> (left_ & 7) & mask;
    }
    if (-left_ >= count) return 0;
    std::memcpy(&word, data_, 8);
    return word << -left_ & mask;
  }

  const char* data_ = nullptr;
  int64_t left_ = 0;
};

class FseTable {
 public:
  static constexpr int kMaxLog = 9;

  struct Entry {
    uint8_t symbol;
    uint8_t bits;
    uint16_t base;  // of the next state
  };

  // Reads counts of symbols up to `max_symbol`; *used is how many bytes they take. False where they are damaged.
  bool Read(Slice bytes, int max_log, int max_symbol, size_t* used);
  // Of counts that are known. False where they do not fit.
  bool Build(const int16_t* counts, int symbols, int log);
  // Always this symbol.
  void Repeat(uint8_t symbol);

  int log() const { return log_; }
  bool empty() const { return log_ < 0; }
  const Entry& at(size_t state) const { return entries_[state]; }

 private:
  std::array<Entry, 1 << kMaxLog> entries_;
  int log_ = -1;
};

}  // namespace runjob
