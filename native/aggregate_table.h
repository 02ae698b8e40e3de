// The hash table under the hash collector: key -> aggregate state.
//
// Open addressing, linear probing, at most half full; a slot is 16 bytes. Keys of up to 7 bytes, most words
// of most texts, are in the slot itself: finding one touches no other memory, and if all that is wanted is a
// count, the slot has that, too. Longer keys have their hash there, and a pointer to their entry in the
// arena.
//
//   short key    word: size, key bytes          payload: 1 + count, or the entry
//   longer key   word: hash                     payload: the entry
//   free                                        payload: 0
//
// A hash has kHashMark set, and no size does: that tells the words apart.
//
// Keys come in groups: first all words, with a prefetch of each slot, then the probes. One key at a time
// would wait for memory at every step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregate.h"
#include "arena.h"
#include "hash.h"
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

  // `layout` must outlive the table. `keep_partitions`: the partitions of Keys are wanted in the entries.
  AggregateTable(const AggregateLayout* layout, bool keep_partitions)
      : layout_(layout),
        width_(layout->width()),
        count_in_slots_(layout->counts_only() && !keep_partitions) {}
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
  // Sees to it that the keys are there, new ones with an initial state.
  void Insert(const Keys& keys);
  // The same, and sets states[i] to the state of key i. Valid until Clear: growing moves no state.
  // REQUIRES: !layout.counts_only().
  void Find(const Keys& keys, char** states);
  // The same as Insert, and adds 1 to the state of every key. REQUIRES: layout.counts_only().
  void Count(const Keys& keys);

  size_t size() const { return size_; }
  // Memory held. A table that will soon double counts as doubled, so that a caller with a budget spills
  // before.
  size_t bytes() const;
  Arena* arena() { return &arena_; }

  Slice key(const Entry* entry) const { return Slice(entry->state() + width_, entry->key_size); }

  // What is left of the hash table when it is taken apart to be sorted: in its own memory, which suffices
  // because it is half empty. Afterwards only key(), and Clear, make sense.
  struct Parts {
    SortItem* items;    // size() of them: {hash, Entry*}
    SortItem* scratch;  // as many more
  };
  Parts TakeApart();

  void Clear();

 private:
  struct Slot {
    uint64_t word;
    uint64_t payload;
  };

  static constexpr uint32_t kShortKey = 7;
  static_assert(kShortKey < kHashMark);
  static bool IsShort(uint64_t word) { return (word & kHashMark) == 0; }
  // Where probing starts. Not by the high bits of the hash: a partition is a range of those, and the keys of
  // a whole stage may be of one partition.
  static size_t Home(uint64_t word, int shift) { return SpreadBits(word) >> shift; }
  static uint64_t SpreadBits(uint64_t word);

  static Slice KeyAt(const Keys& keys, size_t i) {
    const uint32_t start = i == 0 ? keys.start : keys.ends[i - 1];
    return Slice(keys.bytes + start, keys.ends[i] - start);
  }

  struct Group;
  void Prepare(const Keys& keys, Group* group) const;
  template <class Found>
  void ProbeShort(const Keys& keys, const Group& group, const Found& found);
  template <class Found>
  void ProbeLong(const Keys& keys, const Group& group, const Found& found);
  template <class Found>
  void Resolve(const Keys& keys, const Found& found);
  Entry* NewEntry(const Keys& keys, size_t i);
  Entry* NewEntry(Slice key, uint32_t partition);
  bool KeyEquals(const Entry* entry, Slice key) const;
  size_t EntryBytes(uint32_t key_size) const;
  void Reserve(size_t more);
  void Grow();

  static size_t TableBytes(size_t capacity) { return capacity * sizeof(Slot); }

  const AggregateLayout* const layout_;
  const size_t width_;
  const bool count_in_slots_;
  size_t counted_in_slots_ = 0;  // keys; each will take an entry when the table is taken apart
  Slot* slots_ = nullptr;
  size_t capacity_ = 0;  // slots, a power of two
  int shift_ = 0;        // 64 - log2(capacity_)
  size_t size_ = 0;
  Arena arena_;
};

}  // namespace runjob
