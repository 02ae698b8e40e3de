// The values of a group, each as a number, while they are gathered.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "base/arena.h"

namespace runjob {

// A view of kWidth bytes of a state, 8-byte aligned and zeros at first: values lie in chunks of an arena. A chunk is at most half a kilobyte,
// so that a batch whose every row begins one takes no more than a megabyte.
class ValueList {
 public:
  static constexpr size_t kWidth = 2 * sizeof(uint64_t);

  explicit ValueList(char* state) : list_(reinterpret_cast<List*>(state)) {}

  void Add(uint64_t value, Arena* arena) {
    if (list_->next == list_->end) Grow(arena);
    *list_->next++ = value;
  }

  // Calls apply(values, n) for all chunks of a state.
  template <class Apply>
  static void Each(const char* state, const Apply& apply) {
    const List& list = *reinterpret_cast<const List*>(state);
    const uint64_t* end = list.next;
    for (const Chunk* chunk = ChunkAt(list.end); chunk != nullptr; chunk = chunk->before) {
      apply(chunk->begin, static_cast<size_t>((end == nullptr ? chunk->end() : end) - chunk->begin));
      end = nullptr;
    }
  }

 private:
  // Behind its values.
  struct Chunk {
    uint64_t* begin;
    Chunk* before;

    const uint64_t* end() const { return reinterpret_cast<const uint64_t*>(this); }
  };
  struct List {
    uint64_t* next;
    uint64_t* end;  // of the last chunk's values; null: there are none
  };

  static constexpr size_t kFirst = 2;  // values
  static constexpr size_t kMost = 62;

  static Chunk* ChunkAt(uint64_t* end) { return reinterpret_cast<Chunk*>(end); }

  void Grow(Arena* arena) {
    Chunk* const last = ChunkAt(list_->end);
    const size_t n = last == nullptr ? kFirst : std::min(kMost, 2 * static_cast<size_t>(last->end() - last->begin) + 2);
    uint64_t* const values = reinterpret_cast<uint64_t*>(arena->Allocate(n * sizeof(uint64_t) + sizeof(Chunk)));
    new (values + n) Chunk{values, last};
    *list_ = List{values, values + n};
  }

  List* list_;
};

}  // namespace runjob
