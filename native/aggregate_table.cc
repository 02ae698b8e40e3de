#include "aggregate_table.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "hash.h"

namespace runjob {

namespace {

constexpr size_t kFirstCapacity = 4096;
constexpr size_t kReleaseBytes = size_t{2} << 20;
constexpr size_t kPrefetchAhead = 24;

// Where probing starts. Partitions are ranges of the hash's high bits, and the keys of a whole job's stage may be of
// one partition: so the low half decides here.
size_t Home(uint64_t hash, int shift) { return (hash << 32 | hash >> 32) >> shift; }

uint64_t Load64(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

}  // namespace

inline bool AggregateTable::KeyEquals(const Entry* entry, const char* key, uint32_t size) const {
  if (entry->key_size != size) return false;
  const char* own = entry->state() + width_;
  if (size <= 8) return ((Load64(own) ^ Load64(key)) & hash_internal::kLowBytes[size]) == 0;
  if (size <= 16) return Load64(own) == Load64(key) && Load64(own + size - 8) == Load64(key + size - 8);
  return std::memcmp(own, key, size) == 0;
}

AggregateTable::Entry* AggregateTable::Insert(const char* key, uint32_t size, uint32_t partition) {
  const size_t key_space = std::max<size_t>(size, 8);  // short keys are compared as one word
  char* memory = arena_.Allocate(sizeof(Entry) + width_ + key_space);
  Entry* entry = new (memory) Entry{size, partition};
  layout_->Init(entry->state());
  if (size > 0) std::memcpy(entry->state() + width_, key, size);
  size_++;
  return entry;
}

template <class Found>
inline void AggregateTable::Resolve(const Keys& keys, const Found& found) {
  Reserve(keys.n);
  Slot* const slots = slots_;
  const size_t mask = capacity_ - 1;
  const int shift = shift_;

  uint64_t hashes[kGroup];
  uint32_t start = keys.start;
  for (size_t i = 0; i < keys.n; i++) {
    const uint64_t hash = HashPaddedKey(keys.bytes + start, keys.ends[i] - start);
    hashes[i] = hash;
    __builtin_prefetch(&slots[Home(hash, shift)]);
    start = keys.ends[i];
  }

  start = keys.start;
  for (size_t i = 0; i < keys.n; i++) {
    if (i + kPrefetchAhead < keys.n) __builtin_prefetch(slots[Home(hashes[i + kPrefetchAhead], shift)].entry);
    const char* key = keys.bytes + start;
    const uint32_t size = keys.ends[i] - start;
    const uint64_t hash = hashes[i];
    start = keys.ends[i];
    for (size_t at = Home(hash, shift);; at = (at + 1) & mask) {
      Slot& slot = slots[at];
      if (slot.entry == nullptr) {
        Entry* entry = Insert(key, size, keys.partitions == nullptr ? 0 : keys.partitions[i]);
        slot = Slot{hash, entry};
        found(i, entry);
        break;
      }
      if (slot.hash == hash && KeyEquals(slot.entry, key, size)) {
        found(i, slot.entry);
        break;
      }
    }
  }
}

void AggregateTable::Find(const Keys& keys, char** states) {
  Resolve(keys, [states](size_t i, Entry* entry) { states[i] = entry->state(); });
}

void AggregateTable::Count(const Keys& keys) {
  Resolve(keys, [](size_t, Entry* entry) { ++*reinterpret_cast<uint64_t*>(entry->state()); });
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
      if (slots_[i].entry == nullptr) continue;
      size_t at = Home(slots_[i].hash, shift);
      while (slots[at].entry != nullptr) at = (at + 1) & mask;
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
  SortItem* const items = reinterpret_cast<SortItem*>(slots_);
  static_assert(sizeof(SortItem) == sizeof(Slot) && alignof(SortItem) == alignof(Slot));
  size_t n = 0;
  for (size_t i = 0; i < capacity_; i++) {
    const Slot slot = slots_[i];
    if (slot.entry != nullptr) new (&items[n++]) SortItem{slot.hash, reinterpret_cast<uintptr_t>(slot.entry)};
  }
  return {items, items + n};
}

void AggregateTable::Clear() {
  FreePages(reinterpret_cast<char*>(slots_), TableBytes(capacity_));
  slots_ = nullptr;
  capacity_ = 0;
  size_ = 0;
  arena_.Reset();
}

}  // namespace runjob
