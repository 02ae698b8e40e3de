// Where the bytes of a file come from, and what undoes compression that native code does not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"
#include "base/status.h"

namespace runjob::parquet {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Reads exactly `size` bytes at `offset`.
  virtual Status Read(uint64_t offset, size_t size, char* out) = 0;
};

enum class Codec : uint8_t {
  kNone = 0,
  kSnappy = 1,
  kGzip = 2,
  kLzo = 3,
  kBrotli = 4,
  kLz4Hadoop = 5,
  kZstd = 6,
  kLz4Raw = 7,
};

class Decompressor {
 public:
  virtual ~Decompressor() = default;
  // Of kGzip or kBrotli, to exactly `size` bytes; false where the input is damaged.
  virtual Status Decompress(Codec codec, Slice in, char* out, size_t size) = 0;
};

}  // namespace runjob::parquet
