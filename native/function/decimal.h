// Arithmetic of decimals: integers of up to 38 digits, products of 76.
#pragma once

#include <cstdint>
#include <string>

#include "base/power_of_ten.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob {

// value * 10^shift, or where shift is below 0 rounded half away from 0; false if the result has more than `digits` digits.
bool Rescale(__int128 value, int shift, int digits, __int128* result);
// a * b * 10^shift in the same way, exact until it is rounded.
bool MultiplyRescale(__int128 a, __int128 b, int shift, int digits, __int128* result);
// a * 10^shift / b, rounded half away from 0, or towards 0. REQUIRES: b is not 0, 0 <= shift <= 76.
bool DivideRescale(__int128 a, __int128 b, int shift, bool round, int digits, __int128* result);
// a * 10^a_shift + b * 10^b_shift, and that * 10^shift, rounded half away from 0. REQUIRES: shift <= 0, the others 0 to 38.
bool AddRescale(__int128 a, int a_shift, __int128 b, int b_shift, int shift, int digits, __int128* result);
// The rest of a * 10^a_shift divided by b * 10^b_shift, with a's sign. REQUIRES: b is not 0, shifts of 0 to 38, one of them 0.
__int128 RemainderRescale(__int128 a, int a_shift, __int128 b, int b_shift);

// A value of either width.
inline __int128 DecimalAt(const Vector& vector, size_t row) {
  return vector.type->is_wide() ? vector.at<__int128>(row) : vector.at<int64_t>(row);
}

std::string DecimalText(__int128 unscaled, int scale);
// The nearest double.
double DecimalToDouble(__int128 unscaled, int scale);

}  // namespace runjob
