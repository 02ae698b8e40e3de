// Runs of equal numbers and of packed ones, mixed: levels, codes of a dictionary, booleans.
//
// Source: https://github.com/apache/parquet-format/blob/master/Encodings.md#RLE
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"

namespace runjob::parquet {

class RleDecoder {
 public:
  RleDecoder() = default;
  // REQUIRES: 32 bytes after `bytes` may be read; width <= 32.
  RleDecoder(Slice bytes, int width) : next_(bytes.data), end_(bytes.data + bytes.size), width_(width) {}

  // Reads exactly `count` numbers; false where there are fewer.
  bool Read(size_t count, uint32_t* out);
  // Passes over `count` numbers; false where there are fewer.
  bool Skip(size_t count);
  // How many of the next numbers, up to `most`, are known to be equal, and their value; 0: the next ones are packed. False at the end.
  bool Peek(size_t most, size_t* count, uint32_t* value);
  // REQUIRES: Peek has just said that so many are equal.
  void Pass(size_t count) { repeats_ -= count; }

 private:
  bool NextRun();

  const char* next_ = nullptr;
  const char* end_ = nullptr;
  int width_ = 0;
  size_t repeats_ = 0;  // left of the current run
  uint32_t value_ = 0;
  size_t packed_ = 0;  // numbers left of the current packed run
  const char* packed_begin_ = nullptr;
  size_t bit_ = 0;
};

// How many bits hold `most`.
int BitWidth(uint32_t most);

}  // namespace runjob::parquet
