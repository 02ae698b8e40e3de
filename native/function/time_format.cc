#include "function/time_format.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/calendar.h"
#include "function/time_parts.h"

namespace runjob {

namespace {

constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                 "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<const char*, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                              "Friday", "Saturday", "Sunday"};

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void AppendPadded(uint64_t value, int digits, std::string* out) {
  const std::string text = std::to_string(value);
  if (static_cast<int>(text.size()) < digits) out->append(static_cast<size_t>(digits) - text.size(), '0');
  out->append(text);
}

char Lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

// Whether the text goes on with that, in any case of ASCII letters.
bool TakeText(const char** p, const char* end, Slice wanted) {
  if (static_cast<size_t>(end - *p) < wanted.size) return false;
  for (size_t i = 0; i < wanted.size; i++) {
    if (Lower((*p)[i]) != Lower(wanted.data[i])) return false;
  }
  *p += wanted.size;
  return true;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool TimeFormat::Parse(Slice pattern) {
  constexpr std::string_view kKnown = "yMdDHhmsSaE";
  pieces_.clear();
  const auto add_text = [this](char c) {
    if (pieces_.empty() || pieces_.back().letter != 0) pieces_.push_back({0, 0, ""});
    pieces_.back().text.push_back(c);
  };
  for (size_t i = 0; i < pattern.size;) {
    const char c = pattern.data[i];
    if (c == '\'') {
      // '' is a quote, in quotes and outside.
      bool closed = false;
      const size_t start = ++i;
      while (i < pattern.size && !closed) {
        if (pattern.data[i] != '\'') {
          add_text(pattern.data[i++]);
        } else if (i + 1 < pattern.size && pattern.data[i + 1] == '\'') {
          add_text('\'');
          i += 2;
        } else {
          if (i == start) add_text('\'');
          closed = true;
          i++;
        }
      }
      if (!closed) return false;
      continue;
    }
    if (!IsLetter(c)) {
      add_text(c);
      i++;
      continue;
    }
    int count = 0;
    for (; i < pattern.size && pattern.data[i] == c; i++) count++;
    if (kKnown.find(c) == std::string_view::npos || count > 9) return false;
    pieces_.push_back({c, count, ""});
  }
  return true;
}

void TimeFormat::Append(int64_t micros, std::string* out) const {
  const int64_t days = DayOfMicros(micros);
  const int64_t in_day = MicrosOfDay(micros);
  const CivilDate date = CivilFromDays(days);
  const auto seconds = static_cast<uint64_t>(in_day / kMicrosPerSecond);
  const uint64_t hour = seconds / 3600;
  for (const Piece& piece : pieces_) {
    const int count = piece.count;
    switch (piece.letter) {
      case 0:
        out->append(piece.text);
        break;
      case 'y': {
        const auto year = static_cast<uint64_t>(date.year < 0 ? -date.year : date.year);
        if (count == 2) {
          AppendPadded(year % 100, 2, out);
          break;
        }
        const size_t digits = std::to_string(year).size();
        if (date.year < 0) {
          out->push_back('-');
        } else if (count >= 4 && digits > static_cast<size_t>(count)) {
          out->push_back('+');
        }
        AppendPadded(year, count, out);
        break;
      }
      case 'M': {
        const char* const name = kMonths[static_cast<size_t>(date.month - 1)];
        if (count < 3) {
          AppendPadded(static_cast<uint64_t>(date.month), count, out);
        } else if (count == 3) {
          out->append(name, 3);
        } else {
          out->append(name);
        }
        break;
      }
      case 'd':
        AppendPadded(static_cast<uint64_t>(date.day), count, out);
        break;
      case 'D':
        AppendPadded(static_cast<uint64_t>(DayOfYear(days)), count, out);
        break;
      case 'H':
        AppendPadded(hour, count, out);
        break;
      case 'h':
        AppendPadded((hour + 11) % 12 + 1, count, out);
        break;
      case 'm':
        AppendPadded(seconds / 60 % 60, count, out);
        break;
      case 's':
        AppendPadded(seconds % 60, count, out);
        break;
      case 'S': {
        std::string fraction;
        AppendPadded(static_cast<uint64_t>(in_day % kMicrosPerSecond), 6, &fraction);
        fraction.append("000");
        out->append(fraction, 0, static_cast<size_t>(count));
        break;
      }
      case 'a':
        out->append(hour < 12 ? "AM" : "PM");
        break;
      case 'E': {
        const char* const name = kDays[static_cast<size_t>(Weekday(days))];
        out->append(name, count < 4 ? 3 : std::string_view(name).size());
        break;
      }
    }
  }
}

size_t TimeFormat::FixedDigitsAfter(size_t piece) const {
  size_t digits = 0;
  for (size_t i = piece + 1; i < pieces_.size(); i++) {
    const Piece& next = pieces_[i];
    const bool number = std::string_view("dHhmsM").find(next.letter) != std::string_view::npos && next.letter != 0;
    if (!number || next.count != 2) break;
    digits += 2;
  }
  return digits;
}

bool TimeFormat::Read(Slice text, int64_t* days, int64_t* micros_of_day) const {
  const char* p = text.data;
  const char* const end = p + text.size;
  std::optional<int64_t> parts[128];
  const auto set = [&parts](char letter, int64_t value) {
    auto& part = parts[static_cast<size_t>(letter)];
    if (part.has_value() && *part != value) return false;
    part = value;
    return true;
  };
  for (size_t i = 0; i < pieces_.size(); i++) {
    const Piece& piece = pieces_[i];
    const auto count = static_cast<size_t>(piece.count);
    const char letter = piece.letter;
    if (letter == 0) {
      if (!TakeText(&p, end, piece.text)) return false;
      continue;
    }
    if (letter == 'a') {
      const bool pm = TakeText(&p, end, Slice("PM", 2));
      if (!pm && !TakeText(&p, end, Slice("AM", 2))) return false;
      if (!set('a', pm ? 12 : 0)) return false;
      continue;
    }
    if (letter == 'M' && count >= 3) {
      int64_t month = 0;
      for (size_t k = 0; k < kMonths.size() && month == 0; k++) {
        const std::string_view name = count == 3 ? std::string_view(kMonths[k], 3) : std::string_view(kMonths[k]);
        if (TakeText(&p, end, name)) month = static_cast<int64_t>(k) + 1;
      }
      if (month == 0 || !set('M', month)) return false;
      continue;
    }
    if (letter == 'D' || letter == 'E') return false;
    bool negative = false;
    bool plus = false;
    if (letter == 'y' && count != 2 && p < end && (*p == '-' || *p == '+')) {
      negative = *p == '-';
      plus = !negative;
      p++;
    }
    size_t digits = 0;
    while (p + digits < end && IsDigit(p[digits])) digits++;
    size_t least = 1, most = 9;
    if (letter == 'S') {
      most = count;
    } else if (letter == 'y') {
      least = count;
      most = count == 2 ? 2 : 10;
    } else if (count == 2) {
      least = most = 2;
    }
    // Numbers without anything between them: the first takes what the others leave.
    const size_t reserved = least == most ? 0 : FixedDigitsAfter(i);
    size_t taken = digits > reserved ? digits - reserved : digits;
    taken = std::min(taken, most);
    if (taken < least) return false;
    // A year of more digits than the letter is long has a sign, and one with a plus has more.
    if (letter == 'y' && count >= 4 && !negative && (taken > count) != plus) return false;
    if (letter == 'y' && count < 4 && plus) return false;
    int64_t value = 0;
    for (size_t k = 0; k < taken; k++) value = value * 10 + (p[k] - '0');
    if (letter == 'S') {
      for (size_t k = taken; k < 9; k++) value *= 10;
      value /= 1000;
    }
    if (letter == 'y' && count == 2) value += 2000;
    p += taken;
    if (!set(letter, negative ? -value : value)) return false;
  }
  if (p != end) return false;
  const auto part = [&parts](char letter, int64_t otherwise) {
    return parts[static_cast<size_t>(letter)].value_or(otherwise);
  };
  const int64_t year = part('y', 1970), month = part('M', 1), day = part('d', 1);
  const int64_t minute = part('m', 0), second = part('s', 0);
  int64_t hour = part('H', 0);
  if (const auto& of_half = parts[size_t{'h'}]; of_half.has_value()) {
    if (*of_half < 1 || *of_half > 12) return false;
    const int64_t of_day = *of_half % 12 + part('a', 0);
    if (parts[size_t{'H'}].has_value() && hour != of_day) return false;
    hour = of_day;
  }
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return false;
  if (day > DaysOfMonth(year, static_cast<int32_t>(month))) return false;
  *days = DaysFromCivil({year, static_cast<int32_t>(month), static_cast<int32_t>(day)});
  *micros_of_day = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + part('S', 0);
  return true;
}

}  // namespace runjob
