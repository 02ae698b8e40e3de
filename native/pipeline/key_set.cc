#include "pipeline/key_set.h"

#include <algorithm>
#include <bit>

#include "pipeline/key_number.h"

namespace runjob {

namespace {

constexpr size_t kBloomBits = 16;                 // of a value: one of about 200 others passes
constexpr size_t kNumberBits = 64;                // of a value, where numbers are not close together...
constexpr size_t kNumberWords = size_t{1} << 16;  // ...or of so many words, which the cache has room for
constexpr size_t kLeastWords = 64;
constexpr size_t kMostValues = size_t{1} << 40;
constexpr size_t kAhead = 24;

size_t WordsFor(size_t values, size_t bits) {
  return std::max(kLeastWords, std::bit_ceil(std::min(values, kMostValues)) / 64 * bits);
}

}  // namespace

KeySet::KeySet(const Type& type, size_t values, size_t most_bytes)
    : type_(type),
      values_(values),
      most_words_(most_bytes / sizeof(uint64_t)),
      is_number_(IsKeyNumber(type)),
      has_bounds_(is_number_ && type.id != TypeId::kDouble && type.id != TypeId::kBoolean),
      is_bloom_(!is_number_ || type.id == TypeId::kDouble) {
  if (is_bloom_) BecomeBloom();
}

void KeySet::Add(const Vector& column, const uint16_t* rows, size_t count) {
  if (count == 0) return;
  if (is_number_) {
    int64_t numbers[kVectorRows];
    WithKeyNumbers(column, [&](const auto& number_at) {
      for (size_t i = 0; i < count; i++) numbers[i] = number_at(rows[i]);
    });
    AddNumbers(numbers, count);
  } else {
    uint64_t hashes[kVectorRows];
    for (size_t i = 0; i < count; i++) hashes[i] = HashAt(column, rows[i]);
    AddHashes(hashes, count);
  }
}

bool KeySet::Bounds(int64_t* least, int64_t* greatest) const {
  *least = least_;
  *greatest = greatest_;
  return has_bounds_ && !is_empty_;
}

int64_t KeySet::NumberAt(const Vector& column, size_t row) const {
  return WithKeyNumbers(column, [row](const auto& number_at) { return number_at(row); });
}

uint64_t KeySet::HashAt(const Vector& column, size_t row) const {
  if (type_.is_bytes()) return HashKey(column.at<StringView>(row).slice());
  const __int128& value = column.at<__int128>(row);
  return HashKey(Slice(reinterpret_cast<const char*>(&value), sizeof(value)));
}

void KeySet::AddNumbers(const int64_t* numbers, size_t count) {
  const auto [least, greatest] = std::minmax_element(numbers, numbers + count);
  least_ = is_empty_ ? *least : std::min(least_, *least);
  greatest_ = is_empty_ ? *greatest : std::max(greatest_, *greatest);
  if (!is_bloom_ && !(MakeRoom(*least) && MakeRoom(*greatest))) BecomeBloom();
  if (is_bloom_) {
    uint64_t hashes[kVectorRows];
    std::transform(numbers, numbers + count, hashes, HashNumber);
    return AddHashes(hashes, count);
  }
  is_empty_ = false;
  const auto at = [&](size_t i) { return static_cast<uint64_t>(numbers[i]) - static_cast<uint64_t>(base_); };
  for (size_t i = 0; i < count; i++) {
    // Most are not in the cache.
    if (i + kAhead < count) __builtin_prefetch(&words_[at(i + kAhead) / 64], 1);
    words_[at(i) / 64] |= uint64_t{1} << at(i) % 64;
  }
}

void KeySet::AddHashes(const uint64_t* hashes, size_t count) {
  is_empty_ = false;
  if (!is_known_) return;
  for (size_t i = 0; i < count; i++) {
    if (i + kAhead < count) __builtin_prefetch(&words_[BloomWord(hashes[i + kAhead])], 1);
    words_[BloomWord(hashes[i])] |= BloomBits(hashes[i]);
  }
}

bool KeySet::MakeRoom(int64_t number) {
  const __int128 first = number & ~int64_t{63};
  if (words_.empty()) {
    if (most_words_ == 0) return false;
    base_ = static_cast<int64_t>(first);
    words_.resize(1);
    return true;
  }
  const __int128 words = static_cast<__int128>(words_.size());
  if (first >= base_ && first < base_ + 64 * words) return true;
  const __int128 from = least_ & ~int64_t{63};
  const __int128 to = static_cast<__int128>(greatest_ & ~int64_t{63}) + 64;
  const size_t most = std::min(most_words_, std::max(kNumberWords, WordsFor(values_, kNumberBits)));
  if ((to - from) / 64 > static_cast<__int128>(most)) return false;
  // Twice as long as before, so that a word moves a few times at most, in the direction in which numbers go.
  const size_t size = std::min(most, std::max(static_cast<size_t>((to - from) / 64), 2 * words_.size()));
  const __int128 base =
      first < base_ ? std::max<__int128>(INT64_MIN, to - __int128{64} * static_cast<__int128>(size)) : from;
  std::vector<uint64_t> moved(size);
  for (size_t i = 0; i < words_.size(); i++) {
    if (words_[i] != 0) moved[static_cast<size_t>((base_ - base) / 64) + i] = words_[i];
  }
  words_ = std::move(moved);
  base_ = static_cast<int64_t>(base);
  return true;
}

void KeySet::BecomeBloom() {
  const std::vector<uint64_t> numbers = std::move(words_);
  is_bloom_ = true;
  const size_t size = WordsFor(values_, kBloomBits);
  is_known_ = size <= most_words_;
  words_.assign(is_known_ ? size : 0, 0);
  for (size_t i = 0; is_known_ && i < numbers.size(); i++) {
    for (uint64_t bits = numbers[i]; bits != 0; bits &= bits - 1) {
      const uint64_t at = i * 64 + static_cast<uint64_t>(std::countr_zero(bits));
      const uint64_t hash = HashNumber(static_cast<int64_t>(static_cast<uint64_t>(base_) + at));
      AddHashes(&hash, 1);
    }
  }
}

}  // namespace runjob
