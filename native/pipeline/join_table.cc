#include "pipeline/join_table.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/hash.h"
#include "base/prefetch.h"
#include "column/program.h"
#include "pipeline/join_rows.h"

namespace runjob {
namespace {

constexpr size_t kMostSetBytes = size_t{16} << 20;  // of one key
constexpr uint32_t kMostKeyBytes = (uint32_t{1} << 31) - 1;

// A row in memory, and the next one with its key. The key and the row's bytes follow.
struct StoredRow {
  const StoredRow* next;
  uint32_t size;
  uint32_t key_size : 31;
  mutable uint32_t marked : 1;

  Slice key() const { return Slice(reinterpret_cast<const char*>(this + 1), key_size); }
  Slice bytes() const { return Slice(reinterpret_cast<const char*>(this + 1) + key_size, size); }
};

// The address of a key's first row, and 16 bits of the key's hash, so that hardly any row is looked at in vain. 0: none.
using Slot = uint64_t;

constexpr int kAddressBits = 48;

Slot SlotOf(const StoredRow* row, uint64_t hash) {
  return reinterpret_cast<uintptr_t>(row) | (hash >> 32) << kAddressBits;
}
bool MayBe(Slot slot, uint64_t hash) { return slot >> kAddressBits == (hash >> 32 & 0xFFFF); }
const StoredRow* RowOf(Slot slot) {
  return reinterpret_cast<const StoredRow*>(static_cast<uintptr_t>(slot & ((Slot{1} << kAddressBits) - 1)));
}

// Open addressing, linear probing, at most half full. Eight bytes a slot stay in the cache where rows do not. A partition's keys share
// the highest bits of their hashes, so the lowest ones say where a key begins.
class Memory final : public JoinRows {
 public:
  Memory(Schema schema, std::vector<uint32_t> by, Keep keep, KeySets sets)
      : JoinRows(std::move(schema), std::move(by), keep, std::move(sets)) {}
  ~Memory() override { FreePages(reinterpret_cast<char*>(slots_), capacity_ * sizeof(Slot)); }

  size_t bytes() const override {
    return JoinRows::bytes() + arena_.bytes() + rows_.capacity() * sizeof(StoredRow*) + capacity_ * sizeof(Slot);
  }
  std::unique_ptr<JoinLookup> NewLookup() const override { return std::make_unique<Lookup>(this); }

 private:
  class Lookup final : public JoinLookup {
   public:
    explicit Lookup(const Memory* table) : table_(table) {}

    Status Find(const AggregateTable::Keys& keys) override {
      uint64_t hashes[kGroup];
      for (size_t i = 0; i < keys.n; i++) {
        hashes[i] = HashKey(keys.at(i));
        table_->PrefetchSlot(hashes[i]);
      }
      size_t at[kGroup];
      for (size_t i = 0; i < keys.n; i++) {
        at[i] = table_->Probe(hashes[i], hashes[i] & table_->mask());
        PrefetchRow(RowOf(table_->slots_[at[i]]));
      }
      for (size_t i = 0; i < keys.n; i++) {
        first_[i] = RowOf(table_->slots_[table_->SlotFor(keys.at(i), hashes[i], at[i])]);
      }
      return Status::Ok();
    }
    Status First(size_t i, Row* row) override {
      next_ = first_[i];
      return Next(row);
    }
    Status Next(Row* row) override {
      row->found = next_ != nullptr;
      if (next_ == nullptr) return Status::Ok();
      row->bytes = next_->bytes();
      row->id = reinterpret_cast<uintptr_t>(next_);
      next_ = next_->next;
      return Status::Ok();
    }

    void Mark(uint64_t id) override { reinterpret_cast<const StoredRow*>(static_cast<uintptr_t>(id))->marked = 1; }
    Status ForEachUnmarked(const std::function<Status(Slice)>& visit) override {
      for (const StoredRow* row : table_->rows_) {
        if (row->marked == 0) RUNJOB_RETURN_IF_ERROR(visit(row->bytes()));
      }
      return Status::Ok();
    }
    size_t bytes() const override { return 0; }

   private:
    RUNJOB_PREFETCHER static void PrefetchRow(const StoredRow* row) {
      __builtin_prefetch(row);
      __builtin_prefetch(reinterpret_cast<const char*>(row) + 63);
    }

    const Memory* const table_;
    const StoredRow* first_[kGroup];
    const StoredRow* next_ = nullptr;
  };

  Status Put(const Item* rows, size_t n, const AggregateTable::Keys& keys) override {
    for (size_t i = 0; i < n; i++) {
      const bool has_key = rows[i].key >= 0;
      const Slice key = has_key ? keys.at(static_cast<size_t>(rows[i].key)) : Slice();
      if (key.size > kMostKeyBytes) return Status::Error("RECORD_TOO_LARGE", "a key of a join has more than 2 GiB");
      if (keep() == Keep::kKeys && !rows_.empty() && rows_.back()->key() == key) continue;
      StoredRow* const row = Copy(key, rows[i].bytes);
      // Until it is in its place, what it has instead of a next row: whether it has a key.
      if (has_key) row->next = row;
      rows_.push_back(row);
    }
    return Status::Ok();
  }

  // The last row first: each becomes the first one of its key.
  Status Complete(size_t max_steps, size_t* steps) override {
    if (slots_ == nullptr) {
      size_t capacity = kLeastSlots;
      while (capacity < 2 * rows_.size()) capacity *= 2;
      slots_ = reinterpret_cast<Slot*>(AllocatePages(capacity * sizeof(Slot)));
      capacity_ = capacity;
      left_ = rows_.size();
    }
    const size_t end = left_ - std::min(left_, max_steps);
    for (; left_ > end; ++*steps) {
      StoredRow* const row = rows_[--left_];
      if (row->next == nullptr) continue;
      const Slice key = row->key();
      const uint64_t hash = HashKey(key);
      const size_t at = SlotFor(key, hash, Probe(hash, hash & mask()));
      row->next = RowOf(slots_[at]);
      slots_[at] = SlotOf(row, hash);
    }
    if (*steps == 0 && keep() != Keep::kAll) std::vector<StoredRow*>().swap(rows_);
    return Status::Ok();
  }

  size_t mask() const { return capacity_ - 1; }
  RUNJOB_PREFETCHER void PrefetchSlot(uint64_t hash) const { __builtin_prefetch(slots_ + (hash & mask())); }
  // From slot `at` on: the first one that is free, or may be the key's.
  size_t Probe(uint64_t hash, size_t at) const {
    while (slots_[at] != 0 && !MayBe(slots_[at], hash)) at = (at + 1) & mask();
    return at;
  }
  // From where Probe has come to on: the slot that is the key's, or free.
  size_t SlotFor(Slice key, uint64_t hash, size_t at) const {
    while (slots_[at] != 0 && !(RowOf(slots_[at])->key() == key)) at = Probe(hash, (at + 1) & mask());
    return at;
  }

  StoredRow* Copy(Slice key, Slice bytes) {
    char* const at = arena_.Allocate(sizeof(StoredRow) + key.size + bytes.size);
    StoredRow* const row = new (at) StoredRow{nullptr, static_cast<uint32_t>(bytes.size), 0, 0};
    row->key_size = static_cast<uint32_t>(key.size) & kMostKeyBytes;
    if (key.size > 0) std::memcpy(at + sizeof(StoredRow), key.data, key.size);
    if (bytes.size > 0) std::memcpy(at + sizeof(StoredRow) + key.size, bytes.data, bytes.size);
    return row;
  }

  static constexpr size_t kLeastSlots = 64;

  Arena arena_;
  std::vector<StoredRow*> rows_;  // in the order in which they were added; in the end only with Keep::kAll
  size_t left_ = 0;               // of these, to be put in their places
  Slot* slots_ = nullptr;
  size_t capacity_ = 0;  // a power of two
};

}  // namespace

Status JoinTable::Compile(Slice program, const Place& place, std::unique_ptr<JoinTable>* table) {
  ProgramReader reader(program);
  Schema schema;
  uint32_t count = 0;
  uint8_t keep = 0;
  reader.Read(&schema);
  reader.Read(&count);
  std::vector<uint32_t> by;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t column = 0;
    if (!reader.Read(&column) || column >= schema.size()) return BadProgram();
    by.push_back(column);
  }
  if (!reader.Read(&keep) || keep > static_cast<uint8_t>(Keep::kKeys)) return BadProgram();
  std::vector<uint32_t> with_set;
  if (!reader.Read(&count)) return BadProgram();
  for (uint32_t i = 0; i < count; i++) {
    uint32_t key = 0;
    if (!reader.Read(&key) || key >= by.size() || schema[by[key]].type.is_nested()) return BadProgram();
    with_set.push_back(key);
  }
  uint64_t rows = 0;
  if (!reader.Read(&rows) || !reader.at_end()) return BadProgram();
  KeySets sets(by.size());
  const size_t most_bytes = place.folder.empty() ? SIZE_MAX : place.memory_bytes / std::max<size_t>(1, count);
  for (const uint32_t key : with_set) {
    sets[key] =
        std::make_unique<KeySet>(schema[by[key]].type, static_cast<size_t>(rows), std::min(kMostSetBytes, most_bytes));
  }
  if (place.folder.empty()) {
    *table = std::make_unique<Memory>(std::move(schema), std::move(by), static_cast<Keep>(keep), std::move(sets));
  } else {
    *table = NewJoinFile(std::move(schema), std::move(by), static_cast<Keep>(keep), std::move(sets), place);
  }
  return Status::Ok();
}

}  // namespace runjob
