#include <cmath>
#include <limits>

#include "function/arithmetic.h"
#include "function/call.h"
#include "function/functions.h"

namespace runjob {

namespace {

using T = TypeId;

constexpr double kPi = 3.14159265358979323846;

template <double (*function)(double)>
std::unique_ptr<Node> MakeUnary(Call* call) {
  if (!call->Is({T::kDouble}, T::kDouble)) return nullptr;
  return MakeCall(call, ByRow<double, double>([](double x, Context*) { return function(x); }));
}

template <double (*function)(double, double)>
std::unique_ptr<Node> MakeBinary(Call* call) {
  if (!call->Is({T::kDouble, T::kDouble}, T::kDouble)) return nullptr;
  return MakeCall(call, ByRow<double, double, double>([](double x, double y, Context*) { return function(x, y); }));
}

// Null of what has no logarithm, 0 included.
template <double (*function)(double)>
std::unique_ptr<Node> MakeLogarithm(Call* call) {
  if (!call->Is({T::kDouble}, T::kDouble)) return nullptr;
  return MakeCall(call, Nullable<double, double>([](double x, double* result, Context*) {
                    if (x <= 0) return Outcome::kNull;
                    *result = function(x);
                    return Outcome::kValue;
                  }));
}

std::unique_ptr<Node> MakeLog(Call* call) {
  if (call->args.size() == 1) return MakeLogarithm<std::log>(call);
  if (!call->Is({T::kDouble, T::kDouble}, T::kDouble)) return nullptr;
  return MakeCall(call, Nullable<double, double, double>([](double base, double x, double* result, Context*) {
                    if (base <= 0 || x <= 0) return Outcome::kNull;
                    *result = std::log(x) / std::log(base);
                    return Outcome::kValue;
                  }));
}

// The last digit of the C library's is often wrong.
double CubeRoot(double x) { return static_cast<double>(std::cbrt(static_cast<long double>(x))); }
double Signum(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
double Degrees(double x) { return x * (180 / kPi); }
double Radians(double x) { return x / 180 * kPi; }
// As Java's: 1 to the power of NaN, and of an infinity, is NaN.
double Power(double x, double y) {
  if (std::isnan(y) || (std::isinf(y) && std::fabs(x) == 1)) return std::numeric_limits<double>::quiet_NaN();
  return std::pow(x, y);
}

// floor and ceil of doubles are whole numbers, of decimals decimals.
template <bool up>
std::unique_ptr<Node> MakeWhole(Call* call) {
  if (call->Is({T::kDouble}, T::kLong)) {
    return MakeCall(call, Partial<int64_t, double>([](double x, int64_t* result, Context* context) {
                      const double whole = up ? std::ceil(x) : std::floor(x);
                      if (!(whole >= -0x1p63 && whole < 0x1p63)) {
                        return context->Fail("ARITHMETIC_OVERFLOW", [&] {
                          return std::string(up ? "ceil" : "floor") + "(" + OperandText(x, 0) + ") is no long";
                        });
                      }
                      *result = static_cast<int64_t>(whole);
                      return Outcome::kValue;
                    }));
  }
  if (!call->Is({T::kDecimal}, T::kDecimal)) return nullptr;
  const Type from = call->arg(0), to = call->type;
  const auto make = [&]<class A, class R>(A, R) {
    return Partial<R, A>([from, to](A x, R* result, Context* context) {
      const __int128 unit = kPowersOfTen[from.scale];
      __int128 whole = x / unit;
      const __int128 rest = x % unit;
      if (up ? rest > 0 : rest < 0) whole += up ? 1 : -1;
      __int128 scaled;
      if (!Rescale(whole, to.scale, to.precision, &scaled)) {
        return context->Fail("ARITHMETIC_OVERFLOW", [&] {
          return std::string(up ? "ceil" : "floor") + "(" + DecimalText(x, from.scale) + ") does not fit " +
                 TypeText(to);
        });
      }
      *result = static_cast<R>(scaled);
      return Outcome::kValue;
    });
  };
  std::unique_ptr<Kernel> kernel;
  if (from.is_wide()) {
    kernel = to.is_wide() ? make(__int128{}, __int128{}) : make(__int128{}, int64_t{});
  } else {
    kernel = to.is_wide() ? make(int64_t{}, __int128{}) : make(int64_t{}, int64_t{});
  }
  return MakeCall(call, std::move(kernel));
}

}  // namespace

std::vector<Function> MathFunctions() {
  return {
      {"sqrt", MakeUnary<std::sqrt>},
      {"cbrt", MakeUnary<CubeRoot>},
      {"exp", MakeUnary<std::exp>},
      {"ln", MakeLogarithm<std::log>},
      {"log", MakeLog},
      {"log10", MakeLogarithm<std::log10>},
      {"log2", MakeLogarithm<std::log2>},
      {"sin", MakeUnary<std::sin>},
      {"cos", MakeUnary<std::cos>},
      {"tan", MakeUnary<std::tan>},
      {"asin", MakeUnary<std::asin>},
      {"acos", MakeUnary<std::acos>},
      {"atan", MakeUnary<std::atan>},
      {"sinh", MakeUnary<std::sinh>},
      {"cosh", MakeUnary<std::cosh>},
      {"tanh", MakeUnary<std::tanh>},
      {"signum", MakeUnary<Signum>},
      {"degrees", MakeUnary<Degrees>},
      {"radians", MakeUnary<Radians>},
      {"pow", MakeBinary<Power>},
      {"atan2", MakeBinary<std::atan2>},
      {"hypot", MakeBinary<std::hypot>},
      {"floor", MakeWhole<false>},
      {"ceil", MakeWhole<true>},
  };
}

}  // namespace runjob
