// The different values of a group, as bytes, while they are few and short: most groups of many have no more, and no value needs a key of its
// own then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/arena.h"
#include "base/prefetch.h"
#include "base/slice.h"
#include "base/word.h"

namespace runjob {

// A view of kWidth bytes of a state, 8-byte aligned and zeros at first: where the values lie in an arena, one after another, each behind its size.
class FewValues {
 public:
  static constexpr size_t kWidth = sizeof(uint64_t);

  explicit FewValues(char* state) : state_(state) {}

  bool gave_up() const { return Word() == kGaveUp; }
  // Values are kept elsewhere from now on. Those that are here are forgotten.
  void GiveUp() { Word() = kGaveUp; }

  // False: there is no room. REQUIRES: it has not given up.
  bool Add(Slice value, Arena* arena) {
    Block* block = BlockOf(state_);
    if (block != nullptr && Has(*block, value)) return true;
    const size_t used = block == nullptr ? 0 : block->used;
    const size_t needed = used + 1 + value.size;
    if (needed > kMostBytes) return false;
    if (block == nullptr || needed > block->capacity) {
      size_t capacity = block == nullptr ? kFirstBytes : block->capacity;
      while (capacity < needed) capacity = 2 * (capacity + sizeof(Block)) - sizeof(Block);
      Block* const larger = reinterpret_cast<Block*>(arena->Allocate(sizeof(Block) + capacity));
      larger->capacity = static_cast<uint8_t>(capacity);
      if (block != nullptr) std::memcpy(larger->bytes(), block->bytes(), used);
      Word() = reinterpret_cast<uintptr_t>(larger);
      block = larger;
    }
    block->bytes()[used] = static_cast<char>(value.size);
    if (value.size > 0) std::memcpy(block->bytes() + used + 1, value.data, value.size);
    block->used = static_cast<uint8_t>(needed);
    return true;
  }

  // All values of a state, in the form that Each reads; none where it has given up.
  static Slice BytesOf(const char* state) {
    const Block* const block = BlockOf(state);
    return block == nullptr ? Slice() : Slice(block->bytes(), block->used);
  }
  RUNJOB_PREFETCHER static void Prefetch(const char* state) {
    if (const Block* const block = BlockOf(state)) __builtin_prefetch(block);
  }
  // Calls apply(value) for each. False: the bytes are no values.
  template <class Apply>
  static bool Each(Slice bytes, const Apply& apply) {
    for (size_t at = 0; at < bytes.size;) {
      const size_t size = static_cast<uint8_t>(bytes.data[at++]);
      if (size > bytes.size - at) return false;
      apply(Slice(bytes.data + at, size));
      at += size;
    }
    return true;
  }

 private:
  struct Block {
    uint8_t used;
    uint8_t capacity;

    char* bytes() { return reinterpret_cast<char*>(this + 1); }
    const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  };

  static constexpr uint64_t kGaveUp = 1;  // no block is there
  static constexpr size_t kFirstBytes = 32 - sizeof(Block);
  // With more, to look through them takes longer than to look a key up.
  static constexpr size_t kMostBytes = 128 - sizeof(Block);

  uint64_t& Word() const { return *reinterpret_cast<uint64_t*>(state_); }
  static Block* BlockOf(const char* state) {
    const uint64_t word = *reinterpret_cast<const uint64_t*>(state);
    return word <= kGaveUp ? nullptr : reinterpret_cast<Block*>(static_cast<uintptr_t>(word));
  }

  static bool Has(const Block& block, Slice value) {
    const char* p = block.bytes();
    const char* const end = p + block.used;
    for (; p < end; p += 1 + static_cast<uint8_t>(*p)) {
      if (static_cast<uint8_t>(*p) != value.size) continue;
      // Numbers differ in their last bytes.
      if (value.size >= 8 && Load64(p + 1 + value.size - 8) != Load64(value.data + value.size - 8)) continue;
      if (std::memcmp(p + 1, value.data, value.size) == 0) return true;
    }
    return false;
  }

  char* state_;
};

}  // namespace runjob
