// The values of a page, in any encoding but a dictionary's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "parquet/delta.h"
#include "parquet/leaf.h"
#include "parquet/page_header.h"
#include "parquet/rle.h"

namespace runjob::parquet {

// As Parquet has it: 12 bytes.
struct Int96 {
  char bytes[12];
};

// Bytes of a value as ValueDecoder gives it: booleans a byte, bytes of any length a StringView.
size_t PhysicalWidth(Physical physical);

class ValueDecoder {
 public:
  // Begins with the values of a page; they stay where they are until the last one has been used. PARQUET_UNSUPPORTED for an encoding that
  // the type cannot have. REQUIRES: 32 bytes after them may be read.
  Status Start(const Leaf& leaf, Encoding encoding, Slice values);
  // Reads the next `count` values; false where there are fewer. `out` is aligned for them.
  bool Read(size_t count, void* out);
  // Passes over the next `count` values; false where there are fewer.
  bool Skip(size_t count);
  // Whether values are found by their place: then ReadAt may be called.
  bool has_places() const;
  // Reads `n` of the next `count` values, those at `places`, which ascend, less `first`; passes over the others. False where there are fewer.
  bool ReadAt(size_t count, const uint16_t* places, size_t n, size_t first, void* out);
  // Whether Read failed because the values would take too much memory.
  bool too_large() const { return too_large_; }
  // Values that were made, not found in the page, are valid until this.
  void Release();

 private:
  bool ReadPlain(size_t count, void* out);
  bool SkipPlain(size_t count);
  bool ReadDelta(size_t count, void* out);
  bool ReadDeltaLengths(size_t count, void* out);
  bool ReadDeltaBytes(size_t count, void* out);
  bool ReadSplit(size_t count, void* out);
  // Starts lengths and the bytes after them.
  bool StartLengths(Slice values);
  char* Allocate(size_t bytes);

  Physical physical_ = Physical::kBoolean;
  Encoding encoding_ = Encoding::kPlain;
  size_t length_ = 0;  // stored bytes of a value of a fixed size
  const char* next_ = nullptr;
  const char* end_ = nullptr;
  size_t bit_ = 0;     // kPlain booleans
  size_t values_ = 0;  // kByteStreamSplit: of the page, and how many were read
  size_t read_ = 0;
  RleDecoder rle_;
  DeltaDecoder delta_;  // numbers, or lengths
  DeltaDecoder prefixes_;
  std::string last_;
  bool too_large_ = false;

  // For values that are put together.
  static constexpr size_t kBlockBytes = 64 << 10;
  static constexpr size_t kMaxMadeBytes = 1 << 28;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* block_next_ = nullptr;
  size_t block_left_ = 0;
  size_t made_ = 0;
};

}  // namespace runjob::parquet
