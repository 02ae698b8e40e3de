// Different keys in the order in which they come first, each with something of its own: the state of an aggregate that holds its values.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/arena.h"
#include "base/hash.h"
#include "base/slice.h"
#include "record/packed_record.h"

namespace runjob {

struct NoPayload {};

// Zeros at first: without keys.
template <class Payload>
struct DistinctKeys {
  struct Entry {
    Entry* next;
    uint64_t hash;
    uint64_t size;
    [[no_unique_address]] Payload payload;

    Slice key() const { return Slice(reinterpret_cast<const char*>(this + 1), size); }
  };

  Entry* first;
  Entry* last;
  Entry** slots;  // by hash, at most half full; null while there are few
  uint64_t capacity;
  uint64_t count;

  // The key, which is copied if it is new; then its payload is Payload().
  Entry* Find(Slice key, Arena* arena) {
    const uint64_t hash = HashKey(key);
    if (Entry* const known = Known(key, hash)) return known;
    if (count >= kFew && 2 * (count + 1) > capacity) Grow(arena);
    Entry* const entry = reinterpret_cast<Entry*>(arena->Allocate(sizeof(Entry) + key.size));
    *entry = Entry{nullptr, hash, key.size, Payload()};
    CopyBytes(reinterpret_cast<char*>(entry + 1), key.data, key.size);
    (last == nullptr ? first : last->next) = entry;
    last = entry;
    count++;
    if (slots != nullptr) *SlotFor(hash) = entry;
    return entry;
  }

 private:
  static constexpr uint64_t kFew = 8;

  Entry* Known(Slice key, uint64_t hash) const {
    const auto is_it = [&](const Entry* entry) { return entry->hash == hash && entry->key() == key; };
    if (slots == nullptr) {
      Entry* entry = first;
      while (entry != nullptr && !is_it(entry)) entry = entry->next;
      return entry;
    }
    uint64_t at = hash & (capacity - 1);
    while (slots[at] != nullptr && !is_it(slots[at])) at = (at + 1) & (capacity - 1);
    return slots[at];
  }
  Entry** SlotFor(uint64_t hash) const {
    uint64_t at = hash & (capacity - 1);
    while (slots[at] != nullptr) at = (at + 1) & (capacity - 1);
    return &slots[at];
  }
  void Grow(Arena* arena) {
    capacity = std::max<uint64_t>(4 * kFew, 4 * capacity);
    slots = reinterpret_cast<Entry**>(arena->Allocate(capacity * sizeof(Entry*)));
    std::fill_n(slots, capacity, nullptr);
    for (Entry* entry = first; entry != nullptr; entry = entry->next) *SlotFor(entry->hash) = entry;
  }
};

}  // namespace runjob
