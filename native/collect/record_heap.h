// Memory for records of any size.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "base/arena.h"

namespace runjob {

// Record bytes in big blocks, without an Arena's alignment. kPadding bytes can be read after each record.
class RecordHeap {
 public:
  static constexpr size_t kPadding = 16;

  RecordHeap() = default;
  ~RecordHeap() { Clear(); }
  RecordHeap(const RecordHeap&) = delete;
  RecordHeap& operator=(const RecordHeap&) = delete;

  char* Allocate(size_t n) {
    if (n > static_cast<size_t>(end_ - next_)) return AllocateSlow(n);
    char* p = next_;
    next_ += n;
    return p;
  }

  // Bytes given to records, and those left unused at the ends of blocks.
  size_t bytes() const { return full_bytes_ + static_cast<size_t>(next_ - start_); }

  void Clear() {
    for (char* block : blocks_) FreeBlock(block);
    blocks_.clear();
    for (const auto& [data, size] : big_) FreePages(data, size);
    big_.clear();
    start_ = next_ = end_ = nullptr;
    full_bytes_ = 0;
  }

  // Takes over what `other` holds instead of its own records.
  void Replace(RecordHeap* other) {
    Clear();
    std::swap(blocks_, other->blocks_);
    std::swap(big_, other->big_);
    std::swap(start_, other->start_);
    std::swap(next_, other->next_);
    std::swap(end_, other->end_);
    std::swap(full_bytes_, other->full_bytes_);
  }

 private:
  char* AllocateSlow(size_t n) {
    // A record that would waste much of a block gets its own pages; the current block is filled further.
    if (n > kArenaBlockBytes / 4) {
      const size_t size = n + kPadding;
      big_.reserve(big_.size() + 1);
      char* data = AllocatePages(size);
      big_.emplace_back(data, size);
      full_bytes_ += size;
      return data;
    }
    blocks_.reserve(blocks_.size() + 1);
    char* block = AllocateBlock();
    blocks_.push_back(block);
    full_bytes_ += static_cast<size_t>(end_ - start_);
    start_ = block;
    next_ = block + n;
    end_ = block + kArenaBlockBytes - kPadding;
    return block;
  }

  std::vector<char*> blocks_;
  std::vector<std::pair<char*, size_t>> big_;
  char* start_ = nullptr;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t full_bytes_ = 0;
};

}  // namespace runjob
