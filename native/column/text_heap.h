// Texts of a batch that are not where it came from: undone quotes, decoded escapes, parts of keys, what functions make.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "base/slice.h"
#include "column/vector.h"

namespace runjob {

class TextHeap {
 public:
  // Stays in place until Clear().
  char* Allocate(size_t bytes) {
    if (bytes > left_) Grow(bytes);
    char* const p = next_;
    next_ += bytes;
    left_ -= bytes;
    return p;
  }
  // Gives back the unused end of the last piece.
  void Return(size_t bytes) {
    next_ -= bytes;
    left_ += bytes;
  }
  StringView Copy(Slice text) {
    if (text.size <= StringView::kInline) return StringView(text);
    char* const copy = Allocate(text.size);
    std::memcpy(copy, text.data, text.size);
    return StringView(Slice(copy, text.size));
  }
  size_t bytes() const {
    size_t bytes = 0;
    for (const Block& block : blocks_) bytes += block.size;
    return bytes;
  }
  // Keeps the first blocks; not what a batch of very long texts took.
  void Clear() {
    size_t kept = 0;
    size_t bytes = 0;
    for (; kept < blocks_.size() && blocks_[kept].size <= kMostBytes; kept++) {
      bytes += blocks_[kept].size;
      if (bytes > kKeepBytes) break;
    }
    blocks_.resize(kept);
    used_ = 0;
    next_ = nullptr;
    left_ = 0;
  }

 private:
  static constexpr size_t kLeastBytes = 16 << 10;
  static constexpr size_t kMostBytes = 1 << 20;  // but for a longer text
  static constexpr size_t kKeepBytes = 2 << 20;

  struct Block {
    std::unique_ptr<char[]> data;
    size_t size = 0;
  };

  void Grow(size_t bytes) {
    while (used_ < blocks_.size() && blocks_[used_].size < bytes) used_++;
    if (used_ == blocks_.size()) {
      const size_t doubled = blocks_.empty() ? kLeastBytes : std::min(kMostBytes, 2 * blocks_.back().size);
      const size_t size = std::max(bytes, doubled);
      blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    }
    next_ = blocks_[used_].data.get();
    left_ = blocks_[used_].size;
    used_++;
  }

  std::vector<Block> blocks_;
  size_t used_ = 0;  // blocks
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace runjob
