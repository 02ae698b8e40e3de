#include "aggregate/table.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/hash.h"
#include "base/word.h"

namespace runjob {

namespace {

using hash_internal::kSecret;
using hash_internal::Mix;

constexpr size_t kFirstCapacity = 4096;
constexpr size_t kReleaseBytes = size_t{2} << 20;
constexpr size_t kEntryEnd = 40;  // of most entries: they may lie in two cache lines

// REQUIRES: both have more than 15 bytes.
inline bool LongKeysEqual(Slice a, Slice b) {
  if (a.size != b.size) return false;
  if (a.size > 32) return std::memcmp(a.data, b.data, a.size) == 0;
  const auto differ = [&](size_t at) { return Load64(a.data + at) ^ Load64(b.data + at); };
  return (differ(0) | differ(8) | differ(a.size - 16) | differ(a.size - 8)) == 0;
}

}  // namespace

inline size_t AggregateTable::HomeOfShort(uint64_t low, uint64_t high, int shift) {
  return Mix(low ^ kSecret[1], high ^ kSecret[0]) >> shift;
}

inline size_t AggregateTable::HomeOfLong(uint64_t hash, int shift) { return Mix(hash, kSecret[3]) >> shift; }

void AggregateTable::FillShort(Slot* slot, uint64_t low, uint64_t high, uint32_t partition) {
  slot->key.low = low;
  if (!inline_states_) {
    // A state of no bytes has an address, too; an arena may have none yet.
    slot->state[0] = reinterpret_cast<uintptr_t>(width_ == 0 ? initial_.data() : arena_.Allocate(width_));
    slot->state[1] = partition;
  }
  std::memcpy(StateOf(slot), initial_.data(), width_);
  slot->key.high = high;  // last: if the arena has no more memory, the slot is still free
  size_++;
}

void AggregateTable::FillLong(Slot* slot, uint64_t hash, Slice key, uint32_t partition) {
  const uint32_t size = static_cast<uint32_t>(key.size);
  Entry* entry = new (arena_.Allocate(sizeof(Entry) + width_ + size)) Entry{size, partition};
  std::memcpy(entry->state(), initial_.data(), width_);
  std::memcpy(entry->state() + width_, key.data, size);
  *slot = Slot{{hash, kLongKey}, {reinterpret_cast<uintptr_t>(entry), 0}};
  size_++;
}

// A group of keys, with short and long ones separated before the first probe, because a branch for each key would be
// mispredicted.
struct AggregateTable::Group {
  uint64_t low[kGroup];   // of short keys; of long ones the hash, last key first
  uint64_t high[kGroup];  // of short keys
  size_t homes[kGroup];
  uint16_t index[kGroup];
  size_t shorts;
};

template <class AnyKeys>
void AggregateTable::Prepare(const AnyKeys& keys, Group* group) const {
  const Slot* const slots = slots_;
  const int shift = shift_;
  size_t shorts = 0;
  size_t longs = keys.n;  // from the end
  for (size_t i = 0; i < keys.n; i++) {
    const Slice key = keys.at(i);
    const auto [low, high] = LoadShortKey(key);
    group->low[shorts] = low;
    group->high[shorts] = high;
    const bool is_short = key.size <= kHeadBytes;
    group->index[is_short ? shorts : longs - 1] = static_cast<uint16_t>(i);
    shorts += is_short;
    longs -= !is_short;
  }
  group->shorts = shorts;
  for (size_t j = 0; j < shorts; j++) {
    const size_t home = HomeOfShort(group->low[j], group->high[j], shift);
    __builtin_prefetch(&slots[home]);
    __builtin_prefetch(&slots[home + 1]);
    group->homes[j] = home;
  }
  for (size_t j = shorts; j < keys.n; j++) {
    const uint64_t hash = HashKey(keys.at(group->index[j]));
    const size_t home = HomeOfLong(hash, shift);
    __builtin_prefetch(&slots[home]);
    __builtin_prefetch(&slots[home + 1]);
    group->low[j] = hash;
    group->homes[j] = home;
  }
}

template <class AnyKeys, class Found>
void AggregateTable::ProbeShort(const AnyKeys& keys, const Group& group, const Found& found) {
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  for (size_t j = 0; j < group.shorts; j++) {
    const uint64_t low = group.low[j];
    const uint64_t high = group.high[j];
    Slot* slot = &slots[group.homes[j]];
    while (((slot->key.low ^ low) | (slot->key.high ^ high)) != 0) {
      if (slot->key.high == 0) {
        FillShort(slot, low, high, keys.partition(group.index[j]));
        break;
      }
      slot = &slots[static_cast<size_t>(slot - slots + 1) & mask];
    }
    found(group.index[j], StateOf(slot));
  }
}

template <class AnyKeys, class Found>
void AggregateTable::ProbeLong(const AnyKeys& keys, Group* group, const Found& found) {
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  // Up to the first slot with the same hash, or a free one: other keys hardly ever have the same hash. So the entries
  // of all keys are being fetched before the first one is compared.
  for (size_t j = group->shorts; j < keys.n; j++) {
    size_t at = group->homes[j];
    while (slots[at].key.high != 0 && !IsLong(slots[at], group->low[j])) at = (at + 1) & mask;
    // As a number: in a free slot it points nowhere.
    const uintptr_t entry = slots[at].state[0];
    __builtin_prefetch(reinterpret_cast<const char*>(entry));
    __builtin_prefetch(reinterpret_cast<const char*>(entry + kEntryEnd));
    group->homes[j] = at;
  }
  for (size_t j = group->shorts; j < keys.n; j++) {
    const uint64_t hash = group->low[j];
    const Slice key = keys.at(group->index[j]);
    const auto is_it = [&](const Slot& slot) {
      return IsLong(slot, hash) && LongKeysEqual(EntryOf(slot)->key(width_), key);
    };
    size_t at = group->homes[j];
    while (slots[at].key.high != 0 && !is_it(slots[at])) at = (at + 1) & mask;
    if (slots[at].key.high == 0) {
      FillLong(&slots[at], hash, key, keys.partition(group->index[j]));
    }
    found(group->index[j], EntryOf(slots[at])->state());
  }
}

// Calls found(i, state) for every key i.
template <class AnyKeys, class Found>
void AggregateTable::Resolve(const AnyKeys& keys, const Found& found) {
  Reserve(keys.n);
  Group group;
  Prepare(keys, &group);
  ProbeShort(keys, group, found);
  ProbeLong(keys, &group, found);
}

template <class AnyKeys>
void AggregateTable::Find(const AnyKeys& keys, char** states) {
  Resolve(keys, [states](size_t i, char* state) {
    states[i] = state;
    __builtin_prefetch(state);
  });
}

template <class AnyKeys>
void AggregateTable::Count(const AnyKeys& keys) {
  Resolve(keys, [](size_t, char* state) { ++*reinterpret_cast<uint64_t*>(state); });
}

template void AggregateTable::Find(const Keys& keys, char** states);
template void AggregateTable::Find(const SpreadKeys& keys, char** states);
template void AggregateTable::Count(const Keys& keys);
template void AggregateTable::Count(const SpreadKeys& keys);

void AggregateTable::Reserve(size_t more) {
  if (capacity_ == 0) {
    slots_ = reinterpret_cast<Slot*>(AllocatePages(TableBytes(kFirstCapacity)));
    capacity_ = kFirstCapacity;
    shift_ = 64 - __builtin_ctzll(kFirstCapacity);
  }
  while ((size_ + more) * 2 > capacity_) Grow();
}

void AggregateTable::Grow() {
  const size_t capacity = capacity_ * 2;
  const size_t mask = capacity - 1;
  const int shift = shift_ - 1;
  Slot* const slots = reinterpret_cast<Slot*>(AllocatePages(TableBytes(capacity)));
  // A slot's new place is about twice as far as its old one. So both tables are walked front to back, and
  // the old one's pages go back to the system as the new one's are first touched.
  const size_t piece_slots = std::min(capacity_, kReleaseBytes / sizeof(Slot));
  for (size_t piece = 0; piece < capacity_; piece += piece_slots) {
    for (size_t i = piece; i < piece + piece_slots; i++) {
      if (slots_[i].key.high == 0) continue;
      size_t at = HomeOf(slots_[i], shift);
      while (slots[at].key.high != 0) at = (at + 1) & mask;
      slots[at] = slots_[i];
    }
    FreePages(reinterpret_cast<char*>(slots_ + piece), TableBytes(piece_slots));
  }
  slots_ = slots;
  capacity_ = capacity;
  shift_ = shift;
}

size_t AggregateTable::bytes() const {
  const bool grows_soon = size_ * 2 > capacity_ - capacity_ / 8;
  return TableBytes(grows_soon ? capacity_ * 2 : capacity_) + arena_.bytes();
}

AggregateTable::Parts AggregateTable::TakeApart() {
  // Half the table is free at least: the slots in use move to its front, and the items fill the rest.
  static_assert(2 * sizeof(Item) == sizeof(Slot));
  size_t n = 0;
  for (size_t i = 0; i < capacity_; i++) {
    if (slots_[i].key.high != 0) slots_[n++] = slots_[i];
  }
  Item* const items = reinterpret_cast<Item*>(slots_ + n);
  for (size_t i = 0; i < n; i++) {
    const Slot& slot = slots_[i];
    if (slot.key.high == kLongKey) {
      new (&items[i]) Item{{slot.key.low}, {slot.state[0] + 1}};
    } else {
      new (&items[i]) Item{{slot.key.hash()}, {reinterpret_cast<uintptr_t>(&slot)}};
    }
  }
  return {items, items + n};
}

void AggregateTable::Clear(size_t keep_bytes) {
  if (TableBytes(capacity_) > keep_bytes) {
    FreePages(reinterpret_cast<char*>(slots_), TableBytes(capacity_));
    slots_ = nullptr;
    capacity_ = 0;
  } else if (capacity_ > 0) {
    std::memset(static_cast<void*>(slots_), 0, TableBytes(capacity_));
  }
  size_ = 0;
  arena_.Reset();
}

}  // namespace runjob
