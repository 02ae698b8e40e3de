// The hash table under the hash collector: key -> aggregate state.
//
// Open addressing, linear probing, at most half full. A slot is 32 bytes, half a cache line. A key of up to
// 15 bytes, nearly every word of a text and every number, is in the slot itself, and so is a state of up to
// 16 bytes: counting such a key touches one cache line. Longer keys have their hash in the slot, and an entry
// in the arena.
//
//                key.low       key.high                         state[0]   state[1]
//   short key    bytes 0..7    bytes 8..14, then 1 + size       the state itself, if it fits; else
//                                                               pointer    partition
//   long key     hash          kLongKey                         entry
//   free                       0
//
// Keys come in groups: first all homes, with a prefetch of each slot, then the probes. One key at a time
// would wait for memory at every step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregate/aggregate.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/prefetch.h"
#include "base/slice.h"
#include "record/key_head.h"
#include "record/sort.h"

namespace runjob {

class AggregateTable {
 public:
  // Keys in a call of Find or Count, at most: enough to hide a cache miss, few enough that what was
  // fetched first is still in the L1 cache when it is compared.
  static constexpr size_t kGroup = 128;

  // `keep_partitions`: partition() will be asked.
  AggregateTable(const AggregateLayout* layout, bool keep_partitions)
      : AggregateTable(layout->width(), keep_partitions) {
    layout->Init(initial_.data());
  }
  // States of `width` bytes, a multiple of 8, that begin as zeros.
  explicit AggregateTable(size_t width, bool keep_partitions = false)
      : initial_(width + 1), width_(width), inline_states_(width <= sizeof(Slot::state) && !keep_partitions) {}
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

    Slice at(size_t i) const {
      const uint32_t from = i == 0 ? start : ends[i - 1];
      return Slice(bytes + from, ends[i] - from);
    }
    uint32_t partition(size_t i) const { return partitions == nullptr ? 0 : partitions[i]; }
  };
  // n keys, n <= kGroup, anywhere in a text.
  struct SpreadKeys {
    const char* text;
    const uint32_t* bounds;  // RecordBatch::key_bounds
    const uint32_t* partitions;
    size_t n;

    Slice at(size_t i) const { return Slice(text + bounds[2 * i], bounds[2 * i + 1] - bounds[2 * i]); }
    uint32_t partition(size_t i) const { return partitions == nullptr ? 0 : partitions[i]; }
  };
  // Inserts the keys (Keys or SpreadKeys) that are missing, with an initial state, and sets states[i] to the state of key i.
  // Valid until the next call that adds keys.
  template <class AnyKeys>
  void Find(const AnyKeys& keys, char** states);
  // Inserts the keys that are missing, and adds 1 to the state of every key. REQUIRES: a state is a
  // u64, the layout's counts_only().
  template <class AnyKeys>
  void Count(const AnyKeys& keys);

  size_t size() const { return size_; }
  // States stay where they are while this is the same, until Clear.
  size_t capacity() const { return capacity_; }
  // Memory held. A table that will soon double counts as doubled, so that a caller with a budget spills
  // before.
  size_t bytes() const;
  Arena* arena() { return &arena_; }

  // The hash table, converted to items to sort: in its own memory, which suffices because it is half empty. After this
  // only Clear, and the methods below, may be called.
  using Item = runjob::Item<1, 1>;
  static uint64_t IndexOf(const Item& item) { return item.state[0]; }
  struct Parts {
    Item* items;    // size() of them, with a hash in the place of the key's head
    Item* scratch;  // as many more
  };
  Parts TakeApart();

  // The entry of an item's index. A key is in the table's memory until Clear.
  Slice key(uint64_t index) const {
    if (IsEntry(index)) return EntryAt(index)->key(width_);
    const Slot* slot = SlotAt(index);
    return Slice(reinterpret_cast<const char*>(&slot->key), slot->key.size());
  }
  const char* state(uint64_t index) const {
    if (IsEntry(index)) return EntryAt(index)->state();
    return StateOf(SlotAt(index));
  }
  // The one that was given with the key when it was new. REQUIRES: keep_partitions.
  uint32_t partition(uint64_t index) const {
    return IsEntry(index) ? EntryAt(index)->partition : static_cast<uint32_t>(SlotAt(index)->state[1]);
  }
  // Fetches the key, a few items before it is asked for.
  RUNJOB_PREFETCHER void PrefetchKey(uint64_t index) const { __builtin_prefetch(reinterpret_cast<const char*>(index)); }
  // Fetches the state and the rest of a longer key, a few items after PrefetchKey.
  RUNJOB_PREFETCHER void PrefetchState(uint64_t index) const {
    const bool elsewhere = !IsEntry(index) && !inline_states_;
    __builtin_prefetch(elsewhere ? state(index) : reinterpret_cast<const char*>(index) + 64);
  }

  // Forgets all keys. A table of at most `keep_bytes` stays as large as it is: it is about to hold as many.
  void Clear(size_t keep_bytes = 0);

 private:
  struct alignas(32) Slot {
    ShortKey key;
    uint64_t state[2];
  };
  // Of a long key: this header, the state, the key.
  struct Entry {
    uint32_t key_size;
    uint32_t partition;

    char* state() { return reinterpret_cast<char*>(this + 1); }
    const char* state() const { return reinterpret_cast<const char*>(this + 1); }
    Slice key(size_t width) const { return Slice(state() + width, key_size); }
  };

  // `high` of a slot whose key is long; `low` is its hash.
  static constexpr uint64_t kLongKey = ShortKey::kSizeMask;

  // An item's index is the address of a slot, or of an entry with the lowest bit set.
  static bool IsEntry(uint64_t index) { return (index & 1) != 0; }
  static const Entry* EntryAt(uint64_t index) { return reinterpret_cast<const Entry*>(index - 1); }
  static Slot* SlotAt(uint64_t index) { return reinterpret_cast<Slot*>(index); }
  // REQUIRES: a slot of a short key.
  char* StateOf(Slot* slot) const {
    return inline_states_ ? reinterpret_cast<char*>(slot->state) : reinterpret_cast<char*>(slot->state[0]);
  }
  static bool IsLong(const Slot& slot, uint64_t hash) { return slot.key.low == hash && slot.key.high == kLongKey; }
  static Entry* EntryOf(const Slot& slot) { return reinterpret_cast<Entry*>(slot.state[0]); }

  // Where probing starts. Not by the high bits of HashKey, because a partition is a range of those, and all keys of a
  // stage may be in one partition.
  static size_t HomeOfShort(uint64_t low, uint64_t high, int shift);
  static size_t HomeOfLong(uint64_t hash, int shift);
  static size_t HomeOf(const Slot& slot, int shift) {
    const auto [low, high] = slot.key;
    return high == kLongKey ? HomeOfLong(low, shift) : HomeOfShort(low, high, shift);
  }

  struct Group;
  template <class AnyKeys>
  void Prepare(const AnyKeys& keys, Group* group) const;
  template <class AnyKeys, class Found>
  void ProbeShort(const AnyKeys& keys, const Group& group, const Found& found);
  template <class AnyKeys, class Found>
  void ProbeLong(const AnyKeys& keys, Group* group, const Found& found);
  template <class AnyKeys, class Found>
  void Resolve(const AnyKeys& keys, const Found& found);
  void FillShort(Slot* slot, uint64_t low, uint64_t high, uint32_t partition);
  void FillLong(Slot* slot, uint64_t hash, Slice key, uint32_t partition);
  void Reserve(size_t more);
  void Grow();

  static size_t TableBytes(size_t capacity) { return capacity * sizeof(Slot); }

  std::vector<char> initial_;  // a state, and a byte, so that there is some
  const size_t width_;
  const bool inline_states_;
  Slot* slots_ = nullptr;
  size_t capacity_ = 0;  // slots, a power of two
  int shift_ = 0;        // 64 - log2(capacity_)
  size_t size_ = 0;
  Arena arena_;
};

}  // namespace runjob
