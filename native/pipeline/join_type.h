#pragma once

#include <cstdint>

namespace runjob {

// As JoinType in src/plan/plan.ts, in this order.
enum class RowJoin : uint8_t { kInner = 0, kLeft = 1, kRight = 2, kFull = 3, kSemi = 4, kAnti = 5 };

inline bool GivesPairs(RowJoin type) { return type != RowJoin::kSemi && type != RowJoin::kAnti; }
// Whether left rows without a match come out.
inline bool GivesLoneLeft(RowJoin type) {
  return type == RowJoin::kLeft || type == RowJoin::kFull || type == RowJoin::kAnti;
}
inline bool GivesLoneRight(RowJoin type) { return type == RowJoin::kRight || type == RowJoin::kFull; }

}  // namespace runjob
