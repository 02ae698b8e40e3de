// Bump allocator: counted, never frees one piece, frees all at once. Blocks are 2 MiB and, where the system
// has them, on huge pages: a hash table that outgrows the cache spends most of its time in TLB misses
// otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace runjob {

class Arena {
 public:
  static constexpr size_t kPadding = 16;

  Arena() = default;
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // 8-byte aligned; kPadding bytes after them can be read. Throws std::bad_alloc.
  char* Allocate(size_t bytes) {
    bytes = (bytes + 7) & ~size_t{7};
    if (bytes > static_cast<size_t>(end_ - next_)) return AllocateSlow(bytes);
    char* p = next_;
    next_ += bytes;
    return p;
  }
  // Bytes taken from the system.
  size_t bytes() const { return bytes_; }
  // Frees everything.
  void Reset();

 private:
  char* AllocateSlow(size_t bytes);

  struct Block {
    char* data;
    size_t size;
  };
  std::vector<Block> blocks_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t bytes_ = 0;
};

// Zeroed pages straight from the system, on huge pages where possible. Throws std::bad_alloc.
char* AllocatePages(size_t bytes);
void FreePages(char* data, size_t bytes);

// Blocks of one huge page that the thread keeps for its next task when they are freed: zeroing fresh pages costs a
// tenth of filling and sorting them. Their content is undefined. Blocks stay with a thread.
constexpr size_t kArenaBlockBytes = size_t{2} << 20;
char* AllocateBlock();
void FreeBlock(char* block);
// Gives the calling thread's free blocks back to the system.
void ReleaseBlocks();

}  // namespace runjob
