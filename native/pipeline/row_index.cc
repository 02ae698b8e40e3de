#include "pipeline/row_index.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "aggregate/table.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/prefetch.h"
#include "column/keys.h"
#include "pipeline/key_number.h"

namespace runjob {

namespace {

constexpr size_t kGroup = AggregateTable::kGroup;
constexpr size_t kKeysBytes = size_t{1} << 20;  // more, and a group of keys is looked up before it is full
constexpr size_t kLeastSlots = 64;
constexpr uint32_t kUnknown = kNoRow - 1;

// Keys that are one number. Open addressing, linear probing, at most half full; or, where the numbers are close together, an array of all
// from the least to the greatest.
class NumberIndex final : public RowIndex {
 public:
  NumberIndex(size_t rows, bool linked) : RowIndex(rows, linked) { Allocate(std::max(kLeastSlots, 2 * rows_)); }
  ~NumberIndex() override { Free(); }

  Status Add(const Batch& batch, const std::vector<uint32_t>& on, const uint32_t* numbers) override {
    WithKeyNumbers(batch.columns[on[0]], [&](const auto& number_at) {
      for (size_t i = 0; i < batch.count; i += kGroup) {
        const size_t n = std::min(kGroup, batch.count - i);
        while (2 * (count_ + n) > capacity_) Grow();
        const Group group = GroupOf(batch, i, n, number_at);
        for (size_t j = 0; j < n; j++) {
          Slot* const slot = slots_ + SlotFor(group.keys[j], group.at[j]);
          count_ += slot->rows.first == 0;
          slot->key = group.keys[j];
          Append(&slot->rows, numbers[i + j]);
        }
      }
    });
    return Status::Ok();
  }

  void Complete() override {
    int64_t least = INT64_MAX;
    int64_t greatest = INT64_MIN;
    for (size_t i = 0; i < capacity_; i++) {
      if (slots_[i].rows.first == 0) continue;
      least = std::min(least, slots_[i].key);
      greatest = std::max(greatest, slots_[i].key);
    }
    const uint64_t range = static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least);
    if (count_ == 0 || range >= kMostPlaces * count_) return;
    least_ = least;
    places_.resize(range + 1);
    for (size_t i = 0; i < capacity_; i++) {
      if (slots_[i].rows.first != 0) places_[PlaceOf(slots_[i].key)] = slots_[i].rows.first;
    }
    Free();
  }

  Status Find(const Batch& batch, const std::vector<uint32_t>& on, KeyList*, uint32_t* first) const override {
    const Vector& column = batch.columns[on[0]];
    WithKeyNumbers(column, [&](const auto& number_at) {
      if (places_.empty()) return FindInSlots(batch, number_at, first);
      for (size_t i = 0; i < batch.count; i++) {
        const uint64_t place = PlaceOf(number_at(batch.row(i)));
        first[i] = place < places_.size() ? places_[place] - 1 : kNoRow;
      }
    });
    // What is stored for a null may be the key of a row.
    for (size_t i = 0; column.validity != nullptr && i < batch.count; i++) {
      if (!column.valid(batch.row(i))) first[i] = kNoRow;
    }
    return Status::Ok();
  }

  size_t bytes() const override {
    return RowIndex::bytes() + capacity_ * sizeof(Slot) + places_.capacity() * sizeof(uint32_t);
  }

 private:
  struct Slot {
    int64_t key;
    Rows rows;
  };
  static constexpr size_t kMostPlaces = 4;  // for each key: they take half of what slots take

  // Keys of rows, and where their slots begin, which are fetched meanwhile.
  struct Group {
    int64_t keys[kGroup];
    size_t at[kGroup];
  };
  template <class NumberAt>
  Group GroupOf(const Batch& batch, size_t first, size_t n, const NumberAt& number_at) const {
    Group group;
    for (size_t j = 0; j < n; j++) {
      group.keys[j] = number_at(batch.row(first + j));
      group.at[j] = HomeOf(group.keys[j]);
      Prefetch(group.at[j]);
    }
    return group;
  }

  template <class NumberAt>
  void FindInSlots(const Batch& batch, const NumberAt& number_at, uint32_t* first) const {
    for (size_t i = 0; i < batch.count; i += kGroup) {
      const size_t n = std::min(kGroup, batch.count - i);
      const Group group = GroupOf(batch, i, n, number_at);
      for (size_t j = 0; j < n; j++) first[i + j] = slots_[SlotFor(group.keys[j], group.at[j])].rows.first - 1;
    }
  }

  uint64_t PlaceOf(int64_t key) const { return static_cast<uint64_t>(key) - static_cast<uint64_t>(least_); }

  size_t HomeOf(int64_t key) const {
    using namespace hash_internal;
    const uint64_t hash = Mix(static_cast<uint64_t>(key) ^ kSecret[2], kSecret[3]);
    return static_cast<size_t>(static_cast<unsigned __int128>(hash) * capacity_ >> 64);
  }
  RUNJOB_PREFETCHER void Prefetch(size_t at) const { __builtin_prefetch(slots_ + at); }
  // From slot `at` on: the one that is the key's, or free.
  size_t SlotFor(int64_t key, size_t at) const {
    while (slots_[at].rows.first != 0 && slots_[at].key != key) at = at + 1 == capacity_ ? 0 : at + 1;
    return at;
  }

  void Allocate(size_t capacity) {
    slots_ = reinterpret_cast<Slot*>(AllocatePages(capacity * sizeof(Slot)));
    capacity_ = capacity;
  }
  void Free() {
    FreePages(reinterpret_cast<char*>(slots_), capacity_ * sizeof(Slot));
    slots_ = nullptr;
    capacity_ = 0;
  }
  void Grow() {
    Slot* const slots = slots_;
    const size_t capacity = capacity_;
    Allocate(2 * capacity);
    for (size_t i = 0; i < capacity; i++) {
      if (slots[i].rows.first != 0) slots_[SlotFor(slots[i].key, HomeOf(slots[i].key))] = slots[i];
    }
    FreePages(reinterpret_cast<char*>(slots), capacity * sizeof(Slot));
  }

  Slot* slots_ = nullptr;
  size_t capacity_ = 0;
  size_t count_ = 0;
  int64_t least_ = 0;
  std::vector<uint32_t> places_;  // the first row of each number, plus 1; empty: they are in slots
};

// Any keys, as bytes (column/keys.h). Open addressing, linear probing, at most half full. Eight bytes a slot stay in the cache where keys
// do not. A partition's keys share the highest bits of their hashes, so the lowest ones say where a key begins.
class BytesIndex final : public RowIndex {
 public:
  BytesIndex(size_t rows, bool linked) : RowIndex(rows, linked) {
    Allocate(std::bit_ceil(std::max(kLeastSlots, 2 * rows_)));
  }
  ~BytesIndex() override { FreePages(reinterpret_cast<char*>(slots_), capacity_ * sizeof(Slot)); }

  Status Add(const Batch& batch, const std::vector<uint32_t>& on, const uint32_t* numbers) override {
    KeyList list;
    return ForEachGroup(batch, on, &list, [&](const AggregateTable::Keys& keys, const uint16_t* positions) {
      while (2 * (count_ + keys.n) > capacity_) Grow();
      Group group;
      Prepare(keys, &group);
      for (size_t i = 0; i < keys.n; i++) {
        const Slice key = keys.at(i);
        const size_t at = SlotFor(key, group.hashes[i], group.at[i]);
        if (slots_[at] == 0) {
          slots_[at] = SlotOf(Copy(key), group.hashes[i]);
          count_++;
        }
        Append(&KeyOf(slots_[at])->rows, numbers[positions[i]]);
      }
    });
  }

  Status Find(const Batch& batch, const std::vector<uint32_t>& on, KeyList* list, uint32_t* first) const override {
    std::fill_n(first, batch.count, kNoRow);
    return ForEachGroup(batch, on, list, [&](const AggregateTable::Keys& keys, const uint16_t* positions) {
      Group group;
      Prepare(keys, &group);
      for (size_t i = 0; i < keys.n; i++) {
        const Slot slot = slots_[SlotFor(keys.at(i), group.hashes[i], group.at[i])];
        if (slot != 0) first[positions[i]] = KeyOf(slot)->rows.first - 1;
      }
    });
  }

  size_t bytes() const override { return RowIndex::bytes() + arena_.bytes() + capacity_ * sizeof(Slot); }

 private:
  // Its bytes follow.
  struct StoredKey {
    Rows rows;
    size_t size;

    Slice key() const { return Slice(reinterpret_cast<const char*>(this + 1), size); }
  };
  // The address of a key, and 16 bits of its hash, so that hardly any key is looked at in vain. 0: none.
  using Slot = uint64_t;
  struct Group {
    uint64_t hashes[kGroup];
    size_t at[kGroup];
  };

  static constexpr int kAddressBits = 48;

  static Slot SlotOf(const StoredKey* key, uint64_t hash) {
    return reinterpret_cast<uintptr_t>(key) | (hash >> 32) << kAddressBits;
  }
  static bool MayBe(Slot slot, uint64_t hash) { return slot >> kAddressBits == (hash >> 32 & 0xFFFF); }
  static StoredKey* KeyOf(Slot slot) {
    return reinterpret_cast<StoredKey*>(static_cast<uintptr_t>(slot & ((Slot{1} << kAddressBits) - 1)));
  }

  // Calls use(keys, positions) for groups of rows that count and have no null in their key: key i is that of the positions[i]-th one.
  template <class Use>
  static Status ForEachGroup(const Batch& batch, const std::vector<uint32_t>& on, KeyList* keys, const Use& use) {
    const size_t fixed = FixedKeySize(batch, on);
    uint16_t positions[kGroup];
    for (size_t i = 0; i < batch.count;) {
      size_t n = 0;
      keys->Clear();
      if (fixed > 0) {
        for (; n < kGroup && i < batch.count; i++) positions[n++] = static_cast<uint16_t>(i);
        WriteFixedKeys(batch, on, i - n, n, keys->AddFixed(n, fixed));
      }
      for (; n < kGroup && i < batch.count && keys->size() < kKeysBytes; i++) {
        const size_t row = batch.row(i);
        if (!std::all_of(on.begin(), on.end(), [&](uint32_t c) { return batch.columns[c].valid(row); })) continue;
        for (const uint32_t column : on) AppendKey(batch.columns[column], row, KeyOrder(), keys->buffer());
        RUNJOB_RETURN_IF_ERROR(keys->End());
        positions[n++] = static_cast<uint16_t>(i);
      }
      use(AggregateTable::Keys{keys->Padded(), 0, keys->ends(), nullptr, n}, positions);
    }
    return Status::Ok();
  }

  void Prepare(const AggregateTable::Keys& keys, Group* group) const {
    for (size_t i = 0; i < keys.n; i++) {
      group->hashes[i] = HashKey(keys.at(i));
      PrefetchSlot(group->hashes[i]);
    }
    for (size_t i = 0; i < keys.n; i++) {
      group->at[i] = Probe(group->hashes[i], group->hashes[i] & mask());
      PrefetchKey(KeyOf(slots_[group->at[i]]));
    }
  }

  size_t mask() const { return capacity_ - 1; }
  RUNJOB_PREFETCHER void PrefetchSlot(uint64_t hash) const { __builtin_prefetch(slots_ + (hash & mask())); }
  RUNJOB_PREFETCHER static void PrefetchKey(const StoredKey* key) {
    __builtin_prefetch(key);
    __builtin_prefetch(reinterpret_cast<const char*>(key) + 63);
  }
  // From slot `at` on: the first one that is free, or may be the key's.
  size_t Probe(uint64_t hash, size_t at) const {
    while (slots_[at] != 0 && !MayBe(slots_[at], hash)) at = (at + 1) & mask();
    return at;
  }
  // From where Probe has come to on: the slot that is the key's, or free. More may have been added since.
  size_t SlotFor(Slice key, uint64_t hash, size_t at) const {
    at = Probe(hash, at);
    while (slots_[at] != 0 && !(KeyOf(slots_[at])->key() == key)) at = Probe(hash, (at + 1) & mask());
    return at;
  }

  StoredKey* Copy(Slice key) {
    char* const at = arena_.Allocate(sizeof(StoredKey) + key.size);
    if (key.size > 0) std::memcpy(at + sizeof(StoredKey), key.data, key.size);
    return new (at) StoredKey{{0, 0}, key.size};
  }

  void Allocate(size_t capacity) {
    slots_ = reinterpret_cast<Slot*>(AllocatePages(capacity * sizeof(Slot)));
    capacity_ = capacity;
  }
  void Grow() {
    Slot* const slots = slots_;
    const size_t capacity = capacity_;
    Allocate(2 * capacity);
    for (size_t i = 0; i < capacity; i++) {
      if (slots[i] == 0) continue;
      size_t at = HashKey(KeyOf(slots[i])->key()) & mask();
      while (slots_[at] != 0) at = (at + 1) & mask();
      slots_[at] = slots[i];
    }
    FreePages(reinterpret_cast<char*>(slots), capacity * sizeof(Slot));
  }

  Arena arena_;
  Slot* slots_ = nullptr;
  size_t capacity_ = 0;  // a power of two
  size_t count_ = 0;
};

}  // namespace

std::unique_ptr<RowIndex> RowIndex::Make(const std::vector<Type>& key_types, size_t rows, bool linked) {
  if (key_types.size() == 1 && IsKeyNumber(key_types[0])) return std::make_unique<NumberIndex>(rows, linked);
  return std::make_unique<BytesIndex>(rows, linked);
}

void RowIndex::Link(uint32_t last, uint32_t number) {
  if (next_.capacity() == 0) next_.reserve(rows_);
  if (next_.size() <= last) next_.resize(size_t{last} + 1);
  next_[last] = number + 1;
}

Status RowFinder::Find(const Batch& batch, const std::vector<uint32_t>& on, uint32_t* first) {
  if (on.size() == 1 && batch.columns[on[0]].form == VectorForm::kDictionary) {
    return FindCodes(batch, batch.columns[on[0]], first);
  }
  return index_->Find(batch, on, &keys_, first);
}

Status RowFinder::FindCodes(const Batch& batch, const Vector& column, uint32_t* first) {
  if (column.dictionary != dictionary_) {
    dictionary_ = column.dictionary;
    of_code_.assign(column.entries, kUnknown);
  }
  Batch unknown{batch.rows, rows_, 0, {}};
  for (size_t i = 0; i < batch.count; i++) {
    const size_t row = batch.row(i);
    if (of_code_[column.codes[row]] != kUnknown || !column.valid(row)) continue;
    of_code_[column.codes[row]] = kNoRow;
    rows_[unknown.count++] = static_cast<uint16_t>(row);
  }
  if (unknown.count > 0) {
    unknown.columns.push_back(column);
    RUNJOB_RETURN_IF_ERROR(index_->Find(unknown, {0}, &keys_, found_));
    for (size_t i = 0; i < unknown.count; i++) of_code_[column.codes[rows_[i]]] = found_[i];
  }
  for (size_t i = 0; i < batch.count; i++) {
    const size_t row = batch.row(i);
    first[i] = column.valid(row) ? of_code_[column.codes[row]] : kNoRow;
  }
  return Status::Ok();
}

}  // namespace runjob
