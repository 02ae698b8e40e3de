#include "aggregate/sorted_doubles.h"

#include <algorithm>

namespace runjob {

namespace {

constexpr uint64_t kMost = 512;  // numbers in a block

bool Less(double a, double b) { return b != b ? a == a : a < b; }

}  // namespace

void SortedDoubles::Add(double x, Arena* arena) {
  if (size_ == 0) Insert(0, arena);
  // The last block that does not begin behind it.
  Block* const end = blocks_ + size_;
  Block* block = std::upper_bound(blocks_ + 1, end, x,
                                  [](double value, const Block& other) { return Less(value, other.numbers[0]); }) -
                 1;
  double* place = std::upper_bound(block->numbers, block->numbers + block->count, x, Less);
  if (block->count == kMost) {
    const uint32_t at = static_cast<uint32_t>(block - blocks_);
    const uint64_t before = static_cast<uint64_t>(place - block->numbers);
    // Behind all others nothing is moved: ascending numbers fill their blocks.
    const uint64_t kept = at + 1 == size_ && before == kMost ? kMost : kMost / 2;
    Insert(at + 1, arena);
    block = blocks_ + at;
    Block* const next = block + 1;
    next->count = kMost - kept;
    std::copy(block->numbers + kept, block->numbers + kMost, next->numbers);
    block->count = kept;
    if (before > kept || kept == kMost) {
      block = next;
      place = next->numbers + (before - kept);
    } else {
      place = block->numbers + before;
    }
  }
  std::copy_backward(place, block->numbers + block->count, block->numbers + block->count + 1);
  *place = x;
  block->count++;
  count_++;
}

double SortedDoubles::at(uint64_t i) const {
  const Block* block = blocks_;
  for (; i >= block->count; block++) i -= block->count;
  return block->numbers[i];
}

void SortedDoubles::Insert(uint32_t at, Arena* arena) {
  if (size_ == capacity_) {
    capacity_ = std::max<uint32_t>(4, 2 * capacity_);
    Block* const blocks = reinterpret_cast<Block*>(arena->Allocate(capacity_ * sizeof(Block)));
    std::copy_n(blocks_, size_, blocks);
    blocks_ = blocks;
  }
  std::copy_backward(blocks_ + at, blocks_ + size_, blocks_ + size_ + 1);
  blocks_[at] = Block{reinterpret_cast<double*>(arena->Allocate(kMost * sizeof(double))), 0};
  size_++;
}

}  // namespace runjob
