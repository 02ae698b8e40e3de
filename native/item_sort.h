// Stable sort of records whose whole key is in the item: no key is ever looked up, and equal keys are seen as such.
//
// Most significant digit first, as in sort.h. What does not fit the cache is split from one list into others,
// which take the memory over that the list leaves behind; what fits is sorted in one place.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "page_array.h"
#include "piece_list.h"

namespace runjob {

// A key of up to 15 bytes, and the state of its record. Pairs (first, second) have the memcmp order of the keys:
// where one key is the beginning of another one, the sizes decide.
template <size_t kWords>
struct Item {
  uint64_t first;   // bytes 0 to 7, big endian
  uint64_t second;  // bytes 8 to 14, big endian, and the size
  [[no_unique_address]] std::array<uint64_t, kWords> state;

  bool SameKey(const Item& other) const { return first == other.first && second == other.second; }
  bool Before(const Item& other) const {
    return first != other.first ? first < other.first : second < other.second;
  }
};

// In which bits items differ, and the digit that begins with the highest one.
template <class Item>
class Digits {
 public:
  static constexpr size_t kBuckets = 256;

  void Add(const Item& a, const Item& b) {
    first_ |= a.first ^ b.first;
    second_ |= a.second ^ b.second;
  }
  bool none() const { return (first_ | second_) == 0; }

  // A function from items to buckets. REQUIRES: !none().
  auto Highest() const {
    const bool in_first = first_ != 0;
    const int high = 63 - __builtin_clzll(in_first ? first_ : second_);
    const int shift = std::max(0, high - 7);
    return [in_first, shift](const Item& item) {
      return static_cast<size_t>((in_first ? item.first : item.second) >> shift) & (kBuckets - 1);
    };
  }

 private:
  uint64_t first_ = 0;
  uint64_t second_ = 0;
};

// Sorts items that are all in the cache.
template <class Item>
class CacheSorter {
 public:
  // Sorts items[0..n); `scratch` has room for as many.
  static void Sort(Item* items, Item* scratch, size_t n) { SortInto(items, scratch, n, true); }

 private:
  static constexpr size_t kSmall = 24;  // insertion sort below

  // The result stays in `items`, or goes to `other`.
  static void SortInto(Item* items, Item* other, size_t n, bool stays) {
    if (n <= kSmall) return SortSmall(items, stays ? items : other, n);
    Digits<Item> differing;
    for (size_t i = 1; i < n; i++) differing.Add(items[0], items[i]);
    if (differing.none()) {
      if (!stays) std::copy_n(items, n, other);
      return;
    }
    const auto digit = differing.Highest();
    std::array<uint32_t, Digits<Item>::kBuckets> ends{};
    for (size_t i = 0; i < n; i++) ends[digit(items[i])]++;
    uint32_t sum = 0;
    for (uint32_t& end : ends) sum += std::exchange(end, sum);
    for (size_t i = 0; i < n; i++) other[ends[digit(items[i])]++] = items[i];

    size_t start = 0;
    for (const size_t end : ends) {
      if (end != start) SortInto(other + start, items + start, end - start, !stays);
      start = end;
    }
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

// Sorts a list of any length, and hands its items out in order, a stretch at a time.
template <class Item>
class ListSorter {
 private:
  static constexpr size_t kInCache = 16384;
  static constexpr size_t kLevels = 4;  // of splitting that are there at a time, as a rule

 public:
  // Memory that sorting takes beside the lists' own, about: two arrays, and for each bucket of the lists that are
  // being split a piece which has just been begun.
  static constexpr size_t kBytes =
      2 * kInCache * sizeof(Item) + kLevels * Digits<Item>::kBuckets * Pieces::kBytes;

  explicit ListSorter(Pieces* pieces) : pieces_(pieces) {}

  // REQUIRES: what was begun before has been handed out.
  void Begin(PieceList<Item> list) {
    if (items_.data() == nullptr) {
      items_ = PageArray<Item>(kInCache);
      scratch_ = PageArray<Item>(kInCache);
    }
    if (list.size() > 0) lists_.push_back(std::move(list));
  }

  // The next n sorted items, good until the next call. n is 0 at the end.
  const Item* Next(size_t* n) {
    *n = 0;
    Item* const items = items_.data();
    const auto take = [items, n](const Item& item) { new (&items[(*n)++]) Item(item); };
    while (!lists_.empty()) {
      PieceList<Item>& list = lists_.back();
      if (list.size() <= kInCache) {
        list.Drain(pieces_, take);
        lists_.pop_back();
        CacheSorter<Item>::Sort(items, scratch_.data(), *n);
        return items;
      }
      if (!Split()) {
        list.DrainPiece(pieces_, take);
        return items;
      }
    }
    return nullptr;
  }

 private:
  // Puts the buckets of the last list in its place. False if all its keys are the same.
  bool Split() {
    Digits<Item> differing;
    const Item* first = nullptr;
    lists_.back().ForEach([&](const Item& item) {
      if (first == nullptr) first = &item;
      differing.Add(*first, item);
    });
    if (differing.none()) return false;
    const auto digit = differing.Highest();
    std::vector<PieceList<Item>> buckets(Digits<Item>::kBuckets);
    lists_.back().Drain(pieces_, [&](const Item& item) { new (buckets[digit(item)].Add(pieces_)) Item(item); });
    lists_.pop_back();
    for (size_t b = buckets.size(); b > 0; b--) {
      if (buckets[b - 1].size() > 0) lists_.push_back(std::move(buckets[b - 1]));
    }
    return true;
  }

  Pieces* const pieces_;
  std::vector<PieceList<Item>> lists_;  // the first one in order is the last one here
  PageArray<Item> items_, scratch_;
};

}  // namespace runjob
