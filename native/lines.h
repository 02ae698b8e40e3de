// Lines of text: as keys (NewLinesMapper in mapper.h), or searched for a literal.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "bad_record.h"
#include "slice.h"
#include "status.h"

namespace runjob {

// Passes on the lines that contain a literal, or those that do not. A line is the bytes between newlines; CR
// is content.
class LineFilter {
 public:
  // `invert`: the lines without the literal. `ignore_case`: of ASCII letters. An empty literal is in every
  // line, one with a newline in none.
  // Lines that lie inside one chunk are not measured by the limit: their memory is there already.
  LineFilter(Slice literal, bool invert, bool ignore_case, RecordLimit limit);

  // As Mapper::Push. Appends the lines to `out`, each with a newline.
  Status Push(Slice chunk, uint64_t limit, bool last, std::string* out, bool* done);

  uint64_t position() const { return position_; }        // where the next line starts
  uint64_t records_in() const { return records_in_; }
  uint64_t records_out() const { return records_out_; }
  // As Mapper::TakeBad.
  BadRecords TakeBad() { return std::exchange(bad_, {}); }

 private:
  // Adds a part of the line at `position_`, without a newline.
  Status Extend(Slice part);
  // The line at `position_` is whole; the next one starts at `end`.
  void FinishLine(uint64_t end, std::string* out);
  // Filters whole lines, each with its newline.
  void FilterLines(Slice lines, std::string* out);
  // First occurrence of the literal, or null.
  const char* Find(const char* p, const char* end) const;

  std::string literal_;  // lower case if `ignore_case_`
  bool findable_;        // a line has no newline in it
  bool invert_;
  bool ignore_case_;
  const RecordLimit limit_;
  std::string unfinished_;  // the line that the last chunk began
  bool skips_ = false;      // it is too long: what else comes of it is passed over
  uint64_t taken_ = 0;
  uint64_t position_ = 0;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  BadRecords bad_;
};

}  // namespace runjob
