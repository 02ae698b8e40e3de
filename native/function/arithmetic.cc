#include "function/arithmetic.h"

#include <limits>
#include <type_traits>

#include "column/text.h"
#include "function/call.h"
#include "function/functions.h"

namespace runjob {

std::string OperandText(double value, int) {
  std::string text;
  AppendDouble(value, &text);
  return text;
}

namespace {

enum class Op { kAdd, kSubtract, kMultiply, kDivide, kMod, kPmod, kDiv };

const char* Sign(Op op) {
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSubtract:
      return "-";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kMod:
      return "%";
    case Op::kPmod:
      return "pmod";
    case Op::kDiv:
      return "div";
  }
  return "";
}

template <Op op, class T>
struct Integers {
  T operator()(T a, T b, bool* bad) const {
    if constexpr (sizeof(T) == 4) {
      const int64_t x = a, y = b;
      const int64_t exact = op == Op::kAdd ? x + y : op == Op::kSubtract ? x - y : x * y;
      const auto result = static_cast<T>(exact);
      *bad |= result != exact;
      return result;
    } else {
      T result;
      if constexpr (op == Op::kMultiply) {
        *bad |= __builtin_mul_overflow(a, b, &result);
      } else {
        // Signs instead of the flag of the processor: the loop is done several values at a time.
        const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
        result = static_cast<T>(op == Op::kAdd ? x + y : x - y);
        *bad |= (op == Op::kAdd ? (a ^ result) & (b ^ result) : (a ^ b) & (a ^ result)) < 0;
      }
      return result;
    }
  }
};

template <Op op, class T>
std::unique_ptr<Kernel> IntegerKernel(bool quiet) {
  return Checked<T, T, T>(Integers<op, T>(), "ARITHMETIC_OVERFLOW", Sign(op), quiet);
}

// The remainder, with the sign of the dividend; or not negative if the divisor is positive.
template <class T>
T Remainder(T a, T b, bool positive) {
  if constexpr (std::is_same_v<T, double>) {
    const double rest = std::fmod(a, b);
    return positive && rest < 0 ? std::fmod(rest + b, b) : rest;
  } else {
    if (b == -1) return 0;  // of the smallest number: no signal
    const T rest = a % b;
    if (!positive || rest >= 0) return rest;
    return static_cast<T>((static_cast<__int128>(rest) + b) % b);
  }
}

template <class T, class F>
std::unique_ptr<Kernel> PartialOf(F f, bool quiet) {
  return quiet ? PartialOrNull<T, T, T>(f) : Partial<T, T, T>(f);
}

template <class T>
std::unique_ptr<Kernel> RemainderKernel(Op op, bool quiet) {
  const auto f = [op](T a, T b, T* result, Context* context) {
    if (b == 0) {
      return context->Fail("DIVIDE_BY_ZERO",
                           [&] { return OperandText(a, 0) + " " + Sign(op) + " " + OperandText(b, 0); });
    }
    *result = Remainder(a, b, op == Op::kPmod);
    return Outcome::kValue;
  };
  return PartialOf<T>(f, quiet);
}

template <Op op>
std::unique_ptr<Kernel> DoubleKernel() {
  return Total<double, double, double>([](double a, double b) {
    return op == Op::kAdd ? a + b : op == Op::kSubtract ? a - b : a * b;
  });
}

// The calculation of a call for decimals: scales and digits.
struct DecimalCall {
  Op op;
  int a_scale, b_scale;
  int a_digits, b_digits;
  Type type;

  // Digits that the exact result may have before it is rounded, at the larger scale.
  int SumDigits() const { return std::max(a_digits - a_scale, b_digits - b_scale) + std::max(a_scale, b_scale) + 1; }

  bool Exact(__int128 a, __int128 b, __int128* result) const {
    const int digits = type.precision;
    switch (op) {
      case Op::kAdd:
      case Op::kSubtract: {
        if (op == Op::kSubtract) b = -b;
        const int scale = std::max(a_scale, b_scale);
        return AddRescale(a, scale - a_scale, b, scale - b_scale, type.scale - scale, digits, result);
      }
      case Op::kMultiply:
        return MultiplyRescale(a, b, type.scale - a_scale - b_scale, digits, result);
      case Op::kDivide:
        return DivideRescale(a, b, type.scale + b_scale - a_scale, true, digits, result);
      case Op::kDiv: {
        __int128 quotient;
        const int shift = b_scale - a_scale;
        const bool fits = shift >= 0 ? DivideRescale(a, b, shift, false, kMaxDecimalDigits, &quotient)
                                     : DivideByScaled(a, b, -shift, &quotient);
        *result = quotient;
        return fits && quotient == static_cast<int64_t>(quotient);
      }
      case Op::kMod:
      case Op::kPmod: {
        const int scale = std::max(a_scale, b_scale);
        __int128 rest = RemainderRescale(a, scale - a_scale, b, scale - b_scale);
        if (op == Op::kPmod && rest < 0 && b > 0) {
          __int128 divisor;
          if (__builtin_mul_overflow(b, kPowersOfTen[scale - b_scale], &divisor)) return false;
          rest += divisor;
        }
        return Rescale(rest, type.scale - scale, digits, result);
      }
    }
    return false;
  }

  // a / (b * 10^shift), towards 0.
  static bool DivideByScaled(__int128 a, __int128 b, int shift, __int128* quotient) {
    __int128 divisor;
    *quotient = __builtin_mul_overflow(b, kPowersOfTen[shift], &divisor) ? 0 : a / divisor;
    return true;
  }
};

template <class R, class A, class B>
std::unique_ptr<Kernel> SlowDecimal(const DecimalCall& call, bool quiet) {
  const auto f = [call](A a, B b, R* result, Context* context) {
    const auto text = [&] {
      return DecimalText(a, call.a_scale) + " " + Sign(call.op) + " " + DecimalText(b, call.b_scale);
    };
    const bool divides = call.op != Op::kAdd && call.op != Op::kSubtract && call.op != Op::kMultiply;
    if (divides && b == 0) return context->Fail("DIVIDE_BY_ZERO", text);
    __int128 exact;
    if (!call.Exact(a, b, &exact)) {
      return context->Fail("ARITHMETIC_OVERFLOW", [&] { return text() + " does not fit " + TypeText(call.type); });
    }
    *result = static_cast<R>(exact);
    return Outcome::kValue;
  };
  return quiet ? PartialOrNull<R, A, B>(f) : Partial<R, A, B>(f);
}

// Sums that cannot overflow their type.
template <class R, class A, class B>
std::unique_ptr<Kernel> FastSum(const DecimalCall& call) {
  const int scale = call.type.scale;
  const auto a_factor = static_cast<R>(kPowersOfTen[scale - call.a_scale]);
  const auto b_factor = static_cast<R>(call.op == Op::kSubtract ? -kPowersOfTen[scale - call.b_scale]
                                                                : kPowersOfTen[scale - call.b_scale]);
  // Unsigned: rows that do not count may hold anything.
  using U = std::conditional_t<std::is_same_v<R, int64_t>, uint64_t, unsigned __int128>;
  return Total<R, A, B>([a_factor, b_factor](A a, B b) {
    return static_cast<R>(static_cast<U>(a) * static_cast<U>(a_factor) + static_cast<U>(b) * static_cast<U>(b_factor));
  });
}

template <class R, class A, class B>
std::unique_ptr<Kernel> FastProduct() {
  using U = std::conditional_t<std::is_same_v<R, int64_t>, uint64_t, unsigned __int128>;
  return Total<R, A, B>([](A a, B b) {
    if constexpr (std::is_same_v<A, int64_t> && std::is_same_v<B, int64_t> && !std::is_same_v<R, int64_t>) {
      return static_cast<__int128>(a) * b;
    } else {
      return static_cast<R>(static_cast<U>(a) * static_cast<U>(b));
    }
  });
}

// A product of the full scale that may have too many digits. Most have few.
template <class A, class B>
std::unique_ptr<Kernel> WideProduct(const DecimalCall& call, bool quiet) {
  const __int128 limit = kPowersOfTen[call.type.precision];
  const auto f = [limit](A a, B b, bool* bad) {
    __int128 product;
    if (a == static_cast<int64_t>(a) && b == static_cast<int64_t>(b)) [[likely]] {
      product = static_cast<__int128>(static_cast<int64_t>(a)) * static_cast<int64_t>(b);
      *bad |= product >= limit || product <= -limit;
    } else {
      *bad |= __builtin_mul_overflow(static_cast<__int128>(a), static_cast<__int128>(b), &product) ||
              product >= limit || product <= -limit;
    }
    return product;
  };
  return Checked<__int128, A, B>(f, "ARITHMETIC_OVERFLOW", "*", quiet, call.a_scale, call.b_scale);
}

template <class R, class A, class B>
std::unique_ptr<Kernel> DecimalKernel(const DecimalCall& call, bool quiet) {
  const bool sum = call.op == Op::kAdd || call.op == Op::kSubtract;
  const int scale = std::max(call.a_scale, call.b_scale);
  if (sum && call.type.scale == scale && call.SumDigits() <= call.type.precision) return FastSum<R, A, B>(call);
  if (call.op == Op::kMultiply && call.type.scale == call.a_scale + call.b_scale) {
    if (call.a_digits + call.b_digits <= call.type.precision) return FastProduct<R, A, B>();
    if constexpr (std::is_same_v<R, __int128>) return WideProduct<A, B>(call, quiet);
  }
  return SlowDecimal<R, A, B>(call, quiet);
}

template <class R>
std::unique_ptr<Kernel> DecimalKernelOf(const Call& call, const DecimalCall& decimal, bool quiet) {
  const bool a = call.arg(0).is_wide(), b = call.arg(1).is_wide();
  if (a && b) return DecimalKernel<R, __int128, __int128>(decimal, quiet);
  if (a) return DecimalKernel<R, __int128, int64_t>(decimal, quiet);
  if (b) return DecimalKernel<R, int64_t, __int128>(decimal, quiet);
  return DecimalKernel<R, int64_t, int64_t>(decimal, quiet);
}

std::unique_ptr<Kernel> DecimalKernel(const Call& call, Op op, bool quiet) {
  const Type& a = call.arg(0);
  const Type& b = call.arg(1);
  const DecimalCall decimal{op, a.scale, b.scale, a.precision, b.precision, call.type};
  if (op == Op::kDiv) return DecimalKernelOf<int64_t>(call, decimal, quiet);
  // Below 0 no front end goes: digits of the dividend would be lost before it is divided.
  if (op == Op::kDivide && call.type.scale + b.scale < a.scale) return nullptr;
  return call.type.is_wide() ? DecimalKernelOf<__int128>(call, decimal, quiet)
                             : DecimalKernelOf<int64_t>(call, decimal, quiet);
}

template <Op op>
std::unique_ptr<Kernel> BinaryKernel(const Call& call, bool quiet) {
  using T = TypeId;
  constexpr bool kRing = op == Op::kAdd || op == Op::kSubtract || op == Op::kMultiply;
  constexpr bool kRest = op == Op::kMod || op == Op::kPmod;
  if constexpr (op == Op::kDiv) {
    if (call.Is({T::kDecimal, T::kDecimal}, T::kLong)) return DecimalKernel(call, op, quiet);
    if (!call.Is({T::kLong, T::kLong}, T::kLong)) return nullptr;
    const auto f = [](int64_t a, int64_t b, int64_t* result, Context* context) {
      const auto text = [&] { return OperandText(a, 0) + " div " + OperandText(b, 0); };
      if (b == 0) return context->Fail("DIVIDE_BY_ZERO", text);
      if (b == -1 && a == std::numeric_limits<int64_t>::min()) return context->Fail("ARITHMETIC_OVERFLOW", text);
      *result = a / b;
      return Outcome::kValue;
    };
    return PartialOf<int64_t>(f, quiet);
  } else {
    if (call.Is({T::kDecimal, T::kDecimal}, T::kDecimal)) return DecimalKernel(call, op, quiet);
    if constexpr (kRing) {
      if (call.Is({T::kInt, T::kInt}, T::kInt)) return IntegerKernel<op, int32_t>(quiet);
      if (call.Is({T::kLong, T::kLong}, T::kLong)) return IntegerKernel<op, int64_t>(quiet);
      if (call.Is({T::kDouble, T::kDouble}, T::kDouble)) return DoubleKernel<op>();
    }
    if constexpr (kRest) {
      if (call.Is({T::kInt, T::kInt}, T::kInt)) return RemainderKernel<int32_t>(op, quiet);
      if (call.Is({T::kLong, T::kLong}, T::kLong)) return RemainderKernel<int64_t>(op, quiet);
      if (call.Is({T::kDouble, T::kDouble}, T::kDouble)) return RemainderKernel<double>(op, quiet);
    }
    if constexpr (op == Op::kDivide) {
      if (!call.Is({T::kDouble, T::kDouble}, T::kDouble)) return nullptr;
      const auto f = [](double a, double b, bool* bad) {
        *bad |= b == 0;
        return a / b;
      };
      return Checked<double, double, double>(f, "DIVIDE_BY_ZERO", "/", quiet);
    }
    return nullptr;
  }
}

template <Op op, bool quiet>
std::unique_ptr<Node> MakeBinary(Call* call) {
  if (call->args.size() != 2) return nullptr;
  return MakeCall(call, BinaryKernel<op>(*call, quiet));
}

// Of numbers whose smallest has no opposite.
template <class T>
std::unique_ptr<Kernel> SignKernel(bool absolute) {
  return Partial<T, T>([absolute](T a, T* result, Context* context) {
    if (absolute && a >= 0) {
      *result = a;
      return Outcome::kValue;
    }
    if (a == std::numeric_limits<T>::min()) {
      return context->Fail("ARITHMETIC_OVERFLOW", [&] { return (absolute ? "abs(" : "-(") + OperandText(a, 0) + ")"; });
    }
    *result = -a;
    return Outcome::kValue;
  });
}

template <class T>
std::unique_ptr<Kernel> DecimalSign(bool absolute) {
  using U = std::conditional_t<std::is_same_v<T, int64_t>, uint64_t, unsigned __int128>;
  return Total<T, T>([absolute](T a) { return absolute && a >= 0 ? a : static_cast<T>(-static_cast<U>(a)); });
}

template <bool absolute>
std::unique_ptr<Node> MakeSign(Call* call) {
  if (call->args.size() != 1 || !(call->arg(0) == call->type)) return nullptr;
  switch (call->type.id) {
    case TypeId::kInt:
      return MakeCall(call, SignKernel<int32_t>(absolute));
    case TypeId::kLong:
      return MakeCall(call, SignKernel<int64_t>(absolute));
    case TypeId::kDouble:
      return MakeCall(call, Total<double, double>([](double a) { return absolute ? std::fabs(a) : -a; }));
    case TypeId::kDecimal:
      return MakeCall(call, call->type.is_wide() ? DecimalSign<__int128>(absolute) : DecimalSign<int64_t>(absolute));
    default:
      return nullptr;
  }
}

}  // namespace

std::vector<Function> ArithmeticFunctions() {
  return {
      {"add", MakeBinary<Op::kAdd, false>},
      {"subtract", MakeBinary<Op::kSubtract, false>},
      {"multiply", MakeBinary<Op::kMultiply, false>},
      {"divide", MakeBinary<Op::kDivide, false>},
      {"mod", MakeBinary<Op::kMod, false>},
      {"pmod", MakeBinary<Op::kPmod, false>},
      {"div", MakeBinary<Op::kDiv, false>},
      {"tryAdd", MakeBinary<Op::kAdd, true>},
      {"trySubtract", MakeBinary<Op::kSubtract, true>},
      {"tryMultiply", MakeBinary<Op::kMultiply, true>},
      {"tryDivide", MakeBinary<Op::kDivide, true>},
      {"tryMod", MakeBinary<Op::kMod, true>},
      {"negate", MakeSign<false>},
      {"abs", MakeSign<true>},
  };
}

}  // namespace runjob
