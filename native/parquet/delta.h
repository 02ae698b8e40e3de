// Numbers as differences of neighbours, in blocks.
//
// Source: https://github.com/apache/parquet-format/blob/master/Encodings.md#DELTAENC
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/slice.h"

namespace runjob::parquet {

class DeltaDecoder {
 public:
  // Reads the header; false where it is damaged. REQUIRES: 32 bytes after `bytes` may be read.
  bool Start(Slice bytes);
  // Reads exactly `count` numbers, computed modulo 2^64; false where there are fewer.
  bool Read(size_t count, int64_t* out);

  // Where the numbers end, from the start of their bytes on; false where they are damaged.
  static bool End(Slice bytes, size_t* end);

 private:
  bool StartBlock();
  bool StartMiniblock();

  const char* next_ = nullptr;
  const char* end_ = nullptr;
  uint64_t count_ = 0;
  uint64_t left_ = 0;
  uint64_t per_miniblock_ = 0;
  size_t miniblocks_ = 0;
  uint64_t value_ = 0;
  bool is_first_ = true;
  uint64_t min_delta_ = 0;
  const char* widths_ = nullptr;
  size_t miniblock_ = 0;       // the next one of the block
  uint64_t in_miniblock_ = 0;  // numbers left in the current one
  const char* packed_ = nullptr;
  size_t bit_ = 0;
  int width_ = 0;
};

}  // namespace runjob::parquet
