// Parts of dates that need more than the calendar, or it fast.
#pragma once

#include <cstdint>

#include "base/calendar.h"

namespace runjob {

// 0 is Monday.
inline int32_t Weekday(int64_t days) {
  const int64_t rest = (days + 3) % 7;
  return static_cast<int32_t>(rest < 0 ? rest + 7 : rest);
}

inline int32_t DayOfYear(int64_t days) {
  return static_cast<int32_t>(days - DaysFromCivil({CivilFromDays(days).year, 1, 1})) + 1;
}

// CivilFromDays in a third of the time, by products of 32 bits for years -32800 to 2906945.
// Source: Neri and Schneider, Euclidean affine functions and their application to calendar algorithms (2022).
inline CivilDate CivilOf(int32_t days) {
  constexpr int32_t kFirst = -12'699'422, kLast = 1'061'042'401;
  if (days < kFirst || days > kLast) return CivilFromDays(days);
  constexpr uint32_t kCycles = 82;  // of 400 years: no number is below 0
  const uint32_t n = static_cast<uint32_t>(days) + 719'468u + 146'097u * kCycles;
  const uint32_t century = (4 * n + 3) / 146'097;
  const uint32_t day_of_century = (4 * n + 3) % 146'097 / 4;
  const uint64_t year_part = uint64_t{2'939'745} * (4 * day_of_century + 3);
  const auto year_of_century = static_cast<uint32_t>(year_part >> 32);
  const uint32_t day_of_year = static_cast<uint32_t>(year_part) / 2'939'745 / 4;
  const uint32_t month_part = 2141 * day_of_year + 197'913;
  const bool next = day_of_year >= 306;  // years begin in March
  CivilDate date;
  date.year = int64_t{100 * century + year_of_century} - 400 * int64_t{kCycles} + (next ? 1 : 0);
  date.month = static_cast<int32_t>(month_part >> 16) - (next ? 12 : 0);
  date.day = static_cast<int32_t>((month_part & 0xFFFF) / 2141) + 1;
  return date;
}

}  // namespace runjob
