// Stable sort of records by key: radix on cached 8-byte prefixes, the next bytes of the keys only where
// prefixes tie.
//
// Most significant digit first: after two or three passes the buckets fit the cache and an insertion sort
// finishes them, whereas least significant first would stream the whole array eight times. Keys are memory
// far away, so they are touched only in groups whose prefixes are all equal, in one prefetched sweep that
// skips what the group has in common.
// Source: McIlroy, Bostic, McIlroy, "Engineering Radix Sort", Computing Systems 6(1), 1993.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "prefetch.h"
#include "slice.h"

namespace runjob {

struct SortItem {
  uint64_t prefix;  // KeyPrefix(key); overwritten by sorting
  uint64_t index;   // whatever finds the record again; equal keys keep the order of the items, not of this
};

// Sorts items[0..n) in memcmp order of their keys (descending if asked; equal keys keep their order either
// way). `scratch` has room for n items. `key_of(index)` gives a record's key; if it has a member
// Prefetch(index), that is called some records ahead.
template <class KeyOf>
void SortByKey(SortItem* items, SortItem* scratch, size_t n, bool descending, const KeyOf& key_of);

template <class KeyOf>
class KeySorter {
 public:
  KeySorter(SortItem* items, SortItem* scratch, bool descending, const KeyOf& key_of)
      : items_(items), scratch_(scratch), descending_(descending), key_of_(key_of) {}

  void Sort(size_t n) {
    // Complemented prefixes sort descending by an ascending sort, and stay stable.
    if (descending_) {
      for (size_t i = 0; i < n; i++) items_[i].prefix = ~items_[i].prefix;
    }
    Handle(Group{0, n, 0, false});
    while (!groups_.empty()) {
      const Group group = groups_.back();
      groups_.pop_back();
      Split(group);
    }
  }

 private:
  static constexpr size_t kSmall = 24;     // insertion sort below
  static constexpr size_t kFew = 4;        // ties compared directly up to here
  static constexpr size_t kLookahead = 16;

  // Records that are contiguous in the result and still to be ordered. Their keys are equal up to byte
  // `depth`, none is shorter than that, and their prefixes hold the 8 bytes from there.
  struct Group {
    size_t start;
    size_t n;
    size_t depth;
    bool in_scratch;  // where the items are now; they end in items_
  };

  SortItem* Source(const Group& g) const { return (g.in_scratch ? scratch_ : items_) + g.start; }
  SortItem* Target(const Group& g) const { return (g.in_scratch ? items_ : scratch_) + g.start; }

  RUNJOB_PREFETCHER void Prefetch(uint64_t index) const {
    if constexpr (requires { key_of_.Prefetch(index); }) key_of_.Prefetch(index);
  }

  // An explicit stack: recursion as deep as long keys need would not fit a worker's own. Small groups never
  // wait on it, which keeps it within two bytes a record.
  void Handle(const Group& group) {
    if (group.n <= kSmall) {
      SortSmall(group);
    } else {
      groups_.push_back(group);
    }
  }

  void Finish(const Group& group) {
    if (group.in_scratch) std::copy_n(scratch_ + group.start, group.n, items_ + group.start);
  }

  // One pass of radix sort on the eight most significant bits that are not the same everywhere.
  void Split(Group group) {
    uint64_t differing = Differing(group);
    while (differing == 0) {
      if (!Deepen(&group)) return;
      if (group.n <= kSmall) return SortSmall(group);
      differing = Differing(group);
    }
    const SortItem* source = Source(group);
    SortItem* target = Target(group);
    const int high = 63 - __builtin_clzll(differing);
    const int shift = high < 8 ? 0 : high - 7;

    size_t counts[256] = {};
    for (size_t i = 0; i < group.n; i++) counts[(source[i].prefix >> shift) & 255]++;
    size_t ends[256];
    size_t sum = 0;
    for (size_t b = 0; b < 256; b++) {
      ends[b] = sum;
      sum += counts[b];
    }
    for (size_t i = 0; i < group.n; i++) target[ends[(source[i].prefix >> shift) & 255]++] = source[i];

    for (size_t b = 0; b < 256; b++) {
      if (counts[b] == 0) continue;
      Handle(Group{group.start + ends[b] - counts[b], counts[b], group.depth, !group.in_scratch});
    }
  }

  uint64_t Differing(const Group& group) const {
    const SortItem* source = Source(group);
    uint64_t differing = 0;
    for (size_t i = 1; i < group.n; i++) differing |= source[i].prefix ^ source[0].prefix;
    return differing;
  }

  void SortSmall(Group group) {
    const SortItem* source = Source(group);
    SortItem* out = items_ + group.start;
    bool ties = false;
    for (size_t i = 0; i < group.n; i++) {
      const SortItem item = source[i];
      size_t j = i;
      for (; j > 0 && item.prefix < out[j - 1].prefix; j--) out[j] = out[j - 1];
      ties |= j > 0 && item.prefix == out[j - 1].prefix;
      out[j] = item;
    }
    if (!ties) return;
    for (size_t start = 0; start < group.n;) {
      size_t end = start + 1;
      while (end < group.n && out[end].prefix == out[start].prefix) end++;
      const size_t n = end - start;
      if (n > kFew) {
        Group tied{group.start + start, n, group.depth, false};
        if (Deepen(&tied)) SortSmall(tied);  // every second level at the latest, the group is smaller
      } else if (n > 1) {
        SortFew(out + start, n, group.depth);
      }
      start = end;
    }
  }

  void SortFew(SortItem* out, size_t n, size_t depth) const {
    for (size_t i = 0; i < n; i++) Prefetch(out[i].index);
    for (size_t i = 1; i < n; i++) {
      const SortItem item = out[i];
      const Slice key = Tail(item.index, depth);
      size_t j = i;
      for (; j > 0; j--) {
        const int c = Compare(key, Tail(out[j - 1].index, depth));
        if (descending_ ? c <= 0 : c >= 0) break;
        out[j] = out[j - 1];
      }
      out[j] = item;
    }
  }

  Slice Tail(uint64_t index, size_t depth) const {
    const Slice key = key_of_(index);
    return Slice(key.data + depth, key.size - depth);
  }

  // Breaks the tie of a group whose prefixes are all equal. Zero padding hides where a key ends, so keys that
  // end within the prefix come first, by length; they are done. What is left moves on to the first byte where
  // it differs, with fresh prefixes from there. False if nothing is left.
  bool Deepen(Group* group) {
    constexpr size_t kLong = 9;  // ends behind the prefix; 0 to 8: how much of the prefix is key
    const SortItem* source = Source(*group);
    const size_t n = group->n;
    const size_t from = group->depth + 8;
    size_t counts[kLong + 1] = {};
    Slice first;             // of the long keys
    size_t common = 0;       // bytes that all long keys begin with
    size_t longest = 0;
    for (size_t i = 0; i < n; i++) {
      if (i + kLookahead < n) Prefetch(source[i + kLookahead].index);
      const Slice key = key_of_(source[i].index);
      if (key.size <= from) {
        counts[key.size - group->depth]++;
        continue;
      }
      if (counts[kLong]++ == 0) {
        first = key;
        common = key.size;
      } else {
        common = CommonPrefix(first, key, from, common);
      }
      longest = std::max(longest, key.size);
    }
    if (std::any_of(counts, counts + kLong, [&](size_t count) { return count == n; })) {
      Finish(*group);  // all equal
      return false;
    }
    if (counts[kLong] < n) {
      MoveByLength(group, counts);
      if (group->n < 2) return false;
    }
    if (common == longest) {
      Finish(*group);
      return false;
    }
    SortItem* items = Source(*group);
    for (size_t i = 0; i < group->n; i++) {
      if (i + kLookahead < group->n) Prefetch(items[i + kLookahead].index);
      const uint64_t prefix = KeyPrefix(Tail(items[i].index, common));
      items[i].prefix = descending_ ? ~prefix : prefix;
    }
    group->depth = common;
    return true;
  }

  // Orders the group by what part of the prefix is key, finishes what ends there, and makes the rest the
  // group.
  void MoveByLength(Group* group, const size_t (&counts)[10]) {
    constexpr size_t kLong = 9;
    const SortItem* source = Source(*group);
    SortItem* target = Target(*group);
    size_t ends[kLong + 1];
    size_t sum = 0;
    for (size_t i = 0; i <= kLong; i++) {
      const size_t length = descending_ ? kLong - i : i;
      ends[length] = sum;
      sum += counts[length];
    }
    for (size_t i = 0; i < group->n; i++) {
      if (i + kLookahead < group->n) Prefetch(source[i + kLookahead].index);
      const size_t size = key_of_(source[i].index).size - group->depth;
      target[ends[std::min(size, kLong)]++] = source[i];
    }
    const size_t n = counts[kLong];
    Group done{descending_ ? group->start + n : group->start, group->n - n, 0, !group->in_scratch};
    Finish(done);
    *group = Group{descending_ ? group->start : group->start + done.n, n, group->depth, !group->in_scratch};
    if (n == 1) Finish(*group);
  }

  SortItem* items_;
  SortItem* scratch_;
  bool descending_;
  const KeyOf& key_of_;
  std::vector<Group> groups_;
};

template <class KeyOf>
void SortByKey(SortItem* items, SortItem* scratch, size_t n, bool descending, const KeyOf& key_of) {
  KeySorter<KeyOf>(items, scratch, descending, key_of).Sort(n);
}

}  // namespace runjob
