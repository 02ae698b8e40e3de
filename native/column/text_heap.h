// Texts of a batch that could not stay where they were: undone quotes, decoded escapes, parts of keys.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>
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
  // Keeps one block, unless it is enormous.
  void Clear() {
    if (blocks_.empty()) return;
    if (blocks_.back().size > kKeepBytes) {
      blocks_.clear();
      next_ = nullptr;
      left_ = 0;
      return;
    }
    std::swap(blocks_.front(), blocks_.back());
    blocks_.resize(1);
    next_ = blocks_[0].data.get();
    left_ = blocks_[0].size;
  }

 private:
  static constexpr size_t kLeastBytes = 16 << 10;
  static constexpr size_t kMostBytes = 1 << 20;  // but for a longer text
  static constexpr size_t kKeepBytes = 4 << 20;

  struct Block {
    std::unique_ptr<char[]> data;
    size_t size = 0;
  };

  void Grow(size_t bytes) {
    const size_t doubled = blocks_.empty() ? kLeastBytes : std::min(kMostBytes, 2 * blocks_.back().size);
    const size_t size = std::max(bytes, doubled);
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    next_ = blocks_.back().data.get();
    left_ = size;
  }

  std::vector<Block> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace runjob
