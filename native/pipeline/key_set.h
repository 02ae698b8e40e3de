// The values that a key of a table's rows has, or a few more: what is not among them has no match.
//
// Whole numbers that are close together are bits, one for each number from the least to the greatest. All others are a Bloom filter of
// single words, of which a value sets four bits. Source: Putze, Sanders, Singler, Cache-, Hash- and Space-Efficient Bloom Filters, 2007.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

class KeySet {
 public:
  // Of at most so many values of this type, which is not nested. Takes at most 16 bytes a value and `most_bytes` in all: with more values than
  // that, it has any value.
  KeySet(const Type& type, size_t values, size_t most_bytes);

  // REQUIRES: none of these rows, at most kVectorRows, is null.
  void Add(const Vector& column, const uint16_t* rows, size_t count);

  // Whether it says anything: otherwise Has() is always true.
  bool is_known() const { return is_known_; }
  // REQUIRES: the row is not null.
  bool Has(const Vector& column, size_t row) const {
    return !is_known_ || (is_number_ ? HasNumber(NumberAt(column, row)) : HasHash(HashAt(column, row)));
  }

  // Of whole numbers, dates and times, the least and the greatest; false: there are none, or these are other values.
  bool Bounds(int64_t* least, int64_t* greatest) const;
  bool is_empty() const { return is_empty_; }
  size_t bytes() const { return words_.capacity() * sizeof(uint64_t); }

  bool is_number() const { return is_number_; }
  // Returns use(has), where has(number) says whether the number may be a key. REQUIRES: is_known() and is_number().
  template <class Use>
  auto WithNumbers(const Use& use) const {
    if (is_bloom_) return use([this](int64_t number) { return HasHash(HashNumber(number)); });
    return use([words = words_.data(), size = words_.size(), base = static_cast<uint64_t>(base_)](int64_t number) {
      const uint64_t at = static_cast<uint64_t>(number) - base;
      return at / 64 < size && (words[at / 64] >> at % 64 & 1) != 0;
    });
  }

 private:
  bool HasNumber(int64_t number) const {
    return WithNumbers([number](const auto& has) { return has(number); });
  }
  int64_t NumberAt(const Vector& column, size_t row) const;
  uint64_t HashAt(const Vector& column, size_t row) const;
  static uint64_t HashNumber(int64_t number) {
    return hash_internal::HashShort(static_cast<uint64_t>(number), 0, sizeof(number));
  }
  static uint64_t BloomBits(uint64_t hash) {
    return uint64_t{1} << (hash & 63) | uint64_t{1} << (hash >> 6 & 63) | uint64_t{1} << (hash >> 12 & 63) |
           uint64_t{1} << (hash >> 18 & 63);
  }
  // The highest bits choose the word.
  size_t BloomWord(uint64_t hash) const {
    return static_cast<size_t>(static_cast<unsigned __int128>(hash) * words_.size() >> 64);
  }
  bool HasHash(uint64_t hash) const {
    if (is_empty_) return false;
    const uint64_t bits = BloomBits(hash);
    return (words_[BloomWord(hash)] & bits) == bits;
  }

  void AddNumbers(const int64_t* numbers, size_t count);
  void AddHashes(const uint64_t* hashes, size_t count);
  // So that the bits have room for it; false: they would take too much.
  bool MakeRoom(int64_t number);
  void BecomeBloom();

  const Type type_;
  const size_t values_;
  const size_t most_words_;
  const bool is_number_;  // stored in 64 bits or fewer
  const bool has_bounds_;
  bool is_known_ = true;
  bool is_empty_ = true;
  bool is_bloom_;
  int64_t base_ = 0;  // of the first bit
  int64_t least_ = 0;
  int64_t greatest_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace runjob
