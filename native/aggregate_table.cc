#include "aggregate_table.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "hash.h"

namespace runjob {

namespace {

using hash_internal::kLowBytes;
using hash_internal::Load64;

// The low `size` bytes for a short key, nothing for a longer one: entry 8 stands for all of those.
constexpr uint64_t kShortMask[9] = {kLowBytes[0], kLowBytes[1], kLowBytes[2], kLowBytes[3], kLowBytes[4],
                                    kLowBytes[5], kLowBytes[6], kLowBytes[7], 0};

constexpr size_t kFirstCapacity = 4096;
constexpr size_t kReleaseBytes = size_t{2} << 20;
constexpr size_t kSlotsAhead = 64;
constexpr size_t kEntriesAhead = 16;

}  // namespace

inline uint64_t AggregateTable::SpreadBits(uint64_t word) {
  return hash_internal::Mix(word ^ hash_internal::kSecret[2], hash_internal::kSecret[3]);
}

inline size_t AggregateTable::EntryBytes(uint32_t key_size) const {
  return sizeof(Entry) + width_ + std::max<size_t>(key_size, 8);
}

AggregateTable::Entry* AggregateTable::NewEntry(const char* key, uint32_t size, uint32_t partition) {
  Entry* entry = new (arena_.Allocate(EntryBytes(size))) Entry{size, partition};
  layout_->Init(entry->state());
  if (size > 0) std::memcpy(entry->state() + width_, key, size);
  return entry;
}

// REQUIRES: size > kShortKey.
inline bool AggregateTable::KeyEquals(const Entry* entry, const char* key, uint32_t size) const {
  if (entry->key_size != size) return false;
  const char* own = entry->state() + width_;
  if (size > 16) return std::memcmp(own, key, size) == 0;
  return ((Load64(own) ^ Load64(key)) | (Load64(own + size - 8) ^ Load64(key + size - 8))) == 0;
}

// What is known of a group of keys before the first probe.
struct AggregateTable::Group {
  uint64_t words[kGroup];
  uint32_t starts[kGroup];
  // The keys sorted out by size: branches on that, key by key, would often be mispredicted.
  uint16_t short_keys[kGroup];
  uint16_t long_keys[kGroup];
  size_t shorts = 0;
  size_t longs = 0;
};

void AggregateTable::Prepare(const Keys& keys, Group* group) {
  size_t shorts = 0, longs = 0;
  uint32_t start = keys.start;
  for (size_t i = 0; i < keys.n; i++) {
    const uint32_t size = keys.ends[i] - start;
    group->words[i] = (Load64(keys.bytes + start) & kShortMask[std::min<uint32_t>(size, 8)]) << 8 | size;
    group->starts[i] = start;
    group->short_keys[shorts] = group->long_keys[longs] = static_cast<uint16_t>(i);
    shorts += size <= kShortKey;
    longs += size > kShortKey;
    start = keys.ends[i];
  }
  group->shorts = shorts;
  group->longs = longs;
  for (size_t j = 0; j < longs; j++) {
    const size_t i = group->long_keys[j];
    const uint64_t hash = HashPaddedKey(keys.bytes + group->starts[i], keys.ends[i] - group->starts[i]);
    group->words[i] = hash | kLongBit;
    __builtin_prefetch(&slots_[Home(hash | kLongBit, shift_)]);
  }
}

template <class Found>
void AggregateTable::ProbeShort(const Keys& keys, const Group& group, const Found& found) {
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  const int shift = shift_;
  const auto prefetch = [&](size_t j) { __builtin_prefetch(&slots[Home(group.words[group.short_keys[j]], shift)]); };
  for (size_t j = 0; j < std::min(group.shorts, kSlotsAhead); j++) prefetch(j);
  for (size_t j = 0; j < group.shorts; j++) {
    if (j + kSlotsAhead < group.shorts) prefetch(j + kSlotsAhead);
    const size_t i = group.short_keys[j];
    const uint64_t word = group.words[i];
    size_t at = Home(word, shift);
    while (slots[at].payload != 0 && slots[at].word != word) at = (at + 1) & mask;
    Slot& slot = slots[at];
    if (slot.payload == 0) {
      slot.word = word;
      if (count_in_slots_) {
        slot.payload = 1;
        counted_in_slots_++;
      } else {
        const uint32_t size = static_cast<uint32_t>(word & 0xFF);
        const uint32_t partition = keys.partitions == nullptr ? 0 : keys.partitions[i];
        slot.payload = reinterpret_cast<uintptr_t>(NewEntry(keys.bytes + group.starts[i], size, partition));
      }
      size_++;
    }
    found(i, &slot.payload, count_in_slots_);
  }
}

template <class Found>
void AggregateTable::ProbeLong(const Keys& keys, const Group& group, const Found& found) {
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  const int shift = shift_;
  for (size_t j = 0; j < group.longs; j++) {
    if (j + kEntriesAhead < group.longs) {
      const uint64_t ahead = slots[Home(group.words[group.long_keys[j + kEntriesAhead]], shift)].payload;
      __builtin_prefetch(reinterpret_cast<const char*>(ahead));
    }
    const size_t i = group.long_keys[j];
    const uint64_t word = group.words[i];
    const char* key = keys.bytes + group.starts[i];
    const uint32_t size = keys.ends[i] - group.starts[i];
    size_t at = Home(word, shift);
    const auto is_other = [&](const Slot& slot) {
      return slot.word != word || !KeyEquals(reinterpret_cast<const Entry*>(slot.payload), key, size);
    };
    while (slots[at].payload != 0 && is_other(slots[at])) at = (at + 1) & mask;
    Slot& slot = slots[at];
    if (slot.payload == 0) {
      const uint32_t partition = keys.partitions == nullptr ? 0 : keys.partitions[i];
      slot = Slot{word, reinterpret_cast<uintptr_t>(NewEntry(key, size, partition))};
      size_++;
    }
    found(i, &slot.payload, false);
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
  // A slot's new place is about twice as far as its old one. So both tables are gone through front to back, and the old
  // one's pages go back to the system as the new one's are first touched.
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
        Entry* counted = NewEntry(bytes, size, 0);
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
