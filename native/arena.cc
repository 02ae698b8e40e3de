#include "arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>

namespace runjob {

namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kBlockBytes = kHugePageBytes;
// A piece larger than this gets a block of its own, so that the rest of the current block is not thrown away.
constexpr size_t kLargeBytes = kBlockBytes / 4;

size_t RoundUpToPages(size_t bytes) {
  static const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (bytes > SIZE_MAX - page) throw std::bad_alloc();
  return (bytes + page - 1) / page * page;
}

}  // namespace

char* AllocatePages(size_t bytes) {
  const size_t size = RoundUpToPages(bytes == 0 ? 1 : bytes);
  // Only an aligned range can be backed by huge pages: map more than is needed and give the ends back.
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

Arena::~Arena() {
  for (const Block& block : blocks_) FreePages(block.data, block.size);
}

char* Arena::AllocateSlow(size_t bytes) {
  const bool large = bytes > kLargeBytes;
  blocks_.reserve(blocks_.size() + 1);  // what throws comes before what would leak
  const size_t size = large ? RoundUpToPages(bytes) : kBlockBytes;
  char* data = AllocatePages(size);
  blocks_.push_back({data, size});
  bytes_ += size;
  if (large) return data;
  next_ = data + bytes;
  end_ = data + size;
  return data;
}

void Arena::Reset() {
  Block kept{nullptr, 0};
  for (const Block& block : blocks_) {
    if (kept.data == nullptr && block.size == kBlockBytes) {
      kept = block;
    } else {
      FreePages(block.data, block.size);
    }
  }
  blocks_.clear();
  if (kept.data != nullptr) blocks_.push_back(kept);
  next_ = kept.data;
  end_ = kept.data + kept.size;
  bytes_ = kept.size;
}

}  // namespace runjob
