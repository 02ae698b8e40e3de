// Definition and repetition levels of a page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"
#include "parquet/rle.h"

namespace runjob::parquet {

class LevelDecoder {
 public:
  // Without bytes: all levels are 0.
  LevelDecoder() = default;
  LevelDecoder(Slice bytes, uint8_t most) : rle_(bytes, BitWidth(most)), most_(most) {}
  // The deprecated encoding: packed, the first in the highest bits.
  static LevelDecoder BitPacked(Slice bytes, uint8_t most);

  // Reads `count` levels, or passes over them where all are the highest one: then *all_most is set, and `out` unchanged. False where
  // there are too few, or one is higher.
  bool Read(size_t count, uint8_t* out, bool* all_most);

 private:
  bool ReadBitPacked(size_t count, uint8_t* out);

  RleDecoder rle_;
  uint8_t most_ = 0;
  bool is_bit_packed_ = false;
  Slice packed_;
  size_t bit_ = 0;
};

}  // namespace runjob::parquet
