// The frame of a row: the rows of its partition that a window function is about.
//
//   frame   u8 unit (0 rows, 1 range), end, end, u32 column, u8 descending, u8 nulls first
//   end     u8 0                unbounded
//           u8 1                the current row; of range, also its peers
//           u8 2, i128 whole, f64 real   so many rows after it, or the distance from its value of the column
//
// The column is what orders the rows, for ends at a distance: whole numbers, decimals (unscaled), dates, timestamps, or doubles.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "column/keys.h"
#include "column/program.h"
#include "column/type.h"
#include "column/vector.h"
#include "pipeline/window_rows.h"

namespace runjob {

class WindowFrame {
 public:
  explicit WindowFrame(WindowRows* rows) : rows_(rows), current_(rows), at_low_(rows), at_high_(rows) {}

  Status Read(ProgramReader* program, const Schema& schema);

  // Finds the frame of the next row, from low() to high(): neither goes back. `known` is false if that depends on rows that cannot be seen
  // yet; ask again.
  Status Find(uint64_t row, uint8_t flags, bool* known);
  uint64_t low() const { return low_; }
  uint64_t high() const { return high_; }
  // Whether it begins, or ends, where its partition does.
  bool from_start() const { return start_.kind == EndKind::kUnbounded; }
  bool to_end() const { return end_.kind == EndKind::kUnbounded; }

 private:
  enum class EndKind : uint8_t { kUnbounded = 0, kCurrent = 1, kOffset = 2 };
  struct End {
    EndKind kind = EndKind::kUnbounded;
    __int128 whole = 0;
    double real = 0;
  };
  struct Key {
    bool null = false;
    __int128 whole = 0;
    double real = 0;
  };

  static bool ReadEnd(ProgramReader* program, End* end);
  Status FindHigh(uint64_t row, uint64_t limit, bool is_end, bool* known);
  Status FindLow(uint64_t row);
  // From `*at` on, past the rows that are before the key, or equal to it where `equal` is set; up to `limit`.
  Status Skip(const Key& key, bool equal, uint64_t limit, WindowPlace* place, uint64_t* at);
  Status KeyAt(WindowPlace* place, uint64_t row, Key* key);
  Key Moved(const Key& key, const End& end) const;
  int Compare(const Key& a, const Key& b) const;

  WindowRows* const rows_;
  bool by_range_ = false;
  End start_;
  End end_;
  uint32_t column_ = 0;
  TypeId type_ = TypeId::kInt;
  bool wide_ = false;
  KeyOrder order_;

  WindowPlace current_;
  // Of their own: they may be far from each other, in the file.
  WindowPlace at_low_;
  WindowPlace at_high_;
  uint64_t partition_ = 0;  // where it begins
  uint64_t peers_ = 0;      // where those of the row begin
  uint64_t low_ = 0;
  uint64_t high_ = 0;
};

}  // namespace runjob
