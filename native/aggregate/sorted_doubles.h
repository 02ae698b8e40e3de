// Doubles in ascending order, to be asked by their place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arena.h"

namespace runjob {

// Blocks of numbers that lie in an arena. All zeros: empty. NaN comes last.
class SortedDoubles {
 public:
  // Cost: a search of the blocks, and moving half a block.
  void Add(double x, Arena* arena);
  // The i-th from 0 on. Cost: a step for each block before it. REQUIRES: i < count().
  double at(uint64_t i) const;
  uint64_t count() const { return count_; }
  // Calls apply(numbers, how many) for each block, in order.
  template <class Apply>
  void EachBlock(const Apply& apply) const {
    for (uint32_t b = 0; b < size_; b++) apply(blocks_[b].numbers, blocks_[b].count);
  }

 private:
  struct Block {
    double* numbers;
    uint64_t count;
  };

  void Insert(uint32_t at, Arena* arena);  // an empty block

  Block* blocks_;  // each has some
  uint32_t size_;
  uint32_t capacity_;
  uint64_t count_;
};

}  // namespace runjob
