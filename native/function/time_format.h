// Formats of dates and times: those letters of Java's DateTimeFormatter that need no place or zone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"

namespace runjob {

class TimeFormat {
 public:
  // False where it has letters that are not known here, or a quote without its end.
  bool Parse(Slice pattern);

  void Append(int64_t micros, std::string* out) const;
  // False if the text is another, or no time that there is. Parts that the format lacks are those of 1970-01-01 00:00:00.
  bool Read(Slice text, int64_t* days, int64_t* micros_of_day) const;

 private:
  struct Piece {
    char letter;       // 0: text
    int count;         // of the letter
    std::string text;  // as it is
  };
  // Digits that the numbers right after the piece take, if they are of a fixed width.
  size_t FixedDigitsAfter(size_t piece) const;

  std::vector<Piece> pieces_;
};

}  // namespace runjob
