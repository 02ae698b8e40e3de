// The content of a run's block: records in key order, each key without the prefix it shares with the previous one, as
// in LevelDB's tables. Its payload, little endian:
//
//   u32 form of values | records | 16 bytes of 0
//   record: half a byte of shared, half a byte of rest | rest of the key | value
//     shared: how many bytes the key has in common with the one before it in the block (0 for the first)
//     rest: how many more it has
//     15 in half a byte: a varint of what is above 15 follows, shared first
//   form 0: varint size | value      form 1: varint of the u64 that each value is      form 2 + n: n bytes each
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/word.h"
#include "record/key_head.h"
#include "record/packed_record.h"
#include "record/sorted_record.h"

namespace runjob {

// How values are stored: the first word of a block's payload. One of these, or kSameSize + the bytes of each value.
enum ValueForm : uint32_t {
  kOwnSizes = 0,  // each after its size
  kNumbers = 1,   // values of 8 bytes, each as a varint of the number they are, little endian
  kSameSize = 2,  // as they are
};

constexpr size_t kFormBytes = sizeof(uint32_t);
// Zeros after the records, so that a key can be read as one word of 16 bytes wherever it lies.
constexpr size_t kBlockPadding = 16;
// Of a key, the size of what it shares or of what it adds that no longer fits half a byte.
constexpr size_t kMuch = 15;
// The most that a record takes in a block besides its key and value.
constexpr size_t kMaxRecordOverhead = 1 + 3 * kMaxVarintBytes;

class BlockEncoder {
 public:
  // `capacity`: of a payload, in bytes.
  explicit BlockEncoder(size_t capacity) : buffer_(new char[capacity]), limit_(capacity) { Clear(); }

  bool empty() const { return records_ == 0; }
  uint32_t records() const { return records_; }

  // Appends a record. False if it does not go into this block, but into the next one: Finish and Clear. If the block is empty
  // the record is too large for any.
  bool Add(Slice key, Slice value) {
    if ((value.size & size_mask_) != value_size_ || key.size + value.size >= free_) [[unlikely]] {
      if (!Prepare(key, value)) return false;
    }
    const KeyHead head = HeadOf(key);
    char* end = key.size <= kHeadBytes ? PutShortKey(key.size, head) : PutLongKey(key, head);
    end = PutValue(end, value);
    last_head_[0] = static_cast<uint64_t>(head);
    last_head_[1] = static_cast<uint64_t>(head >> 64);
    last_size_ = key.size;
    free_ -= std::min(free_, static_cast<size_t>(end - end_));
    end_ = end;
    records_++;
    return true;
  }

  // The whole payload, good until Clear; nothing can be added before that.
  Slice Finish();
  void Clear();

  // A payload of one record, whatever its size.
  static size_t SizeOfOne(Slice key, Slice value);
  static void PutOne(Slice key, Slice value, char* payload);

 private:
  bool Prepare(Slice key, Slice value);
  void SetForm(uint32_t form, size_t value_size);

  // How many bytes of the head are those of the last one.
  size_t SharedBytes(KeyHead head) const {
    const uint64_t low = static_cast<uint64_t>(head) ^ last_head_[0];
    const uint64_t high = static_cast<uint64_t>(head >> 64) ^ last_head_[1];
    if (low != 0) return static_cast<size_t>(__builtin_ctzll(low)) / 8;
    if (high != 0) return 8 + static_cast<size_t>(__builtin_ctzll(high)) / 8;
    return kHeadBytes;
  }

  char* PutShortKey(size_t size, KeyHead head) {
    const size_t shared = std::min({SharedBytes(head), kMuch - 1, size, last_size_});
    const size_t rest = size - shared;
    char* p = end_;
    *p++ = static_cast<char>(shared << 4 | rest);
    if (rest == kMuch) [[unlikely]] {
      *p++ = 0;
    }
    const KeyHead bytes = head >> 8 * shared;
    std::memcpy(p, &bytes, sizeof(bytes));
    return p + rest;
  }
  char* PutLongKey(Slice key, KeyHead head);

  char* PutValue(char* p, Slice value) {
    if (form_ == kNumbers) {
      const uint64_t number = Load64(value.data);
      large_numbers_ += number >> kLargeNumberBits != 0;
      return PutVarint(p, number);
    }
    if (form_ == kOwnSizes) p = PutVarint(p, value.size);
    return CopyBytes(p, value.data, value.size);
  }

  // If many numbers are larger, varints save nothing.
  static constexpr int kLargeNumberBits = 42;

  std::unique_ptr<char[]> buffer_;
  const size_t limit_;
  char* end_;    // of the records
  size_t free_;  // a key and a value of less fit
  uint32_t records_;
  uint32_t large_numbers_;
  uint64_t last_head_[2];  // of the last key, two words: a single __int128 would go through memory
  size_t last_size_;
  Slice last_long_;       // the last key, if it is longer than a head: in the block or, if that has not all of it,
  std::string held_key_;  // here

  bool has_form_ = false;
  uint32_t form_ = kSameSize;
  // A value has the size that the form wants if (its size & size_mask_) == value_size_. Before there is a form none has.
  size_t size_mask_ = 0;
  size_t value_size_ = 1;
};

class BlockDecoder {
 public:
  // Begins with a payload, which must stay while its records are in use. False if it is invalid.
  bool Begin(Slice payload);
  // The next records; none at the end. False if the bytes are not a record. Invalidates records returned before.
  bool Read(const SortedRecord** begin, const SortedRecord** end);

 private:
  static constexpr size_t kBatch = 32;
  static constexpr ptrdiff_t kBatchBytes = 1024;

  template <uint32_t form>
  bool ReadBatch(const SortedRecord** end);
  enum class Found { kKey, kNoRoom, kNothing };
  Found ReadLongKey(const char** p, size_t index);

  const char* p_ = nullptr;
  const char* end_ = nullptr;  // of the records
  uint32_t form_ = kSameSize;
  KeyHead last_head_ = 0;
  Slice last_key_;

  std::unique_ptr<SortedRecord[]> records_{new SortedRecord[kBatch]};
  std::array<KeyHead, kBatch> short_keys_;
  std::array<uint64_t, kBatch> numbers_;
  std::vector<char> long_keys_;  // those that share bytes with the key before
  size_t long_used_ = 0;
};

}  // namespace runjob
