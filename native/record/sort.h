// Stable sort of items that carry the heads of their keys: full keys are only looked up for ties, and never if all
// keys fit in the head.
//
// Most significant digit first: after two or three passes the buckets fit the cache and an insertion sort finishes them,
// whereas least significant first would stream all items eight times. Keys are memory far away, so they are touched only where
// heads are equal, in one prefetched sweep that skips what the keys have in common.
// Source: McIlroy, Bostic, McIlroy, "Engineering Radix Sort", Computing Systems 6(1), 1993.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/page_array.h"
#include "base/piece_list.h"
#include "base/slice.h"
#include "base/word.h"
#include "record/key_head.h"

namespace runjob {

// The head of a key, or of what follows its first bytes, in kHeadWords words; and what belongs to it.
template <size_t kHeadWords, size_t kStateWords>
struct Item {
  static constexpr size_t kBytes = 8 * kHeadWords - 1;

  // The first kBytes bytes, big endian, and the size: kBytes + 1 if there are more. So words have memcmp order: where one key
  // is a prefix of another one, the sizes decide.
  uint64_t head[kHeadWords];
  [[no_unique_address]] std::array<uint64_t, kStateWords> state;

  bool SameHead(const Item& other) const {
    uint64_t differing = 0;
    for (size_t w = 0; w < kHeadWords; w++) differing |= head[w] ^ other.head[w];
    return differing == 0;
  }
  bool Before(const Item& other) const {
    if constexpr (kHeadWords == 2) {
      if (head[0] == other.head[0]) return head[1] < other.head[1];
    }
    return head[0] < other.head[0];
  }
  // Whether the head is less than its key. `flip` is 0, or ~0 for descending order.
  bool HasMore(uint64_t flip) const { return ((head[kHeadWords - 1] ^ flip) & 0xFF) > kBytes; }

  // Reads 8 bytes for each word, whatever the key's size.
  void Load(Slice key, uint64_t flip) {
    const auto& mask = head_internal::kMasks.of[std::min(key.size, kBytes)];
    const uint64_t size = std::min(key.size, kBytes + 1);
    if constexpr (kHeadWords == 2) {
      Set(Load64(key.data) & mask.low, Load64(key.data + 8) & mask.high, size, flip);
    } else {
      head[0] = (__builtin_bswap64(Load64(key.data) & mask.low) | size) ^ flip;
    }
  }
  // The bytes of a key, little endian, zero padded, and its size.
  void Set(uint64_t low, uint64_t high, size_t size, uint64_t flip) requires(kHeadWords == 2) {
    head[0] = __builtin_bswap64(low) ^ flip;
    head[1] = (__builtin_bswap64(high) | size) ^ flip;
  }
};

// In which bits items differ, and the digit of the highest ones.
template <class Item>
class Digits {
 public:
  static constexpr int kMostBits = 13;

  void Add(const Item& a, const Item& b) {
    for (size_t w = 0; w < kWords; w++) differing_[w] |= a.head[w] ^ b.head[w];
  }
  bool none() const {
    return std::all_of(differing_, differing_ + kWords, [](uint64_t bits) { return bits == 0; });
  }

  struct Stretch {
    int shift;
    int bits;
    uint64_t mask;
  };
  // Of two stretches of bits, high ones first: a number below 2^bits().
  struct Digit {
    size_t word;
    Stretch high;
    Stretch low;

    int bits() const { return high.bits + low.bits; }
    uint64_t operator()(const Item& item) const {
      const uint64_t bits = item.head[word];
      return ((bits >> high.shift) & high.mask) << low.bits | ((bits >> low.shift) & low.mask);
    }
  };

  // A digit of `most` bits that differ, or of fewer. Decimal digits and letters have bits in between that do not: two stretches
  // of bits that do are taken. REQUIRES: !none().
  Digit Highest(int most) const {
    const size_t word = kWords == 1 || differing_[0] != 0 ? 0 : 1;
    uint64_t differing = differing_[word];
    const Stretch high = TakeStretch(&differing, most);
    return {word, high, TakeStretch(&differing, most - high.bits)};
  }

 private:
  // The highest stretch of ones, or the upper `most` bits of it, which are taken out of `word`.
  static Stretch TakeStretch(uint64_t* word, int most) {
    if (*word == 0 || most == 0) return {0, 0, 0};
    const int end = 64 - __builtin_clzll(*word);
    const uint64_t aligned = *word << (64 - end);
    const int length = ~aligned == 0 ? 64 : __builtin_clzll(~aligned);
    const int bits = std::min(length, most);
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    *word &= ~(mask << (end - bits));
    return {end - bits, bits, mask};
  }

  static constexpr size_t kWords = (Item::kBytes + 1) / 8;

  uint64_t differing_[kWords] = {};
};

// So many items are sorted in the cache; more are split up first.
constexpr size_t kItemsInCache = 16384;

// How many bits a digit should have that splits n items into buckets of half of what fits the cache.
template <class Item>
int BitsToSplit(size_t n) {
  int bits = 1;
  while (bits < Digits<Item>::kMostBits && n >> bits > kItemsInCache / 2) bits++;
  return bits;
}

// Sorts items by their heads.
template <class Item>
class HeadSorter {
 public:
  // Sorts items[0..n); `scratch` has room for as many.
  static void Sort(Item* items, Item* scratch, size_t n) { SortInto(items, scratch, n, true); }

 private:
  using Digit = typename Digits<Item>::Digit;

  static constexpr size_t kSmall = 24;  // insertion sort below
  static constexpr int kFewBits = 6;

  // The result stays in `items`, or goes to `other`.
  static void SortInto(Item* items, Item* other, size_t n, bool stays) {
    if (n <= kSmall) return SortSmall(items, stays ? items : other, n);
    Digits<Item> differing;
    for (size_t i = 1; i < n; i++) differing.Add(items[0], items[i]);
    if (differing.none()) {
      if (!stays) std::copy_n(items, n, other);
      return;
    }
    // In the cache, about four items in each bucket, if all are used.
    const int bits = n > kItemsInCache ? BitsToSplit<Item>(n) : static_cast<int>(std::bit_width(n)) - 2;
    const Digit digit = differing.Highest(std::min(bits, Digits<Item>::kMostBits));
    if (digit.bits() <= kFewBits) {
      SortBy<kFewBits>(digit, items, other, n, stays);
    } else {
      SortBy<Digits<Item>::kMostBits>(digit, items, other, n, stays);
    }
  }

  // In a separate frame, which is small for small digits, because there are more of these on the stack.
  template <int kMostBits>
  __attribute__((noinline)) static void SortBy(Digit digit, Item* items, Item* other, size_t n, bool stays) {
    const size_t buckets = size_t{1} << digit.bits();
    std::array<uint32_t, size_t{1} << kMostBits> ends;
    std::fill_n(ends.begin(), buckets, 0);
    for (size_t i = 0; i < n; i++) ends[digit(items[i])]++;
    uint32_t sum = 0;
    for (size_t b = 0; b < buckets; b++) sum += std::exchange(ends[b], sum);
    for (size_t i = 0; i < n; i++) other[ends[digit(items[i])]++] = items[i];

    // Neighbours that are small are sorted as one: nothing moves further than its bucket is wide.
    size_t small = 0;
    size_t start = 0;
    for (size_t b = 0; b < buckets; b++) {
      const size_t end = ends[b];
      if (end - start > kSmall) {
        SortSmall(other + small, (stays ? items : other) + small, start - small);
        SortInto(other + start, items + start, end - start, !stays);
        small = end;
      }
      start = end;
    }
    SortSmall(other + small, (stays ? items : other) + small, n - small);
  }

  static void SortSmall(const Item* items, Item* out, size_t n) {
    for (size_t i = 0; i < n; i++) {
      const Item item = items[i];
      size_t j = i;
      for (; j > 0 && item.Before(out[j - 1]); j--) out[j] = out[j - 1];
      out[j] = item;
    }
  }
};

// Key access where heads are all there is to the keys.
struct WholeKeys {
  static constexpr bool kWhole = true;
};

// Sorts an array by heads, and ties by the rest of the keys. What Keys has, unless it is WholeKeys:
//   kWhole                              false
//   uint64_t flip() const               0, or ~0 for descending order
//   Slice operator()(const Item&) const the key, with 16 readable bytes from any place in it
//   void Prefetch(const Item&) const    called some items ahead
template <class Item, class Keys>
class ArraySorter {
 public:
  explicit ArraySorter(Keys keys) : keys_(keys) {}

  // Sorts items[0..n); `scratch` has room for as many. Items hold what follows the first `depth` bytes of their keys, which
  // are the same.
  void Sort(Item* items, Item* scratch, size_t n, size_t depth = 0) {
    HeadSorter<Item>::Sort(items, scratch, n);
    if constexpr (!Keys::kWhole) BreakTies(items, scratch, {0, n, depth});
  }

  bool HasMore(const Item& item) const { return item.HasMore(keys_.flip()); }

  // Moves items that hold the same on to the first byte where their keys differ. False if they do not. `for_each` calls what
  // it is given with the begin and the end of each stretch of them. REQUIRES: they have more.
  template <class ForEach>
  bool Deepen(size_t* depth, const ForEach& for_each) const {
    Slice first;
    size_t common = 0;  // bytes that all keys begin with
    size_t longest = 0;
    for_each([&](const Item* from, const Item* end) {
      for (const Item* item = from; item != end; item++) {
        if (end - item > kKeysAhead) keys_.Prefetch(item[kKeysAhead]);
        const Slice key = keys_(*item);
        if (first.data == nullptr) {
          first = key;
          common = key.size;
        }
        common = CommonPrefix(first, key, *depth + Item::kBytes, common);
        longest = std::max(longest, key.size);
      }
    });
    if (common == longest) return false;
    *depth = common;
    for_each([&](Item* from, Item* end) {
      for (Item* item = from; item != end; item++) {
        if (end - item > kKeysAhead) keys_.Prefetch(item[kKeysAhead]);
        const Slice key = keys_(*item);
        item->Load(Slice(key.data + common, key.size - common), keys_.flip());
      }
    });
    return true;
  }

 private:
  static constexpr ptrdiff_t kKeysAhead = 16;

  struct Range {
    size_t start;
    size_t n;
    size_t depth;
  };

  // Orders what is the same in sorted items by the rest of the keys. With a stack of its own: keys may be the same for longer
  // than a worker's stack would do.
  void BreakTies(Item* items, Item* scratch, Range sorted) {
    ties_.push_back(sorted);
    while (!ties_.empty()) {
      const Range range = ties_.back();
      ties_.pop_back();
      Item* const from = items + range.start;
      if (range.depth != sorted.depth) HeadSorter<Item>::Sort(from, scratch, range.n);
      for (size_t i = 0, end; i < range.n; i = end) {
        for (end = i + 1; end < range.n && from[end].SameHead(from[i]);) end++;
        if (end - i == 1 || !HasMore(from[i])) continue;
        Range tied{range.start + i, end - i, range.depth};
        const auto visit_all = [&](const auto& visit) { visit(from + i, from + end); };
        if (Deepen(&tied.depth, visit_all)) ties_.push_back(tied);
      }
    }
  }

  const Keys keys_;
  std::vector<Range> ties_;
};

// Sorts a list of any length, and hands its items out in order, a stretch at a time. What does not fit the cache is split from
// one list into others, which reuse the memory that the list leaves. Keys: as of ArraySorter.
template <class Item, class Keys = WholeKeys>
class ListSorter {
 public:
  // Memory that sorting takes beside that of the lists, at most: two arrays, and for each bucket of a list
  // that is being split a piece which has just been begun. There is one bucket for every kItemsInCache / 4 items, or fewer.
  static size_t BytesFor(size_t items) {
    return 2 * std::min(items, kItemsInCache) * sizeof(Item) + items / (kItemsInCache / 4) * Pieces::kBytes;
  }

  explicit ListSorter(Pieces* pieces, Keys keys = {}) : pieces_(pieces), sorter_(keys) {}

  // REQUIRES: all items of the previous sort have been returned.
  void Begin(PieceList<Item> list) {
    if (items_.data() == nullptr) {
      items_ = PageArray<Item>(kItemsInCache);
      scratch_ = PageArray<Item>(kItemsInCache);
    }
    if (list.size() > 0) lists_.push_back({std::move(list), 0, false});
  }

  // The next n sorted items, good until the next call. n is 0 at the end.
  const Item* Next(size_t* n) {
    *n = 0;
    Item* const items = items_.data();
    const auto take = [items, n](const Item& item) { new (&items[(*n)++]) Item(item); };
    while (!lists_.empty()) {
      List& list = lists_.back();
      if (list.same) {
        list.items.DrainPiece(pieces_, take);
        if (list.items.size() == 0) lists_.pop_back();
        return items;
      }
      if (list.items.size() <= kItemsInCache) {
        list.items.Drain(pieces_, take);
        const size_t depth = list.depth;
        lists_.pop_back();
        sorter_.Sort(items, scratch_.data(), *n, depth);
        return items;
      }
      Split();
    }
    return nullptr;
  }

 private:
  // Items hold what follows the first `depth` bytes of their keys, which are the same.
  struct List {
    PieceList<Item> items;
    size_t depth;
    bool same;  // whether all keys are the same
  };

  // Puts buckets of the last list in its place, or makes its items hold what comes next, or finds all its keys the same.
  void Split() {
    List& list = lists_.back();
    Digits<Item> differing;
    const Item* first = nullptr;
    list.items.ForEach([&](const Item& item) {
      if (first == nullptr) first = &item;
      differing.Add(*first, item);
    });
    if (differing.none()) {
      list.same = true;
      if constexpr (!Keys::kWhole) {
        const auto visit_all = [&](const auto& visit) { list.items.ForEachPiece(visit); };
        list.same = !sorter_.HasMore(*first) || !sorter_.Deepen(&list.depth, visit_all);
      }
      return;
    }
    const auto digit = differing.Highest(BitsToSplit<Item>(list.items.size()));
    std::vector<PieceList<Item>> buckets(size_t{1} << digit.bits());
    list.items.Drain(pieces_, [&](const Item& item) { new (buckets[digit(item)].Add(pieces_)) Item(item); });
    const size_t depth = list.depth;
    lists_.pop_back();
    for (size_t b = buckets.size(); b > 0; b--) {
      if (buckets[b - 1].size() > 0) lists_.push_back({std::move(buckets[b - 1]), depth, false});
    }
  }

  Pieces* const pieces_;
  ArraySorter<Item, Keys> sorter_;
  std::vector<List> lists_;  // the first one in order is the last one here
  PageArray<Item> items_, scratch_;
};

}  // namespace runjob
