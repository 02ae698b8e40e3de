// Lines of text: as keys, or searched for a literal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/slice.h"
#include "base/status.h"
#include "record/bad_record.h"
#include "record/batch_sink.h"
#include "record/mapper.h"

namespace runjob {

// The bytes between newlines, exactly; CR and byte-order marks are content. Key: the line. No columns.
// The limit is for lines, and 16 KiB at least.
std::unique_ptr<Mapper> NewLinesMapper(RecordLimit limit, BatchSink* sink);

// Passes on the lines that contain a literal, or those that do not. A line is the bytes between newlines; CR
// is content.
class LineFilter {
 public:
  // `invert`: the lines without the literal. `ignore_case`: by Unicode's simple case folding; the literal is
  // ASCII then. An empty literal is in every line, one with a newline in none.
  // The limit does not apply to lines inside one chunk, whose memory is already there.
  LineFilter(Slice literal, bool invert, bool ignore_case, RecordLimit limit);

  // As Mapper::Push. Appends the lines to `out`, each with a newline.
  Status Push(Slice chunk, uint64_t limit, bool last, std::string* out, bool* done);

  uint64_t position() const { return position_; }  // where the next line starts
  uint64_t records_in() const { return records_in_; }
  uint64_t records_out() const { return records_out_; }
  // As Mapper::TakeBad.
  std::vector<BadRecord> TakeBad() { return bad_.Take(); }

 private:
  // Adds a part of the line at `position_`, without a newline.
  Status Extend(Slice part);
  // The line at `position_` is whole; the next one starts at `end`.
  void FinishLine(uint64_t end, std::string* out);
  // Filters whole lines, each with its newline.
  void FilterLines(Slice lines, std::string* out);
  // The same for lines that hold letters beyond ASCII which fold to ASCII ones.
  void FilterFolded(Slice lines, std::string* out);
  bool HoldsFolding(Slice lines) const;
  // First occurrence of the literal, or null.
  const char* Find(const char* p, const char* end) const;

  std::string literal_;  // lower case if `ignore_case_`
  bool findable_;        // a line has no newline in it
  bool invert_;
  bool ignore_case_;
  bool folds_;  // letters beyond ASCII may match some of the literal's
  const RecordLimit limit_;
  std::string unfinished_;  // the line that the last chunk began
  bool skips_ = false;      // it is too long: what else comes of it is skipped
  uint64_t taken_ = 0;
  uint64_t position_ = 0;
  uint64_t records_in_ = 0;
  uint64_t records_out_ = 0;
  BadRecords bad_;
};

}  // namespace runjob
