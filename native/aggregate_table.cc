#include "aggregate_table.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "hash.h"

namespace runjob {

namespace {

using hash_internal::Load64;

// The low `size` bytes for a short key, nothing for a longer one: entry 8 stands for all of those.
constexpr uint64_t kShortMask[9] = {
    0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, 0};

constexpr size_t kFirstCapacity = 4096;
constexpr size_t kReleaseBytes = size_t{2} << 20;
constexpr size_t kEntriesAhead = 24;

}  // namespace

inline uint64_t AggregateTable::SpreadBits(uint64_t word) {
  return hash_internal::Mix(word, hash_internal::kSecret[3]);
}

inline size_t AggregateTable::EntryBytes(uint32_t key_size) const {
  return sizeof(Entry) + width_ + std::max<size_t>(key_size, 8);
}

AggregateTable::Entry* AggregateTable::NewEntry(Slice key, uint32_t partition) {
  const uint32_t size = static_cast<uint32_t>(key.size);
  Entry* entry = new (arena_.Allocate(EntryBytes(size))) Entry{size, partition};
  layout_->Init(entry->state());
  if (size > 0) std::memcpy(entry->state() + width_, key.data, size);
  return entry;
}

AggregateTable::Entry* AggregateTable::NewEntry(const Keys& keys, size_t i) {
  return NewEntry(KeyAt(keys, i), keys.partitions == nullptr ? 0 : keys.partitions[i]);
}

// REQUIRES: key.size > kShortKey.
inline bool AggregateTable::KeyEquals(const Entry* entry, Slice key) const {
  const size_t size = key.size;
  if (entry->key_size != size) return false;
  const char* own = entry->state() + width_;
  if (size > 16) return std::memcmp(own, key.data, size) == 0;
  const size_t last = size - 8;
  return ((Load64(own) ^ Load64(key.data)) | (Load64(own + last) ^ Load64(key.data + last))) == 0;
}

// A group of keys sorted out by size, before the first probe: branches on that, key by key, would be
// mispredicted.
struct AggregateTable::Group {
  // Of short keys: words, homes and indices. Of longer ones the same, from the middle on.
  uint64_t words[2 * kGroup];
  size_t homes[2 * kGroup];
  uint16_t index[2 * kGroup];
  size_t shorts;
  size_t longs;
};

void AggregateTable::Prepare(const Keys& keys, Group* group) const {
  size_t shorts = 0;
  uint32_t start = keys.start;
  for (size_t i = 0; i < keys.n; i++) {
    const uint32_t size = keys.ends[i] - start;
    group->words[shorts] = (Load64(keys.bytes + start) & kShortMask[std::min<uint32_t>(size, 8)]) << 8 | size;
    group->index[shorts] = group->index[kGroup + i - shorts] = static_cast<uint16_t>(i);
    shorts += size <= kShortKey;
    start = keys.ends[i];
  }
  group->shorts = shorts;
  group->longs = keys.n - shorts;

  const Slot* const slots = slots_;
  const int shift = shift_;
  for (size_t j = kGroup; j < kGroup + group->longs; j++) {
    const uint64_t word = HashKey(KeyAt(keys, group->index[j]));
    const size_t home = Home(word, shift);
    __builtin_prefetch(&slots[home]);
    group->words[j] = word;
    group->homes[j] = home;
  }
  for (size_t j = 0; j < shorts; j++) {
    const size_t home = Home(group->words[j], shift);
    __builtin_prefetch(&slots[home]);
    group->homes[j] = home;
  }
}

template <class Found>
void AggregateTable::ProbeShort(const Keys& keys, const Group& group, const Found& found) {
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  for (size_t j = 0; j < group.shorts; j++) {
    const uint64_t word = group.words[j];
    size_t at = group.homes[j];
    while (slots[at].payload != 0 && slots[at].word != word) at = (at + 1) & mask;
    Slot& slot = slots[at];
    if (slot.payload == 0) {
      slot.word = word;
      if (count_in_slots_) {
        slot.payload = 1;
        counted_in_slots_++;
      } else {
        slot.payload = reinterpret_cast<uintptr_t>(NewEntry(keys, group.index[j]));
      }
      size_++;
    }
    found(group.index[j], &slot.payload, count_in_slots_);
  }
}

template <class Found>
void AggregateTable::ProbeLong(const Keys& keys, const Group& group, const Found& found) {
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  const size_t end = kGroup + group.longs;
  for (size_t j = kGroup; j < end; j++) {
    if (j + kEntriesAhead < end) {
      __builtin_prefetch(reinterpret_cast<const char*>(slots[group.homes[j + kEntriesAhead]].payload));
    }
    const uint64_t word = group.words[j];
    const Slice key = KeyAt(keys, group.index[j]);
    const auto is_other = [&](const Slot& slot) {
      return slot.word != word || !KeyEquals(reinterpret_cast<const Entry*>(slot.payload), key);
    };
    size_t at = group.homes[j];
    while (slots[at].payload != 0 && is_other(slots[at])) at = (at + 1) & mask;
    Slot& slot = slots[at];
    if (slot.payload == 0) {
      slot = Slot{word, reinterpret_cast<uintptr_t>(NewEntry(keys, group.index[j]))};
      size_++;
    }
    found(group.index[j], &slot.payload, false);
  }
}

// Calls found(i, payload, in_slot) for every key i, with the payload of its slot and whether that is a count.
template <class Found>
void AggregateTable::Resolve(const Keys& keys, const Found& found) {
  Reserve(keys.n);
  Group group;
  Prepare(keys, &group);
  ProbeShort(keys, group, found);
  ProbeLong(keys, group, found);
}

void AggregateTable::Insert(const Keys& keys) {
  Resolve(keys, [](size_t, uint64_t*, bool) {});
}

void AggregateTable::Find(const Keys& keys, char** states) {
  Resolve(keys, [states](size_t i, const uint64_t* payload, bool) {
    states[i] = reinterpret_cast<Entry*>(*payload)->state();
    __builtin_prefetch(states[i]);
  });
}

void AggregateTable::Count(const Keys& keys) {
  Resolve(keys, [](size_t, uint64_t* payload, bool in_slot) {
    ++*(in_slot ? payload : reinterpret_cast<uint64_t*>(reinterpret_cast<Entry*>(*payload)->state()));
  });
}

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
  // A slot's new place is about twice as far as its old one. So both tables are gone through front to back,
  // and the old one's pages go back to the system as the new one's are first touched.
  const size_t piece_slots = std::min(capacity_, kReleaseBytes / sizeof(Slot));
  for (size_t piece = 0; piece < capacity_; piece += piece_slots) {
    for (size_t i = piece; i < piece + piece_slots; i++) {
      if (slots_[i].payload == 0) continue;
      size_t at = Home(slots_[i].word, shift);
      while (slots[at].payload != 0) at = (at + 1) & mask;
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
  return TableBytes(grows_soon ? capacity_ * 2 : capacity_) + arena_.bytes() +
         counted_in_slots_ * EntryBytes(kShortKey);
}

AggregateTable::Parts AggregateTable::TakeApart() {
  static_assert(sizeof(SortItem) == sizeof(Slot) && alignof(SortItem) == alignof(Slot));
  SortItem* const items = reinterpret_cast<SortItem*>(slots_);
  size_t n = 0;
  for (size_t i = 0; i < capacity_; i++) {
    const Slot slot = slots_[i];
    if (slot.payload == 0) continue;
    uint64_t hash = slot.word;
    uint64_t entry = slot.payload;
    if (IsShort(slot.word)) {
      const uint32_t size = static_cast<uint32_t>(slot.word & 0xFF);
      const uint64_t key = slot.word >> 8;
      hash = hash_internal::HashShort(key, 0, size);
      if (count_in_slots_) {
        char bytes[8];
        std::memcpy(bytes, &key, 8);
        Entry* counted = NewEntry(Slice(bytes, size), 0);
        *reinterpret_cast<uint64_t*>(counted->state()) = slot.payload - 1;
        entry = reinterpret_cast<uintptr_t>(counted);
      }
    }
    new (&items[n++]) SortItem{hash, entry};
  }
  counted_in_slots_ = 0;
  return {items, items + n};
}

void AggregateTable::Clear() {
  FreePages(reinterpret_cast<char*>(slots_), TableBytes(capacity_));
  slots_ = nullptr;
  capacity_ = 0;
  size_ = 0;
  counted_in_slots_ = 0;
  arena_.Reset();
}

}  // namespace runjob
