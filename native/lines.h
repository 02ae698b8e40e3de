// Lines of text: as keys (NewLinesMapper in mapper.h), or searched for a literal.
#pragma once

#include <cstdint>
#include <string>

#include "slice.h"
#include "status.h"

namespace runjob {

// Passes on the lines that contain a literal, or those that do not. A line is the bytes between newlines; CR
// is content.
class LineFilter {
 public:
  // `invert`: the lines without the literal. `ignore_case`: of ASCII letters. An empty literal is in every
  // line, one with a newline in none.
  // A line that is longer than `max_line_bytes` is RECORD_TOO_LARGE.
  LineFilter(Slice literal, bool invert, bool ignore_case, uint64_t max_line_bytes);

  // As Mapper::Push. Appends the lines to `out`, each with a newline.
  Status Push(Slice chunk, uint64_t limit, bool last, std::string* out, bool* done);

  uint64_t position() const { return position_; }        // where the next line starts
  uint64_t records_in() const { return records_in_; }
  uint64_t records_out() const { return records_out_; }

 private:
  // Filters whole lines, each with its newline.
  void FilterLines(Slice lines, std::string* out);
  // First occurrence of the literal, or null.
  const char* Find(const char* p, const char* end) const;

  std::string literal_;  // lower case if `ignore_case_`
  bool findable_;        // a line has no newline in it
  bool invert_;
  bool ignore_case_;
  const uint64_t max_line_bytes_;
  std::string unfinished_;  // the line that the last chunk began
  uint64_t taken_ = 0;
  uint64_t position_ = 0;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
};

}  // namespace runjob
