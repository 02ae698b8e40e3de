#include "function/decimal.h"

#include <charconv>
#include <utility>

#include "column/text.h"

namespace runjob {

namespace {

using Wide = unsigned __int128;

Wide Magnitude(__int128 value) { return value < 0 ? -static_cast<Wide>(value) : static_cast<Wide>(value); }

// Up to 384 bits: 38 digits times 76.
class Natural {
 public:
  static constexpr int kWords = 12;

  explicit Natural(Wide value) {
    for (int i = 0; i < 4; i++) words_[i] = static_cast<uint32_t>(value >> (32 * i));
  }

  // REQUIRES: the product fits.
  void Multiply(Wide factor) {
    uint32_t product[kWords] = {};
    for (int i = 0; i < 4; i++) {
      const uint64_t digit = static_cast<uint32_t>(factor >> (32 * i));
      uint64_t carry = 0;
      for (int j = 0; i + j < kWords; j++) {
        const uint64_t sum = digit * words_[j] + product[i + j] + carry;
        product[i + j] = static_cast<uint32_t>(sum);
        carry = sum >> 32;
      }
    }
    for (int i = 0; i < kWords; i++) words_[i] = product[i];
  }
  void MultiplyPower(int power) {
    for (; power > kMaxDecimalDigits; power -= kMaxDecimalDigits) {
      Multiply(static_cast<Wide>(kPowersOfTen[kMaxDecimalDigits]));
    }
    Multiply(static_cast<Wide>(kPowersOfTen[power]));
  }

  // Becomes the quotient; returns the rest. REQUIRES: 0 < divisor < 2^127. Bit by bit where the divisor is long: rare.
  Wide Divide(Wide divisor) {
    Wide rest = 0;
    if (divisor <= ~uint32_t{0}) {
      for (int i = kWords - 1; i >= 0; i--) {
        const uint64_t part = static_cast<uint64_t>(rest) << 32 | words_[i];
        words_[i] = static_cast<uint32_t>(part / static_cast<uint64_t>(divisor));
        rest = part % static_cast<uint64_t>(divisor);
      }
      return rest;
    }
    if (divisor <= ~uint64_t{0}) {
      for (int i = kWords - 1; i >= 0; i--) {
        const Wide part = rest << 32 | words_[i];
        words_[i] = static_cast<uint32_t>(part / divisor);
        rest = part % divisor;
      }
      return rest;
    }
    for (int i = kWords - 1; i >= 0; i--) {
      uint32_t quotient = 0;
      for (int bit = 31; bit >= 0; bit--) {
        rest = rest << 1 | (words_[i] >> bit & 1);
        quotient <<= 1;
        if (rest >= divisor) {
          rest -= divisor;
          quotient |= 1;
        }
      }
      words_[i] = quotient;
    }
    return rest;
  }

  void AddOne() {
    for (int i = 0; i < kWords && ++words_[i] == 0; i++) {
    }
  }

  // REQUIRES: it is not less than `other` if that is to be subtracted.
  void Add(const Natural& other, bool subtract) {
    int64_t carry = 0;
    for (int i = 0; i < kWords; i++) {
      const int64_t word = other.words_[i];
      carry += static_cast<int64_t>(words_[i]) + (subtract ? -word : word);
      words_[i] = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }

  int Compare(const Natural& other) const {
    for (int i = kWords - 1; i >= 0; i--) {
      if (words_[i] != other.words_[i]) return words_[i] < other.words_[i] ? -1 : 1;
    }
    return 0;
  }

  // Whether it has up to `digits` digits.
  bool Get(bool negative, int digits, __int128* result) const {
    Wide value = 0;
    for (int i = 0; i < kWords; i++) {
      if (i < 4) {
        value |= static_cast<Wide>(words_[i]) << (32 * i);
      } else if (words_[i] != 0) {
        return false;
      }
    }
    if (value >= static_cast<Wide>(kPowersOfTen[digits])) return false;
    *result = negative ? -static_cast<__int128>(value) : static_cast<__int128>(value);
    return true;
  }

 private:
  uint32_t words_[kWords] = {};
};

void DivideRounding(Natural* number, Wide divisor) {
  const Wide rest = number->Divide(divisor);
  if (rest >= divisor - rest) number->AddOne();
}

}  // namespace

bool Rescale(__int128 value, int shift, int digits, __int128* result) {
  if (shift >= 0) {
    __int128 product;
    if (shift > kMaxDecimalDigits) {
      if (value != 0) return false;
      product = 0;
    } else if (__builtin_mul_overflow(value, kPowersOfTen[shift], &product)) {
      return false;
    }
    *result = product;
    return FitsDigits(product, digits);
  }
  if (-shift > kMaxDecimalDigits) {
    *result = 0;  // less than a half
    return true;
  }
  const __int128 divisor = kPowersOfTen[-shift];
  __int128 quotient, rest;
  if (value == static_cast<int64_t>(value) && -shift <= 18) {
    quotient = static_cast<int64_t>(value) / static_cast<int64_t>(divisor);
    rest = static_cast<int64_t>(value) % static_cast<int64_t>(divisor);
  } else {
    quotient = value / divisor;
    rest = value % divisor;
  }
  if (rest < 0 ? -rest >= divisor + rest : rest >= divisor - rest) quotient += value < 0 ? -1 : 1;
  *result = quotient;
  return FitsDigits(quotient, digits);
}

bool MultiplyRescale(__int128 a, __int128 b, int shift, int digits, __int128* result) {
  __int128 product;
  if (!__builtin_mul_overflow(a, b, &product)) {
    if (shift <= 0) return Rescale(product, shift, digits, result);
  }
  Natural number(Magnitude(a));
  number.Multiply(Magnitude(b));
  if (shift > 0) {
    number.MultiplyPower(shift);
  } else {
    for (; - shift > kMaxDecimalDigits; shift += kMaxDecimalDigits) {
      number.Divide(static_cast<Wide>(kPowersOfTen[kMaxDecimalDigits]));
    }
    if (shift < 0) DivideRounding(&number, static_cast<Wide>(kPowersOfTen[-shift]));
  }
  return number.Get((a < 0) != (b < 0), digits, result);
}

bool DivideRescale(__int128 a, __int128 b, int shift, bool round, int digits, __int128* result) {
  __int128 dividend;
  if (shift <= kMaxDecimalDigits && !__builtin_mul_overflow(a, kPowersOfTen[shift], &dividend)) {
    __int128 quotient = dividend / b;
    const __int128 rest = dividend % b;
    if (round) {
      const Wide left = Magnitude(rest);
      if (left >= Magnitude(b) - left) quotient += (a < 0) != (b < 0) ? -1 : 1;
    }
    *result = quotient;
    return FitsDigits(quotient, digits);
  }
  Natural number(Magnitude(a));
  number.MultiplyPower(shift);
  if (round) {
    DivideRounding(&number, Magnitude(b));
  } else {
    number.Divide(Magnitude(b));
  }
  return number.Get((a < 0) != (b < 0), digits, result);
}

bool AddRescale(__int128 a, int a_shift, __int128 b, int b_shift, int shift, int digits, __int128* result) {
  __int128 x, y, sum;
  if (!__builtin_mul_overflow(a, kPowersOfTen[a_shift], &x) && !__builtin_mul_overflow(b, kPowersOfTen[b_shift], &y) &&
      !__builtin_add_overflow(x, y, &sum)) {
    return Rescale(sum, shift, digits, result);
  }
  Natural larger(Magnitude(a)), smaller(Magnitude(b));
  larger.MultiplyPower(a_shift);
  smaller.MultiplyPower(b_shift);
  bool negative = a < 0;
  if (larger.Compare(smaller) < 0) {
    std::swap(larger, smaller);
    negative = b < 0;
  }
  larger.Add(smaller, (a < 0) != (b < 0));
  if (shift < 0) DivideRounding(&larger, static_cast<Wide>(kPowersOfTen[-shift]));
  return larger.Get(negative, digits, result);
}

__int128 RemainderRescale(__int128 a, int a_shift, __int128 b, int b_shift) {
  __int128 dividend, divisor;
  if (!__builtin_mul_overflow(b, kPowersOfTen[b_shift], &divisor)) {
    if (!__builtin_mul_overflow(a, kPowersOfTen[a_shift], &dividend)) return dividend % divisor;
    Natural number(Magnitude(a));
    number.MultiplyPower(a_shift);
    const auto rest = static_cast<__int128>(number.Divide(Magnitude(divisor)));
    return a < 0 ? -rest : rest;
  }
  // The divisor is beyond 2^127, and a, which is not, less.
  return a;
}

std::string DecimalText(__int128 unscaled, int scale) {
  std::string text;
  AppendDecimal(unscaled, static_cast<uint8_t>(scale), &text);
  return text;
}

double DecimalToDouble(__int128 unscaled, int scale) {
  // Both exact, so the quotient is rounded once.
  constexpr int64_t kExact = int64_t{1} << 53;
  if (unscaled <= kExact && unscaled >= -kExact && scale <= 22) {
    return static_cast<double>(static_cast<int64_t>(unscaled)) / static_cast<double>(kPowersOfTen[scale]);
  }
  const std::string text = DecimalText(unscaled, scale);
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace runjob
