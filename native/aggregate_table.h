// The hash table under the hash collector: key -> aggregate state.
//
// Open addressing, linear probing, at most half full. A slot is 16 bytes, the key's hash and a pointer to its entry in
// the arena, so a probe leaves the table only for an entry that is most likely the right one. Keys come in groups:
// all hashes first, with a prefetch each, then the probes; one at a time, each would wait for memory twice.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregate.h"
#include "arena.h"
#include "slice.h"
#include "sort.h"

namespace runjob {

class AggregateTable {
 public:
  static constexpr size_t kGroup = 512;  // keys in a call of Find or Count, at most

  // Entry in the arena: this header, the state, the key (padded to 8 bytes or a multiple).
  struct Entry {
    uint32_t key_size;
    uint32_t partition;  // as given with the key when it was new

    char* state() { return reinterpret_cast<char*>(this + 1); }
    const char* state() const { return reinterpret_cast<const char*>(this + 1); }
  };

  // `layout` must outlive the table.
  explicit AggregateTable(const AggregateLayout* layout) : layout_(layout), width_(layout->width()) {}
  ~AggregateTable() { FreePages(reinterpret_cast<char*>(slots_), TableBytes(capacity_)); }
  AggregateTable(const AggregateTable&) = delete;
  AggregateTable& operator=(const AggregateTable&) = delete;

  // n keys, n <= kGroup, that lie one after another from bytes[start] on and end at ends[0], ends[1], ...
  struct Keys {
    const char* bytes;  // kBatchPadding more can be read past the end
    uint32_t start;
    const uint32_t* ends;
    const uint32_t* partitions;  // one each, or null
    size_t n;
  };
  // Sets states[i] to the state of key i, a new one if the key is new. Valid until Clear: growing moves no state.
  void Find(const Keys& keys, char** states);
  // Adds 1 to the state of every key. REQUIRES: layout.counts_only().
  void Count(const Keys& keys);

  size_t size() const { return size_; }
  // Memory held. A table that will soon double counts as doubled, so that a caller with a budget spills before.
  size_t bytes() const;
  Arena* arena() { return &arena_; }

  Slice key(const Entry* entry) const { return Slice(entry->state() + width_, entry->key_size); }

  // What is left of the hash table when it is taken apart to be sorted: in its own memory, which suffices because it
  // is half empty. Afterwards only key(), and Clear, make sense.
  struct Parts {
    SortItem* items;    // size() of them: {hash, Entry*}
    SortItem* scratch;  // as many more
  };
  Parts TakeApart();

  void Clear();

 private:
  struct Slot {
    uint64_t hash;
    Entry* entry;  // null: free
  };

  template <class Found>
  void Resolve(const Keys& keys, const Found& found);
  Entry* Insert(const char* key, uint32_t size, uint32_t partition);
  bool KeyEquals(const Entry* entry, const char* key, uint32_t size) const;
  void Reserve(size_t more);
  void Grow();

  static size_t TableBytes(size_t capacity) { return capacity * sizeof(Slot); }

  const AggregateLayout* const layout_;
  const size_t width_;
  Slot* slots_ = nullptr;
  size_t capacity_ = 0;  // slots, a power of two
  int shift_ = 0;        // 64 - log2(capacity_)
  size_t size_ = 0;
  Arena arena_;
};

}  // namespace runjob
