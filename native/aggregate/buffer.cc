#include "aggregate/buffer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/arena.h"
#include "base/hash.h"
#include "base/piece_list.h"
#include "base/prefetch.h"
#include "record/key_head.h"
#include "record/partition.h"
#include "record/sort.h"

namespace runjob {

namespace {

constexpr size_t kMaxStateWords = 3;  // more, and moving items costs what the table would
constexpr ptrdiff_t kKeysAhead = 16;
constexpr uint64_t kSampled = 1024;  // one key in 1024 is in the sample

template <size_t kWords>
class BufferOf final : public AggregateBuffer {
 public:
  BufferOf(const AggregateLayout* layout, uint32_t partitions, bool descending)
      : layout_(layout),
        descending_(descending),
        flip_(descending ? ~uint64_t{0} : 0),
        shorts_(partitions),
        longs_(partitions),
        short_sorter_(&pieces_),
        long_sorter_(&pieces_, EntryKeys(flip_)) {
    layout_->Init(reinterpret_cast<char*>(initial_.data()));
  }

  void Add(const RecordBatch& batch, size_t first, size_t n, char** states) override {
    for (size_t j = 0; j < n; j++) states[j] = Append(batch.key(first + j), initial_);
  }

  void Add(Slice key, const char* state) override {
    State own;
    if constexpr (kWords > 0) {
      std::memcpy(own.data(), state, sizeof(own));
      layout_->Rehome(reinterpret_cast<char*>(own.data()), &arena_);
    }
    Append(key, own);
  }

  uint64_t size() const override { return size_; }

  double items_per_key() const override {
    return static_cast<double>(sampled_items_) / static_cast<double>(std::max<size_t>(sampled_keys_.size(), 1));
  }

  size_t bytes() const override {
    return pieces_.bytes() + arena_.bytes() + ListSorter<ShortItem>::BytesFor(size_ - long_size_) +
           ListSorter<LongItem, EntryKeys>::BytesFor(long_size_);
  }

  bool Next() override {
    if (sums_.bytes() > 0) sums_.Reset();
    while (!HasShort() && !HasLong()) {
      if (next_list_ == shorts_.size()) return false;
      Begin(next_list_++);
    }
    if (!HasLong() || (HasShort() && ShortIsNext())) {
      TakeShort();
    } else {
      TakeLong();
    }
    state_ = Serialized(merged_, &serialized_);
    return true;
  }

 private:
  using State = std::array<uint64_t, kWords>;
  using ShortItem = Item<2, kWords>;
  using LongItem = Item<2, 1>;
  // Of a long key. The key follows.
  struct Entry {
    [[no_unique_address]] State state;
    size_t key_size;

    Slice key() const { return Slice(reinterpret_cast<const char*>(this + 1), key_size); }
  };
  // Key access for ListSorter.
  class EntryKeys {
   public:
    static constexpr bool kWhole = false;

    explicit EntryKeys(uint64_t flip) : flip_(flip) {}

    static const Entry& At(const LongItem& item) { return *reinterpret_cast<const Entry*>(item.state[0]); }

    uint64_t flip() const { return flip_; }
    Slice operator()(const LongItem& item) const { return At(item).key(); }
    RUNJOB_PREFETCHER void Prefetch(const LongItem& item) const { __builtin_prefetch(&At(item)); }

   private:
    uint64_t flip_;
  };

  char* Append(Slice key, const State& state) {
    size_++;
    if (key.size > kHeadBytes) return AppendLong(key, state);
    const ShortKey loaded = LoadShortKey(key);
    ShortItem* item = new (shorts_[PartitionOfKey(loaded.hash())].Add(&pieces_)) ShortItem;
    item->Set(loaded.low, loaded.high & ~ShortKey::kSizeMask, loaded.size(), flip_);
    item->state = state;
    return reinterpret_cast<char*>(item->state.data());
  }

  char* AppendLong(Slice key, const State& state) {
    Entry* entry = new (arena_.Allocate(sizeof(Entry) + key.size)) Entry{state, key.size};
    std::memcpy(entry + 1, key.data, key.size);
    LongItem* item = new (longs_[PartitionOfKey(HashKey(key))].Add(&pieces_)) LongItem;
    item->Load(key, flip_);
    item->state[0] = reinterpret_cast<uintptr_t>(entry);
    long_size_++;
    return reinterpret_cast<char*>(entry->state.data());
  }

  // Of the key that is being added: takes it into the sample, too.
  uint32_t PartitionOfKey(uint64_t hash) {
    if (hash % kSampled == 0) {
      sampled_keys_.insert(hash);
      sampled_items_++;
    }
    return PartitionOf(hash, static_cast<uint32_t>(shorts_.size()));
  }

  void Begin(uint32_t partition) {
    partition_ = partition;
    short_sorter_.Begin(std::move(shorts_[partition]));
    long_sorter_.Begin(std::move(longs_[partition]));
  }

  // Whether there are more short keys, or long ones, in this partition: short_, or long_, is the next.
  bool HasShort() { return short_ != shorts_end_ || Sort(&short_sorter_, &short_, &shorts_end_); }
  bool HasLong() { return long_ != longs_end_ || Sort(&long_sorter_, &long_, &longs_end_); }
  template <class Sorter, class SortedItem>
  __attribute__((noinline)) static bool Sort(Sorter* sorter, const SortedItem** begin, const SortedItem** end) {
    size_t n;
    *begin = sorter->Next(&n);
    *end = *begin + n;
    return n > 0;
  }

  Slice ShortKeyOf(const ShortItem& item, char (&bytes)[16]) const {
    const uint64_t first = __builtin_bswap64(item.head[0] ^ flip_);
    const uint64_t second = item.head[1] ^ flip_;
    StoreHead(KeyHead{__builtin_bswap64(second)} << 64 | first, bytes);
    return Slice(bytes, second & 0xFF);
  }

  bool ShortIsNext() const {
    char bytes[16];
    const int c = Compare(ShortKeyOf(*short_, bytes), EntryKeys::At(*long_).key());
    return descending_ ? c > 0 : c < 0;
  }

  void TakeShort() {
    const ShortItem item = *short_++;
    key_ = ShortKeyOf(item, key_bytes_);
    merged_ = item.state;
    while (HasShort() && short_->SameHead(item)) MergeIn((short_++)->state);
  }

  void TakeLong() {
    PrefetchLong();
    const Entry& entry = EntryKeys::At(*long_++);
    key_ = entry.key();
    merged_ = entry.state;
    for (; HasLong() && EntryKeys::At(*long_).key() == key_; long_++) MergeIn(EntryKeys::At(*long_).state);
  }
  RUNJOB_PREFETCHER void PrefetchLong() const {
    if (longs_end_ - long_ > kKeysAhead) __builtin_prefetch(&EntryKeys::At(long_[kKeysAhead]));
  }

  void MergeIn(const State& state) {
    if constexpr (kWords > 0) {
      if (layout_->counts_only()) {
        merged_[0] += state[0];
      } else {
        layout_->Merge(reinterpret_cast<char*>(merged_.data()), Serialized(state, &merging_), &sums_);
      }
    }
  }

  // A state as a run stores it: mostly as it is.
  Slice Serialized(const State& state, std::string* buffer) const {
    const char* const bytes = reinterpret_cast<const char*>(state.data());
    if (kWords < 2 || layout_->IsFlat(bytes)) return Slice(bytes, sizeof(uint64_t) * kWords);
    buffer->clear();
    layout_->Serialize(bytes, buffer);
    return Slice(*buffer);
  }

  const AggregateLayout* const layout_;
  const bool descending_;
  const uint64_t flip_;  // turns descending order into ascending
  State initial_;
  uint64_t size_ = 0;
  uint64_t long_size_ = 0;                     // of them, those of long keys
  std::unordered_set<uint64_t> sampled_keys_;  // their hashes
  uint64_t sampled_items_ = 0;
  Pieces pieces_;
  Arena arena_;                               // entries
  std::vector<PieceList<ShortItem>> shorts_;  // by partition
  std::vector<PieceList<LongItem>> longs_;    // their entries

  uint32_t next_list_ = 0;
  ListSorter<ShortItem> short_sorter_;
  ListSorter<LongItem, EntryKeys> long_sorter_;
  const ShortItem* short_ = nullptr;
  const ShortItem* shorts_end_ = nullptr;
  const LongItem* long_ = nullptr;
  const LongItem* longs_end_ = nullptr;
  State merged_;
  Arena sums_;  // of merged_, where it is not flat
  std::string serialized_, merging_;
  char key_bytes_[16];
};

}  // namespace

bool AggregateBuffer::Serves(const AggregateLayout& layout) {
  return layout.is_plain() && layout.width() <= kMaxStateWords * sizeof(uint64_t);
}

std::unique_ptr<AggregateBuffer> AggregateBuffer::New(const AggregateLayout* layout, uint32_t partitions,
                                                      bool descending) {
  switch (layout->width() / sizeof(uint64_t)) {
    case 0:
      return std::make_unique<BufferOf<0>>(layout, partitions, descending);
    case 1:
      return std::make_unique<BufferOf<1>>(layout, partitions, descending);
    case 2:
      return std::make_unique<BufferOf<2>>(layout, partitions, descending);
    default:
      return std::make_unique<BufferOf<3>>(layout, partitions, descending);
  }
}

}  // namespace runjob
