// Parts of dates and times, and arithmetic with them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "base/calendar.h"
#include "column/text.h"
#include "function/arithmetic.h"
#include "function/call.h"
#include "function/functions.h"
#include "function/time_parts.h"

namespace runjob {

namespace {

using T = TypeId;

template <int32_t (*part)(int32_t)>
std::unique_ptr<Node> MakeDatePart(Call* call) {
  if (!call->Is({T::kDate}, T::kInt)) return nullptr;
  return MakeCall(call, Total<int32_t, int32_t>([](int32_t days) { return part(days); }));
}

int32_t Year(int32_t days) { return static_cast<int32_t>(CivilOf(days).year); }
int32_t Month(int32_t days) { return CivilOf(days).month; }
int32_t DayOfMonth(int32_t days) { return CivilOf(days).day; }
int32_t Quarter(int32_t days) { return (CivilOf(days).month + 2) / 3; }
int32_t NumberOfDay(int32_t days) { return DayOfYear(days); }
// 1 is Sunday.
int32_t DayOfWeek(int32_t days) { return (Weekday(days) + 1) % 7 + 1; }
// The week belongs to the year of its Thursday.
int32_t WeekOfYear(int32_t days) {
  const int64_t thursday = int64_t{days} - Weekday(days) + 3;
  return (DayOfYear(thursday) - 1) / 7 + 1;
}

template <int64_t unit, int64_t count>
std::unique_ptr<Node> MakeTimePart(Call* call) {
  if (!call->Is({T::kTimestamp}, T::kInt)) return nullptr;
  return MakeCall(call, Total<int32_t, int64_t>(
                            [](int64_t micros) { return static_cast<int32_t>(MicrosOfDay(micros) / unit % count); }));
}

bool IsDate(int64_t days) { return days == static_cast<int32_t>(days); }

Outcome OutOfRange(Context* context, const char* name, int32_t days, const std::string& other) {
  return context->Fail("ARITHMETIC_OVERFLOW", [&] {
    std::string text = name;
    text.append("(");
    AppendDate(days, &text);
    return text + (other.empty() ? "" : ", ") + other + ") is no date";
  });
}

template <int sign>
std::unique_ptr<Node> MakeDateAdd(Call* call) {
  if (!call->Is({T::kDate, T::kInt}, T::kDate)) return nullptr;
  return MakeCall(call,
                  Partial<int32_t, int32_t, int32_t>([](int32_t date, int32_t days, int32_t* result, Context* context) {
                    const int64_t sum = int64_t{date} + sign * int64_t{days};
                    if (!IsDate(sum)) {
                      return OutOfRange(context, sign > 0 ? "dateAdd" : "dateSub", date, std::to_string(days));
                    }
                    *result = static_cast<int32_t>(sum);
                    return Outcome::kValue;
                  }));
}

std::unique_ptr<Node> MakeDateDiff(Call* call) {
  if (!call->Is({T::kDate, T::kDate}, T::kInt)) return nullptr;
  return MakeCall(
      call, Partial<int32_t, int32_t, int32_t>([](int32_t end, int32_t start, int32_t* result, Context* context) {
        const int64_t days = int64_t{end} - start;
        if (!IsDate(days)) {
          return context->Fail("ARITHMETIC_OVERFLOW", [&] { return std::to_string(days) + " days are no int"; });
        }
        *result = static_cast<int32_t>(days);
        return Outcome::kValue;
      }));
}

int64_t AddMonths(int32_t days, int32_t months) {
  const CivilDate date = CivilFromDays(days);
  const int64_t count = date.year * 12 + date.month - 1 + months;
  CivilDate moved;
  moved.year = count >= 0 ? count / 12 : -((11 - count) / 12);
  moved.month = static_cast<int32_t>(count - moved.year * 12) + 1;
  moved.day = std::min(date.day, DaysOfMonth(moved.year, moved.month));
  return DaysFromCivil(moved);
}

std::unique_ptr<Node> MakeAddMonths(Call* call) {
  if (!call->Is({T::kDate, T::kInt}, T::kDate)) return nullptr;
  return MakeCall(
      call, Partial<int32_t, int32_t, int32_t>([](int32_t date, int32_t months, int32_t* result, Context* context) {
        const int64_t moved = AddMonths(date, months);
        if (!IsDate(moved)) return OutOfRange(context, "addMonths", date, std::to_string(months));
        *result = static_cast<int32_t>(moved);
        return Outcome::kValue;
      }));
}

std::unique_ptr<Node> MakeLastDay(Call* call) {
  if (!call->Is({T::kDate}, T::kDate)) return nullptr;
  return MakeCall(call, Partial<int32_t, int32_t>([](int32_t date, int32_t* result, Context* context) {
                    CivilDate civil = CivilFromDays(date);
                    civil.day = DaysOfMonth(civil.year, civil.month);
                    const int64_t last = DaysFromCivil(civil);
                    if (!IsDate(last)) return OutOfRange(context, "lastDay", date, "");
                    *result = static_cast<int32_t>(last);
                    return Outcome::kValue;
                  }));
}

std::unique_ptr<Node> MakeMakeDate(Call* call) {
  if (!call->Is({T::kInt, T::kInt, T::kInt}, T::kDate)) return nullptr;
  return MakeCall(call, Partial<int32_t, int32_t, int32_t, int32_t>([](int32_t year, int32_t month, int32_t day,
                                                                       int32_t* result, Context* context) {
                    const bool exists = month >= 1 && month <= 12 && day >= 1 && day <= DaysOfMonth(year, month);
                    const int64_t days = exists ? DaysFromCivil({year, month, day}) : 0;
                    if (!exists || !IsDate(days)) {
                      return context->Fail("ARGUMENT_INVALID", [&] {
                        return "makeDate(" + std::to_string(year) + ", " + std::to_string(month) + ", " +
                               std::to_string(day) + ")";
                      });
                    }
                    *result = static_cast<int32_t>(days);
                    return Outcome::kValue;
                  }));
}

// Whole where both are the same day of a month, or both its last; else a month has 31 days.
double MonthsBetween(int64_t end, int64_t start, bool rounded) {
  const CivilDate a = CivilFromDays(DayOfMicros(end)), b = CivilFromDays(DayOfMicros(start));
  const double months = static_cast<double>((a.year - b.year) * 12 + a.month - b.month);
  const auto is_last = [](const CivilDate& date) { return date.day == DaysOfMonth(date.year, date.month); };
  if (a.day == b.day || (is_last(a) && is_last(b))) return months;
  const auto seconds = [](const CivilDate& date, int64_t micros) {
    return date.day * int64_t{86'400} + MicrosOfDay(micros) / kMicrosPerSecond;
  };
  const double difference =
      months + static_cast<double>(seconds(a, end) - seconds(b, start)) / static_cast<double>(31 * 86'400);
  if (!rounded) return difference;
  // Halves up, as Java rounds.
  const double scaled = difference * 1e8;
  const double floor = std::floor(scaled);
  return (scaled - floor >= 0.5 ? floor + 1 : floor) / 1e8;
}

std::unique_ptr<Node> MakeMonthsBetween(Call* call) {
  if (!call->Is({T::kTimestamp, T::kTimestamp, T::kBoolean}, T::kDouble)) return nullptr;
  return MakeCall(call,
                  ByRow<double, int64_t, int64_t, uint8_t>([](int64_t end, int64_t start, uint8_t rounded, Context*) {
                    return MonthsBetween(end, start, rounded != 0);
                  }));
}

enum class Unit { kYear, kQuarter, kMonth, kWeek, kNone };

struct TruncUnit {
  Unit unit = Unit::kNone;
  int64_t micros = 0;  // of units within a day
};

std::string LowerAscii(Slice text) {
  std::string lower = text.ToString();
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return lower;
}

TruncUnit FindUnit(Slice name) {
  const std::string unit = LowerAscii(name);
  if (unit == "year" || unit == "yyyy" || unit == "yy") return {Unit::kYear, 0};
  if (unit == "quarter") return {Unit::kQuarter, 0};
  if (unit == "month" || unit == "mon" || unit == "mm") return {Unit::kMonth, 0};
  if (unit == "week") return {Unit::kWeek, 0};
  if (unit == "day" || unit == "dd") return {Unit::kNone, kMicrosPerDay};
  if (unit == "hour") return {Unit::kNone, 3600 * kMicrosPerSecond};
  if (unit == "minute") return {Unit::kNone, 60 * kMicrosPerSecond};
  if (unit == "second") return {Unit::kNone, kMicrosPerSecond};
  if (unit == "millisecond") return {Unit::kNone, 1000};
  if (unit == "microsecond") return {Unit::kNone, 1};
  return {};
}

int64_t TruncDays(int64_t days, Unit unit) {
  if (unit == Unit::kWeek) return days - Weekday(days);
  CivilDate date = CivilFromDays(days);
  date.day = 1;
  if (unit == Unit::kYear) date.month = 1;
  if (unit == Unit::kQuarter) date.month -= (date.month - 1) % 3;
  return DaysFromCivil(date);
}

std::unique_ptr<Node> MakeTrunc(Call* call) {
  if (!call->Is({T::kDate, T::kString}, T::kDate)) return nullptr;
  const Vector* const literal = call->Literal(1);
  if (literal == nullptr) return nullptr;
  const Unit unit = FindUnit(literal->at<StringView>(0).slice()).unit;
  if (unit == Unit::kNone) return nullptr;
  return MakeCall(call, Partial<int32_t, int32_t, StringView>(
                            [unit](int32_t date, const StringView&, int32_t* result, Context* context) {
                              const int64_t days = TruncDays(date, unit);
                              if (!IsDate(days)) return OutOfRange(context, "trunc", date, "");
                              *result = static_cast<int32_t>(days);
                              return Outcome::kValue;
                            }));
}

std::unique_ptr<Node> MakeDateTrunc(Call* call) {
  if (!call->Is({T::kString, T::kTimestamp}, T::kTimestamp)) return nullptr;
  const Vector* const literal = call->Literal(0);
  if (literal == nullptr) return nullptr;
  const TruncUnit unit = FindUnit(literal->at<StringView>(0).slice());
  if (unit.unit == Unit::kNone && unit.micros == 0) return nullptr;
  return MakeCall(call, Partial<int64_t, StringView, int64_t>(
                            [unit](const StringView&, int64_t micros, int64_t* result, Context* context) {
                              bool fits = true;
                              if (unit.micros != 0) {
                                const int64_t rest = micros % unit.micros;
                                fits = !__builtin_sub_overflow(micros, rest < 0 ? rest + unit.micros : rest, result);
                              } else {
                                const int64_t days = TruncDays(DayOfMicros(micros), unit.unit);
                                fits = !__builtin_mul_overflow(days, kMicrosPerDay, result);
                              }
                              if (fits) return Outcome::kValue;
                              return context->Fail("ARITHMETIC_OVERFLOW", [&] {
                                std::string text = "dateTrunc of ";
                                AppendTimestamp(micros, &text);
                                return text;
                              });
                            }));
}

enum class Rounding { kTowardsZero, kDown };

template <int64_t unit, Rounding rounding>
std::unique_ptr<Node> MakeUnix(Call* call) {
  if (!call->Is({T::kTimestamp}, T::kLong)) return nullptr;
  return MakeCall(call, Total<int64_t, int64_t>([](int64_t micros) {
                    const bool below = rounding == Rounding::kDown && micros % unit < 0;
                    return micros / unit - (below ? 1 : 0);
                  }));
}

template <int64_t unit>
std::unique_ptr<Node> MakeFromUnix(Call* call) {
  const auto fail = [](const std::string& value, Context* context) {
    return context->Fail("ARITHMETIC_OVERFLOW", [&] { return value + " is no timestamp"; });
  };
  if (call->Is({T::kLong}, T::kTimestamp)) {
    return MakeCall(call, Partial<int64_t, int64_t>([fail](int64_t value, int64_t* result, Context* context) {
                      if (!__builtin_mul_overflow(value, unit, result)) return Outcome::kValue;
                      return fail(std::to_string(value), context);
                    }));
  }
  if (unit != kMicrosPerSecond || !call->Is({T::kDouble}, T::kTimestamp)) return nullptr;
  return MakeCall(call, Partial<int64_t, double>([fail](double value, int64_t* result, Context* context) {
                    const double micros = std::trunc(value * static_cast<double>(unit));
                    if (!(micros >= -0x1p63 && micros < 0x1p63)) return fail(OperandText(value, 0), context);
                    *result = static_cast<int64_t>(micros);
                    return Outcome::kValue;
                  }));
}

// All windows of a length that an instant is in, the earliest first: (t, length, slide, offset) in microseconds.
class WindowsKernel : public Kernel {
 public:
  bool can_fail() const override { return true; }

  Status Run(const std::vector<Vector>& args, const Rows& rows, const uint64_t* validity, VectorBuffer* out) override {
    const Reader<int64_t> times(args[0]), lengths(args[1]), slides(args[2]), offsets(args[3]);
    ListRange* const results = out->values<ListRange>();
    VectorBuffer& windows = out->child(0);
    Status status;
    ForValid(rows, validity, [&](size_t row) {
      const __int128 time = times[row], length = lengths[row], slide = slides[row];
      const __int128 rest = (time - offsets[row]) % slide;
      const __int128 last = time - (rest < 0 ? rest + slide : rest);
      // The first start from which the window is not over.
      const __int128 first = last - (last + length - time - 1) / slide * slide;
      if (first < std::numeric_limits<int64_t>::min() || last + length > std::numeric_limits<int64_t>::max()) {
        const std::string text =
            "a window around " + std::to_string(times[row]) + " microseconds is beyond all timestamps";
        status = Status::BadRecord("ARITHMETIC_OVERFLOW", text, static_cast<int64_t>(row));
        return false;
      }
      const auto before = static_cast<uint32_t>(windows.size());
      for (__int128 start = first; start <= last; start += slide) {
        const size_t window = windows.AppendRow();
        windows.child(0).values<int64_t>()[window] = static_cast<int64_t>(start);
        windows.child(1).values<int64_t>()[window] = static_cast<int64_t>(start + length);
      }
      results[row] = {before, static_cast<uint32_t>(windows.size()) - before};
      return true;
    });
    return status;
  }
};

std::unique_ptr<Node> MakeWindows(Call* call) {
  if (!call->Is({T::kLong, T::kLong, T::kLong, T::kLong}, T::kList)) return nullptr;
  const Type& window = call->type.fields[0].type;
  if (window.id != T::kStruct || window.fields.size() != 2) return nullptr;
  for (const Field& end : window.fields) {
    if (end.type.id != T::kTimestamp) return nullptr;
  }
  return MakeCall(call, std::make_unique<WindowsKernel>());
}

}  // namespace

std::vector<Function> DateFunctions() {
  constexpr int64_t kSecond = kMicrosPerSecond;
  return {
      {"year", MakeDatePart<Year>},
      {"quarter", MakeDatePart<Quarter>},
      {"month", MakeDatePart<Month>},
      {"dayOfMonth", MakeDatePart<DayOfMonth>},
      {"dayOfYear", MakeDatePart<NumberOfDay>},
      {"dayOfWeek", MakeDatePart<DayOfWeek>},
      {"weekOfYear", MakeDatePart<WeekOfYear>},
      {"hour", MakeTimePart<3600 * kSecond, 24>},
      {"minute", MakeTimePart<60 * kSecond, 60>},
      {"second", MakeTimePart<kSecond, 60>},
      {"dateAdd", MakeDateAdd<1>},
      {"dateSub", MakeDateAdd<-1>},
      {"dateDiff", MakeDateDiff},
      {"addMonths", MakeAddMonths},
      {"lastDay", MakeLastDay},
      {"makeDate", MakeMakeDate},
      {"monthsBetween", MakeMonthsBetween},
      {"trunc", MakeTrunc},
      {"dateTrunc", MakeDateTrunc},
      {"unixTimestamp", MakeUnix<kSecond, Rounding::kTowardsZero>},
      {"unixMillis", MakeUnix<1000, Rounding::kDown>},
      {"unixMicros", MakeUnix<1, Rounding::kDown>},
      {"timestampSeconds", MakeFromUnix<kSecond>},
      {"timestampMillis", MakeFromUnix<1000>},
      {"timestampMicros", MakeFromUnix<1>},
      {"windows", MakeWindows},
  };
}

}  // namespace runjob
