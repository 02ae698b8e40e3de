#include "aggregate_buffer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "arena.h"
#include "hash.h"
#include "item_sort.h"
#include "page_array.h"
#include "piece_list.h"
#include "prefetch.h"
#include "short_key.h"
#include "sort.h"
#include "sorted_record.h"

namespace runjob {

namespace {

constexpr size_t kMaxStateWords = 3;  // more, and moving items costs what the table would
constexpr ptrdiff_t kKeysAhead = 16;
constexpr uint64_t kSampled = 1024;  // one key in so many is in the sample

template <size_t kWords>
class BufferOf final : public AggregateBuffer {
 public:
  BufferOf(const AggregateLayout* layout, uint32_t partitions, bool descending)
      : layout_(layout),
        descending_(descending),
        flip_(descending ? ~uint64_t{0} : 0),
        shorts_(partitions),
        longs_(partitions),
        sorter_(&pieces_) {
    layout_->Init(reinterpret_cast<char*>(initial_.data()));
  }

  void Add(const RecordBatch& batch, size_t first, size_t n, char** states) override {
    for (size_t j = 0; j < n; j++) states[j] = Append(batch.key(first + j), initial_);
  }

  void Add(Slice key, const char* state) override {
    State own;
    if constexpr (kWords > 0) std::memcpy(own.data(), state, sizeof(own));
    Append(key, own);
  }

  uint64_t size() const override { return size_; }

  double items_per_key() const override {
    return static_cast<double>(sampled_items_) / static_cast<double>(std::max<size_t>(sampled_keys_.size(), 1));
  }

  size_t bytes() const override {
    return pieces_.bytes() + arena_.bytes() + ListSorter<ShortItem>::BytesFor(size_) +
           2 * LongestLongs() * sizeof(SortItem);
  }

  bool Next() override {
    while (!HasShort() && long_ == longs_end_) {
      if (next_list_ == shorts_.size()) return false;
      Begin(next_list_++);
    }
    if (long_ == longs_end_ || (HasShort() && ShortIsNext())) {
      TakeShort();
    } else {
      TakeLong();
    }
    state_ = Slice(reinterpret_cast<const char*>(merged_.data()), sizeof(uint64_t) * kWords);
    return true;
  }

 private:
  using State = std::array<uint64_t, kWords>;
  using ShortItem = Item<kWords>;
  // Of a long key. The key follows.
  struct Entry {
    [[no_unique_address]] State state;
    size_t key_size;

    Slice key() const { return Slice(reinterpret_cast<const char*>(this + 1), key_size); }
  };
  struct EntryKey {
    static const Entry* At(uint64_t index) { return reinterpret_cast<const Entry*>(index); }

    Slice operator()(uint64_t index) const { return At(index)->key(); }
    RUNJOB_PREFETCHER void Prefetch(uint64_t index) const { __builtin_prefetch(At(index)); }
  };

  char* Append(Slice key, const State& state) {
    size_++;
    if (key.size > kShortKeyBytes) return AppendLong(key, state);
    const ShortKey loaded = LoadShortKey(key);
    ShortItem* item = new (shorts_[PartitionOfKey(loaded.hash())].Add(&pieces_)) ShortItem;
    item->Set(loaded.low, loaded.high & ~ShortKey::kSizeMask, loaded.size(), flip_);
    item->state = state;
    return reinterpret_cast<char*>(item->state.data());
  }

  char* AppendLong(Slice key, const State& state) {
    Entry* entry = new (arena_.Allocate(sizeof(Entry) + key.size)) Entry{state, key.size};
    std::memcpy(entry + 1, key.data, key.size);
    SortItem* item = longs_[PartitionOfKey(HashKey(key))].Add(&pieces_);
    new (item) SortItem{KeyPrefix(key), reinterpret_cast<uintptr_t>(entry)};
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

  size_t LongestLongs() const {
    size_t longest = 0;
    for (const PieceList<SortItem>& longs : longs_) longest = std::max(longest, longs.size());
    return longest;
  }

  void Begin(uint32_t partition) {
    partition_ = partition;
    sorter_.Begin(std::move(shorts_[partition]));

    if (sorted_longs_.data() == nullptr) {
      sorted_longs_ = PageArray<SortItem>(LongestLongs());
      long_scratch_ = PageArray<SortItem>(LongestLongs());
    }
    SortItem* to = sorted_longs_.data();
    long_ = to;
    longs_[partition].Drain(&pieces_, [&](const SortItem& item) { new (to++) SortItem(item); });
    longs_end_ = to;
    SortByKey(sorted_longs_.data(), long_scratch_.data(), static_cast<size_t>(longs_end_ - long_), descending_,
              EntryKey());
  }

  // Whether there are more short keys in this partition: short_ is the next.
  bool HasShort() { return short_ != shorts_end_ || SortShorts(); }
  __attribute__((noinline)) bool SortShorts() {
    size_t n;
    short_ = sorter_.Next(&n);
    shorts_end_ = short_ + n;
    return n > 0;
  }

  Slice ShortKeyOf(const ShortItem& item, char (&bytes)[16]) const {
    const uint64_t first = __builtin_bswap64(item.first ^ flip_);
    const uint64_t second = item.second ^ flip_;
    StoreHead(KeyHead{__builtin_bswap64(second)} << 64 | first, bytes);
    return Slice(bytes, second & 0xFF);
  }

  bool ShortIsNext() const {
    char bytes[16];
    const int c = Compare(ShortKeyOf(*short_, bytes), EntryKey()(long_->index));
    return descending_ ? c > 0 : c < 0;
  }

  void TakeShort() {
    const ShortItem item = *short_++;
    key_ = ShortKeyOf(item, key_bytes_);
    merged_ = item.state;
    while (HasShort() && short_->SameKey(item)) MergeIn((short_++)->state);
  }

  void TakeLong() {
    if (longs_end_ - long_ > kKeysAhead) EntryKey().Prefetch(long_[kKeysAhead].index);
    const Entry& entry = *EntryKey::At((long_++)->index);
    key_ = entry.key();
    merged_ = entry.state;
    while (long_ != longs_end_ && EntryKey()(long_->index) == key_) MergeIn(EntryKey::At((long_++)->index)->state);
  }

  void MergeIn(const State& state) {
    if constexpr (kWords > 0) {
      if (layout_->counts_only()) {
        merged_[0] += state[0];
      } else {
        const Slice serialized(reinterpret_cast<const char*>(state.data()), sizeof(uint64_t) * kWords);
        layout_->Merge(reinterpret_cast<char*>(merged_.data()), serialized, nullptr);
      }
    }
  }

  const AggregateLayout* const layout_;
  const bool descending_;
  const uint64_t flip_;  // turns descending order into ascending
  State initial_;
  uint64_t size_ = 0;
  std::unordered_set<uint64_t> sampled_keys_;  // their hashes
  uint64_t sampled_items_ = 0;
  Pieces pieces_;
  Arena arena_;  // entries
  std::vector<PieceList<ShortItem>> shorts_;  // by partition
  std::vector<PieceList<SortItem>> longs_;    // {prefix, entry}

  uint32_t next_list_ = 0;
  ListSorter<ShortItem> sorter_;
  PageArray<SortItem> sorted_longs_, long_scratch_;
  const ShortItem* short_ = nullptr;
  const ShortItem* shorts_end_ = nullptr;
  const SortItem* long_ = nullptr;
  const SortItem* longs_end_ = nullptr;
  State merged_;
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
