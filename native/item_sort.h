// Stable sort of items that carry the beginning of their keys with them, or all of it: keys are looked up for ties alone,
// and never if items hold them whole.
//
// Most significant digit first, as in sort.h. What does not fit the cache is split from one list into others,
// which take the memory over that the list leaves behind; what fits is sorted in one place.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "page_array.h"
#include "piece_list.h"
#include "short_key.h"
#include "slice.h"

namespace runjob {

// The first 15 bytes of a key, or of what follows some beginning of it, and the state of its record. Pairs (first,
// second) have the memcmp order of these bytes: where one key is the beginning of another one, the sizes decide.
template <size_t kWords>
struct Item {
  uint64_t first;   // bytes 0 to 7, big endian
  uint64_t second;  // bytes 8 to 14, big endian, and the size: 16 if there are more bytes
  [[no_unique_address]] std::array<uint64_t, kWords> state;

  bool SameKey(const Item& other) const { return first == other.first && second == other.second; }
  bool Before(const Item& other) const {
    return first != other.first ? first < other.first : second < other.second;
  }
  // Bytes 0 to 7 and 8 to 14, little endian, zero padded. `flip` is 0, or ~0 for descending order.
  void Set(uint64_t low, uint64_t high, size_t size, uint64_t flip) {
    first = __builtin_bswap64(low) ^ flip;
    second = (__builtin_bswap64(high) | size) ^ flip;
  }
  // Reads 16 bytes, whatever the key's size.
  void Load(Slice key, uint64_t flip) {
    const auto& mask = short_key_internal::kMasks.of[std::min<size_t>(key.size, kShortKeyBytes)];
    Set(hash_internal::Load64(key.data) & mask.low, hash_internal::Load64(key.data + 8) & mask.high,
        std::min<size_t>(key.size, kShortKeyBytes + 1), flip);
  }
};

// In which bits items differ, and the digit of the highest ones.
template <class Item>
class Digits {
 public:
  static constexpr int kMostBits = 13;

  void Add(const Item& a, const Item& b) {
    first_ |= a.first ^ b.first;
    second_ |= a.second ^ b.second;
  }
  bool none() const { return (first_ | second_) == 0; }

  struct Stretch {
    int shift;
    int bits;
    uint64_t mask;
  };
  // Of two stretches of bits, high ones first: a number below 2^bits().
  struct Digit {
    bool in_first;
    Stretch high;
    Stretch low;

    int bits() const { return high.bits + low.bits; }
    uint64_t operator()(const Item& item) const {
      const uint64_t word = in_first ? item.first : item.second;
      return ((word >> high.shift) & high.mask) << low.bits | ((word >> low.shift) & low.mask);
    }
  };

  // A digit of `most` bits that differ, or of fewer. Decimal digits and letters have bits in between that do not: two stretches
  // of bits that do are taken. REQUIRES: !none().
  Digit Highest(int most) const {
    const bool in_first = first_ != 0;
    uint64_t differing = in_first ? first_ : second_;
    const Stretch high = TakeStretch(&differing, most);
    return {in_first, high, TakeStretch(&differing, most - high.bits)};
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

  uint64_t first_ = 0;
  uint64_t second_ = 0;
};

// Sorts items that are all in the cache, by what they hold of their keys.
template <class Item>
class CacheSorter {
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
    // About four items in each bucket, if all are used.
    const Digit digit = differing.Highest(std::min<int>(std::bit_width(n) - 2, Digits<Item>::kMostBits));
    if (digit.bits() <= kFewBits) {
      SortBy<kFewBits>(digit, items, other, n, stays);
    } else {
      SortBy<Digits<Item>::kMostBits>(digit, items, other, n, stays);
    }
  }

  // In a frame of its own, which is small for small digits: there are the more of them on the stack.
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

// How the keys are found of which items hold no more than the beginning: items hold all there is.
struct WholeKeys {
  static constexpr bool kWhole = true;
};

// Sorts a list of any length, and hands its items out in order, a stretch at a time. What Keys has, unless it is WholeKeys:
//   kWhole                              false
//   uint64_t flip() const               0, or ~0 for descending order
//   Slice operator()(const Item&) const the key, with 16 readable bytes from any place in it
//   void Prefetch(const Item&) const    called some items ahead
template <class Item, class Keys = WholeKeys>
class ListSorter {
 private:
  static constexpr size_t kInCache = 16384;

 public:
  // Memory that sorting so many items takes beside that of their lists, at most: two arrays, and for each bucket of a list
  // that is being split a piece which has just been begun. There is one bucket for every kInCache / 4 items, or fewer.
  static size_t BytesFor(size_t items) {
    return 2 * std::min(items, kInCache) * sizeof(Item) + items / (kInCache / 4) * Pieces::kBytes;
  }

  explicit ListSorter(Pieces* pieces, Keys keys = {}) : pieces_(pieces), keys_(keys) {}

  // REQUIRES: what was begun before has been handed out.
  void Begin(PieceList<Item> list) {
    if (items_.data() == nullptr) {
      items_ = PageArray<Item>(kInCache);
      scratch_ = PageArray<Item>(kInCache);
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
      if (list.items.size() <= kInCache) {
        list.items.Drain(pieces_, take);
        const size_t depth = list.depth;
        lists_.pop_back();
        CacheSorter<Item>::Sort(items, scratch_.data(), *n);
        if constexpr (!Keys::kWhole) BreakTies({0, *n, depth});
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
  struct Range {
    size_t start;
    size_t n;
    size_t depth;
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
        list.same = !HasMore(*first) || !Deepen(&list.depth, visit_all);
      }
      return;
    }
    // About half as many as fit the cache into each, and no more buckets than that takes.
    int bits = 1;
    while (bits < Digits<Item>::kMostBits && list.items.size() >> bits > kInCache / 2) bits++;
    const auto digit = differing.Highest(bits);
    std::vector<PieceList<Item>> buckets(size_t{1} << digit.bits());
    list.items.Drain(pieces_, [&](const Item& item) { new (buckets[digit(item)].Add(pieces_)) Item(item); });
    const size_t depth = list.depth;
    lists_.pop_back();
    for (size_t b = buckets.size(); b > 0; b--) {
      if (buckets[b - 1].size() > 0) lists_.push_back({std::move(buckets[b - 1]), depth, false});
    }
  }

  // Orders what is the same in the sorted items so far by the rest of the keys. With a stack of its own: keys may be the same
  // for longer than a worker's stack would do.
  void BreakTies(Range sorted) {
    Item* const items = items_.data();
    ties_.push_back(sorted);
    while (!ties_.empty()) {
      const Range range = ties_.back();
      ties_.pop_back();
      Item* const from = items + range.start;
      if (range.depth != sorted.depth) CacheSorter<Item>::Sort(from, scratch_.data(), range.n);
      for (size_t i = 0, end; i < range.n; i = end) {
        for (end = i + 1; end < range.n && from[end].SameKey(from[i]);) end++;
        if (end - i == 1 || !HasMore(from[i])) continue;
        Range tied{range.start + i, end - i, range.depth};
        const auto visit_all = [&](const auto& visit) { visit(from + i, from + end); };
        if (Deepen(&tied.depth, visit_all)) ties_.push_back(tied);
      }
    }
  }

  bool HasMore(const Item& item) const { return ((item.second ^ keys_.flip()) & 0xFF) > kShortKeyBytes; }

  // Moves items that hold the same on to the first byte where their keys differ. False if they do not. `for_each` calls what
  // it is given with the beginning and the end of each stretch of them. REQUIRES: they have more.
  template <class ForEach>
  bool Deepen(size_t* depth, const ForEach& for_each) {
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
        common = CommonPrefix(first, key, *depth + kShortKeyBytes, common);
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

  static constexpr ptrdiff_t kKeysAhead = 16;

  Pieces* const pieces_;
  const Keys keys_;
  std::vector<List> lists_;  // the first one in order is the last one here
  std::vector<Range> ties_;
  PageArray<Item> items_, scratch_;
};

}  // namespace runjob
