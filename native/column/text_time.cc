// Dates and times. Source of the grammar: SparkDateTimeUtils of Spark 4.

#include <charconv>
#include <cstring>
#include <string_view>

#include "base/calendar.h"
#include "column/text.h"
#include "column/text_trim.h"

namespace runjob {

namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool MakeDays(CivilDate date, int64_t* days) {
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > DaysOfMonth(date.year, date.month)) return false;
  *days = DaysFromCivil(date);
  return true;
}

// Digits of a number, not more than `most` nor fewer than `least`; moves *p behind them.
bool ReadDigits(const char** p, const char* end, int least, int most, int32_t* value) {
  int count = 0;
  int32_t parsed = 0;
  for (; *p < end && IsDigit(**p); ++*p) {
    if (++count > most) return false;
    parsed = parsed * 10 + (**p - '0');
  }
  *value = parsed;
  return count >= least;
}

// [+-]year[-month[-day]], moves *p behind it.
bool ReadDate(const char** p, const char* end, int most_year_digits, CivilDate* date, bool* has_day) {
  const bool negative = *p < end && **p == '-';
  if (*p < end && (**p == '-' || **p == '+')) ++*p;
  int32_t year = 0;
  if (!ReadDigits(p, end, 4, most_year_digits, &year)) return false;
  date->year = negative ? -int64_t{year} : year;
  date->month = 1;
  date->day = 1;
  *has_day = false;
  if (*p == end || **p != '-') return true;
  ++*p;
  if (!ReadDigits(p, end, 1, 2, &date->month)) return false;
  if (*p == end || **p != '-') return true;
  ++*p;
  *has_day = true;
  return ReadDigits(p, end, 1, 2, &date->day);
}

// Two digits at p; more than 99 if they are none.
int TwoDigits(const char* p) { return IsDigit(p[0]) && IsDigit(p[1]) ? (p[0] - '0') * 10 + (p[1] - '0') : 100; }

// h, hh, hh:mm, hmm... of an offset, after its sign.
bool ReadOffset(Slice text, int64_t* seconds) {
  const char* p = text.data;
  const char* const end = p + text.size;
  int32_t parts[3] = {};
  const std::string_view all(text.data, text.size);
  if (all.find(':') == std::string_view::npos) {
    // h, hh, hhmm, hhmmss
    if (text.size != 1 && text.size != 2 && text.size != 4 && text.size != 6) return false;
    for (int i = 0; p < end; i++) {
      const size_t digits = text.size == 1 ? 1 : 2;
      for (size_t d = 0; d < digits; d++, p++) {
        if (!IsDigit(*p)) return false;
        parts[i] = parts[i] * 10 + (*p - '0');
      }
    }
  } else {
    // [h]h:[m]m or hh:mm:ss
    if (!ReadDigits(&p, end, 1, 2, &parts[0]) || p == end || *p != ':') return false;
    const char* const minutes = ++p;
    if (!ReadDigits(&p, end, 1, 2, &parts[1])) return false;
    if (p < end) {
      if (*p != ':' || p - minutes != 2) return false;
      const char* const last = ++p;
      if (!ReadDigits(&p, end, 2, 2, &parts[2]) || p != end || last == end) return false;
    }
  }
  if (parts[1] > 59 || parts[2] > 59) return false;
  *seconds = int64_t{parts[0]} * 3600 + parts[1] * 60 + parts[2];
  return *seconds <= 18 * 3600;
}

// Z, an offset, UTC, GMT and UT with or without one, and the abbreviations that are offsets. Names of regions need a table of
// their history: they are refused.
bool ReadZone(Slice zone, int64_t* seconds) {
  while (zone.size > 0 && IsTextBlank(zone.data[0])) zone = Slice(zone.data + 1, zone.size - 1);
  const std::string_view name(zone.data, zone.size);
  *seconds = 0;
  if (name == "Z" || name == "UTC" || name == "GMT" || name == "UT") return true;
  constexpr struct {
    std::string_view name;
    int hours;
  } kFixed[] = {{"EST", -5}, {"MST", -7}, {"HST", -10}};
  for (const auto& fixed : kFixed) {
    if (name == fixed.name) {
      *seconds = fixed.hours * 3600;
      return true;
    }
  }
  size_t prefix = 0;
  for (const std::string_view known : {"UTC", "GMT", "UT"}) {
    if (name.substr(0, known.size()) == known) {
      prefix = known.size();
      break;
    }
  }
  if (name.size() < prefix + 2 || (name[prefix] != '+' && name[prefix] != '-')) return false;
  if (!ReadOffset(Slice(zone.data + prefix + 1, zone.size - prefix - 1), seconds)) return false;
  if (name[prefix] == '-') *seconds = -*seconds;
  return true;
}

// What follows the T or space: hour[:minute[:second[.fraction][zone]]].
bool ReadTime(const char* p, const char* end, int64_t* micros, int64_t* offset_seconds) {
  int32_t hour = 0, minute = 0, second = 0;
  int64_t fraction = 0;
  *offset_seconds = 0;
  if (!ReadDigits(&p, end, 1, 2, &hour)) return false;
  if (p < end) {
    if (*p++ != ':' || !ReadDigits(&p, end, 1, 2, &minute)) return false;
    if (p < end) {
      if (*p++ != ':' || !ReadDigits(&p, end, 1, 2, &second)) return false;
      if (p < end && *p == '.') {
        p++;
        int digits = 0;
        // Digits beyond the sixth are cut off.
        for (; p < end && IsDigit(*p); p++) {
          if (digits == 6) continue;
          fraction = fraction * 10 + (*p - '0');
          digits++;
        }
        for (; digits < 6; digits++) fraction *= 10;
      }
      if (p < end && !ReadZone(Slice(p, static_cast<size_t>(end - p)), offset_seconds)) return false;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  *micros = (int64_t{hour} * 3600 + minute * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

bool ParseTime(Slice text, bool shift, int64_t* micros) {
  text = TrimText(text);
  const char* p = text.data;
  const char* const end = p + text.size;
  CivilDate date;
  bool has_day = false;
  if (!ReadDate(&p, end, 6, &date, &has_day)) return false;
  int64_t days = 0;
  int64_t time = 0;
  int64_t offset_seconds = 0;
  if (p < end) {
    if (!has_day || (*p != ' ' && *p != 'T')) return false;
    if (!ReadTime(p + 1, end, &time, &offset_seconds)) return false;
  }
  if (!MakeDays(date, &days)) return false;
  if (shift) time -= offset_seconds * kMicrosPerSecond;
  const __int128 all = static_cast<__int128>(days) * kMicrosPerDay + time;
  if (all != static_cast<int64_t>(all)) return false;
  *micros = static_cast<int64_t>(all);
  return true;
}

char* WriteTwo(int64_t value, char* out) {
  *out++ = static_cast<char>('0' + value / 10);
  *out++ = static_cast<char>('0' + value % 10);
  return out;
}

}  // namespace

bool ParseDate(Slice text, int32_t* days) {
  text = TrimText(text);
  const char* p = text.data;
  const char* const end = p + text.size;
  // 2024-01-31, as nearly all dates are written.
  if (text.size == 10 && p[4] == '-' && p[7] == '-' && TwoDigits(p) < 100 && TwoDigits(p + 2) < 100) {
    int64_t found = 0;
    const CivilDate date{TwoDigits(p) * 100 + TwoDigits(p + 2), TwoDigits(p + 5), TwoDigits(p + 8)};
    if (!MakeDays(date, &found)) return false;
    *days = static_cast<int32_t>(found);
    return true;
  }
  CivilDate date;
  bool has_day = false;
  if (!ReadDate(&p, end, 7, &date, &has_day)) return false;
  // A time may follow, or anything.
  if (p < end && (!has_day || (*p != ' ' && *p != 'T'))) return false;
  int64_t found = 0;
  if (!MakeDays(date, &found) || found != static_cast<int32_t>(found)) return false;
  *days = static_cast<int32_t>(found);
  return true;
}

bool ParseTimestamp(Slice text, int64_t* micros) { return ParseTime(text, true, micros); }

bool ParseTimestampNtz(Slice text, int64_t* micros) { return ParseTime(text, false, micros); }

void AppendDate(int32_t days, std::string* out) {
  const CivilDate date = CivilFromDays(days);
  char text[32];
  char* p = text;
  if (date.year < 0) *p++ = '-';
  if (date.year > 9999) *p++ = '+';
  const int64_t year = date.year < 0 ? -date.year : date.year;
  if (year > 9999) {
    p = std::to_chars(p, text + sizeof(text), year).ptr;
  } else {
    p = WriteTwo(year / 100, p);
    p = WriteTwo(year % 100, p);
  }
  *p++ = '-';
  p = WriteTwo(date.month, p);
  *p++ = '-';
  p = WriteTwo(date.day, p);
  out->append(text, p);
}

namespace {

// hh:mm:ss
void AppendTime(int64_t seconds, std::string* out) {
  char text[8];
  char* p = WriteTwo(seconds / 3600, text);
  *p++ = ':';
  p = WriteTwo(seconds / 60 % 60, p);
  *p++ = ':';
  p = WriteTwo(seconds % 60, p);
  out->append(text, p);
}

void AppendFraction(int64_t fraction, int64_t unit, std::string* out) {
  out->push_back('.');
  for (; unit > 0; unit /= 10) {
    out->push_back(static_cast<char>('0' + fraction / unit % 10));
  }
}

}  // namespace

void AppendTimestamp(int64_t micros, std::string* out) {
  AppendDate(static_cast<int32_t>(DayOfMicros(micros)), out);
  const int64_t time = MicrosOfDay(micros);
  out->push_back(' ');
  AppendTime(time / kMicrosPerSecond, out);
  const int64_t fraction = time % kMicrosPerSecond;
  if (fraction == 0) return;
  AppendFraction(fraction, 100'000, out);
  out->erase(out->find_last_not_of('0') + 1);
}

void AppendIsoTimestamp(int64_t micros, std::string* out) {
  AppendDate(static_cast<int32_t>(DayOfMicros(micros)), out);
  const int64_t time = MicrosOfDay(micros);
  out->push_back('T');
  AppendTime(time / kMicrosPerSecond, out);
  const int64_t fraction = time % kMicrosPerSecond;
  if (fraction % 1000 == 0) {
    AppendFraction(fraction / 1000, 100, out);
  } else {
    AppendFraction(fraction, 100'000, out);
  }
}

}  // namespace runjob
