// Sums of products without rounding, of which variances and correlations are made: neither the order of adding nor that of merging shows, and
// nothing cancels.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>

#include "aggregate/sum.h"
#include "aggregate/wide_number.h"
#include "base/arena.h"
#include "pipeline/group_function.h"

namespace runjob {

// A product is a whole number of 106 bits times a power of two. Sums of such are in windows of 320 bits, of which the highest 64 are for
// carries and the sign: nearly all products of a sum are near the first one in size, and fall in one window with it.
class ProductSum {
 public:
  // REQUIRES: x and y are finite.
  void Add(double x, double y, Arena* arena) {
    const Factor a(x), b(y);
    const unsigned __int128 product = static_cast<unsigned __int128>(a.mantissa) * b.mantissa;
    if (product != 0) AddTo(WindowFor(a.place + b.place, arena), product, a.place + b.place, a.negative != b.negative);
  }

  void Write(std::string* out) const;
  bool Merge(StateReader* in, Arena* arena);

 private:
  friend struct SignedNumber;

  static constexpr size_t kWords = 5;
  static constexpr unsigned kWordBits = 64;
  static constexpr unsigned kMostShift = 150;  // of a product in a window
  static constexpr unsigned kFirstShift = 43;  // at least, of the first one: others may be smaller
  static constexpr unsigned kMostPlace = 2 * 2045;
  static constexpr unsigned kMostNumber = (kMostPlace - kFirstShift) / kWordBits + 1;

  // Without its sign: mantissa * 2^(place - 1074).
  struct Factor {
    uint64_t mantissa;
    unsigned place;
    bool negative;

    explicit Factor(double x) {
      const uint64_t bits = std::bit_cast<uint64_t>(x);
      const uint64_t fraction = bits & ((uint64_t{1} << 52) - 1);
      const unsigned biased = static_cast<unsigned>(bits >> 52) & 0x7FF;
      mantissa = fraction | uint64_t{biased != 0} << 52;
      place = biased - (biased != 0);
      negative = bits >> 63 != 0;
    }
  };
  // The lowest bit is 2^(64 (number - 1) - 2148).
  struct Window {
    uint64_t words[kWords];  // two's complement, lowest first
    uint64_t number;         // 0: nothing was added
    Window* next;

    unsigned lowest() const { return static_cast<unsigned>(number - 1) * kWordBits; }
  };

  Window* WindowFor(unsigned place, Arena* arena) {
    if (first_.number != 0 && place - first_.lowest() <= kMostShift) return &first_;
    return OtherWindow(place, arena);
  }
  Window* OtherWindow(unsigned place, Arena* arena);
  // The window with this number, which may be new.
  Window* Numbered(uint64_t number, Arena* arena);

  static void AddTo(Window* window, unsigned __int128 product, unsigned place, bool negative) {
    const unsigned shift = place - window->lowest();
    const unsigned bits = shift % kWordBits;
    uint64_t* word = window->words + shift / kWordBits;
    uint64_t* const end = window->words + kWords;
    const unsigned __int128 low = product << bits;
    const uint64_t high = static_cast<uint64_t>(product >> 1 >> (127 - bits));  // what is shifted out
    const unsigned __int128 held = static_cast<unsigned __int128>(word[1]) << kWordBits | word[0];
    const unsigned __int128 sum = negative ? held - low : held + low;
    bool carry = negative ? held < low : sum < low;
    word[0] = static_cast<uint64_t>(sum);
    word[1] = static_cast<uint64_t>(sum >> kWordBits);
    word += 2;
    carry = negative ? __builtin_sub_overflow(*word, high + carry, word)
                     : __builtin_add_overflow(*word, high + carry, word);
    while (carry && ++word != end) {
      carry = negative ? __builtin_sub_overflow(*word, 1, word) : __builtin_add_overflow(*word, 1, word);
    }
  }

  Window first_ = {};
};

// How many numbers, or pairs of them, there were. Where one is infinite, or not a number, sums say nothing.
struct NumberCount {
  uint64_t count;
  uint64_t infinite;

  // Whether it is finite, and goes into sums.
  bool Add(double x) {
    count++;
    if (std::isfinite(x)) return true;
    infinite = 1;
    return false;
  }
  // Returns whether there are sums as well.
  bool Write(std::string* out) const;
  // `more`: whether sums follow. False: these bytes are none.
  bool Merge(StateReader* in, bool* more);
};

// Of a sum that has no infinities.
void WriteSum(const Sum& sum, std::string* out);
bool MergeSum(StateReader* in, Sum* sum, Arena* arena);

struct SignedNumber {
  WideNumber size;
  bool negative;

  // n * sum(x * y) - sum(x) * sum(y), of n pairs, exactly: n^2 times their covariance.
  static SignedNumber Covariance(uint64_t n, const Sum& x, const Sum& y, const ProductSum& xy);
};

}  // namespace runjob
