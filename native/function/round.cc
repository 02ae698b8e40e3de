// round is half away from zero, bround half to even.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "function/arithmetic.h"
#include "function/call.h"
#include "function/functions.h"

namespace runjob {

namespace {

// Whether a magnitude is rounded up that is `rest` beyond `whole`, a half being `half`.
bool RoundsUp(unsigned __int128 whole, int compared_to_half, bool even) {
  return compared_to_half > 0 || (compared_to_half == 0 && (!even || whole % 2 != 0));
}

// value / 10^power, rounded. REQUIRES: 0 < power <= 38.
__int128 DivideByPower(__int128 value, int power, bool even) {
  const __int128 divisor = kPowersOfTen[power];
  const __int128 whole = value / divisor;
  const __int128 rest = value % divisor;
  const __int128 left = rest < 0 ? -rest : rest;
  const __int128 right = divisor - left;
  const auto magnitude = static_cast<unsigned __int128>(whole < 0 ? -whole : whole);
  if (!RoundsUp(magnitude, left > right ? 1 : left == right ? 0 : -1, even)) return whole;
  return value < 0 ? whole - 1 : whole + 1;
}

template <class T>
std::unique_ptr<Kernel> IntegerRound(int64_t digits, bool even) {
  const int64_t power = -digits;
  return Partial<T, T>([power, even](T x, T* result, Context* context) {
    if (power <= 0) {
      *result = x;
      return Outcome::kValue;
    }
    if (power > 19) {
      *result = 0;
      return Outcome::kValue;
    }
    const __int128 rounded = DivideByPower(x, static_cast<int>(power), even) * kPowersOfTen[power];
    if (rounded < std::numeric_limits<T>::min() || rounded > std::numeric_limits<T>::max()) {
      return context->Fail("ARITHMETIC_OVERFLOW",
                           [&] { return "round(" + OperandText(x, 0) + ", " + std::to_string(-power) + ")"; });
    }
    *result = static_cast<T>(rounded);
    return Outcome::kValue;
  });
}

// As Java's BigDecimal of the shortest text that reads as the number.
double RoundDouble(double x, int64_t digits, bool even) {
  if (!std::isfinite(x)) return x;
  if (x == 0) return 0;
  char text[40];
  const char* const end = std::to_chars(text, text + sizeof(text), std::fabs(x), std::chars_format::scientific).ptr;
  // d.ddde±dd
  char figures[24];
  int64_t count = 0;
  const char* p = text;
  for (; p < end && *p != 'e'; p++) {
    if (*p != '.') figures[count++] = *p;
  }
  int64_t exponent = 0;
  if (p < end) std::from_chars(p[1] == '+' ? p + 2 : p + 1, end, exponent);
  const int64_t kept = exponent + digits + 1;  // figures
  if (kept >= count) return x;
  if (kept < 0) return 0;
  const bool tie = figures[kept] == '5' && kept + 1 == count;
  const int compared = figures[kept] < '5' ? -1 : tie ? 0 : 1;
  const unsigned last = kept == 0 ? 0 : static_cast<unsigned>(figures[kept - 1] - '0');
  char rounded[40];
  char* out = rounded;
  if (x < 0) *out++ = '-';
  *out++ = '0';
  char* const first = out;
  for (int64_t i = 0; i < kept; i++) *out++ = figures[i];
  if (RoundsUp(last, compared, even)) {
    char* carry = out;
    while (carry > first && carry[-1] == '9') *--carry = '0';
    carry[-1]++;
  }
  *out++ = 'e';
  out = std::to_chars(out, rounded + sizeof(rounded), -digits).ptr;
  double result = 0;
  // Too large for a double only if x is nearly so.
  if (std::from_chars(rounded, out, result).ec != std::errc()) return x;
  return result == 0 ? 0 : result;
}

template <class A, class R>
std::unique_ptr<Kernel> DecimalRound(const Type& from, const Type& to, int64_t asked, bool even) {
  // Digits after the point that stay.
  const int digits = static_cast<int>(std::clamp<int64_t>(asked, -kMaxDecimalDigits - 1, from.scale));
  return Partial<R, A>([from, to, digits, even](A x, R* result, Context* context) {
    const int power = from.scale - digits;
    const __int128 rounded = power == 0 ? x : power > kMaxDecimalDigits ? 0 : DivideByPower(x, power, even);
    __int128 scaled;
    if (!Rescale(rounded, to.scale - digits, to.precision, &scaled)) {
      return context->Fail("ARITHMETIC_OVERFLOW", [&] {
        return "round(" + DecimalText(x, from.scale) + ", " + std::to_string(digits) + ") does not fit " + TypeText(to);
      });
    }
    *result = static_cast<R>(scaled);
    return Outcome::kValue;
  });
}

template <bool even>
std::unique_ptr<Node> MakeRound(Call* call) {
  if (call->args.size() != 2 || call->id(1) != TypeId::kInt) return nullptr;
  const Vector* const literal = call->Literal(1);
  if (literal == nullptr) return nullptr;
  const int64_t digits = literal->at<int32_t>(0);
  const Type from = call->arg(0), to = call->type;
  std::unique_ptr<Kernel> kernel;
  if (from.id == TypeId::kInt && to.id == TypeId::kInt) kernel = IntegerRound<int32_t>(digits, even);
  if (from.id == TypeId::kLong && to.id == TypeId::kLong) kernel = IntegerRound<int64_t>(digits, even);
  if (from.id == TypeId::kDouble && to.id == TypeId::kDouble) {
    kernel = ByRow<double, double>([digits](double x, Context*) { return RoundDouble(x, digits, even); });
  }
  if (from.id == TypeId::kDecimal && to.id == TypeId::kDecimal) {
    if (from.is_wide()) {
      kernel = to.is_wide() ? DecimalRound<__int128, __int128>(from, to, digits, even)
                            : DecimalRound<__int128, int64_t>(from, to, digits, even);
    } else {
      kernel = to.is_wide() ? DecimalRound<int64_t, __int128>(from, to, digits, even)
                            : DecimalRound<int64_t, int64_t>(from, to, digits, even);
    }
  }
  if (kernel == nullptr) return nullptr;
  call->args.resize(1);
  return MakeCall(call, std::move(kernel));
}

}  // namespace

std::vector<Function> RoundFunctions() { return {{"round", MakeRound<false>}, {"bround", MakeRound<true>}}; }

}  // namespace runjob
