#include "base/arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace runjob {

namespace {

constexpr size_t kHugePageBytes = kArenaBlockBytes;
// A piece larger than this gets its own block, so that the rest of the current block is not wasted.
constexpr size_t kLargeBytes = kArenaBlockBytes / 4;

struct FreeBlocks {
  std::vector<char*> blocks;

  ~FreeBlocks() { Release(); }
  void Release() {
    for (char* block : blocks) FreePages(block, kArenaBlockBytes);
    blocks.clear();
  }
};
thread_local FreeBlocks free_blocks;

size_t RoundUpToPages(size_t bytes) {
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > SIZE_MAX - page) throw std::bad_alloc();
  return (bytes + page - 1) / page * page;
}

}  // namespace

char* AllocatePages(size_t bytes) {
  const size_t size = RoundUpToPages(bytes == 0 ? 1 : bytes);
  // Only an aligned range can have huge pages: map more than needed, and unmap the ends.
  const size_t slack = size >= kHugePageBytes ? kHugePageBytes : 0;
  if (size > SIZE_MAX - slack) throw std::bad_alloc();
  void* mapped = mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* data = static_cast<char*>(mapped);
  if (slack > 0) {
    const size_t misfit = reinterpret_cast<uintptr_t>(data) % kHugePageBytes;
    const size_t head = misfit == 0 ? 0 : kHugePageBytes - misfit;
    if (head > 0) munmap(data, head);
    if (slack > head) munmap(data + head + size, slack - head);
    data += head;
#ifdef MADV_HUGEPAGE
    madvise(data, size, MADV_HUGEPAGE);  // advice: without huge pages everything still works
#endif
  }
  return data;
}

void FreePages(char* data, size_t bytes) {
  if (data != nullptr) munmap(data, RoundUpToPages(bytes == 0 ? 1 : bytes));
}

char* AllocateBlock() {
  std::vector<char*>& blocks = free_blocks.blocks;
  if (blocks.empty()) return AllocatePages(kArenaBlockBytes);
  char* block = blocks.back();
  blocks.pop_back();
  return block;
}

void FreeBlock(char* block) {
#ifdef RUNJOB_SANITIZER
  FreePages(block, kArenaBlockBytes);  // so that a later use of it is found
#else
  try {
    free_blocks.blocks.push_back(block);
  } catch (const std::bad_alloc&) {
    FreePages(block, kArenaBlockBytes);
  }
#endif
}

void ReleaseBlocks() { free_blocks.Release(); }

Arena::~Arena() { Reset(); }

char* Arena::AllocateSlow(size_t bytes) {
  const bool large = bytes > kLargeBytes;
  blocks_.reserve(blocks_.size() + 1);  // what throws comes before what would leak
  const size_t size = large ? RoundUpToPages(bytes + kPadding) : kArenaBlockBytes;
  char* data = large ? AllocatePages(size) : AllocateBlock();
  blocks_.push_back({data, size});
  bytes_ += size;
  if (large) return data;
  next_ = data + bytes;
  end_ = data + size - kPadding;
  return data;
}

void Arena::Reset() {
  for (const Block& block : blocks_) {
    // A large piece may happen to have a block's size: then it is reused as a block.
    if (block.size == kArenaBlockBytes) {
      FreeBlock(block.data);
    } else {
      FreePages(block.data, block.size);
    }
  }
  blocks_.clear();
  next_ = nullptr;
  end_ = nullptr;
  bytes_ = 0;
}

}  // namespace runjob
