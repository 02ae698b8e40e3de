// The join of two sides whose records are in the order of their keys.
//
//   source   u8 type, schema of the left rows, schema of the right rows, u32 key columns, type..., u64 bytes, text folder, u8 whether there is
//            a residual condition, expression if so (on left columns, then right ones)
//
// A record's key is that of its key columns (column/keys.h) and a byte: 0 for a right row, 1 for a left one.
// Its value is the row. A key with a null matches nothing. A pair of rows matches if their keys are equal and the residual
// condition is true.
//
// Rows come out by key, then in the order of left rows, then of right rows; right rows without a match after all left rows of
// their key. The right rows of one key are held, up to `bytes` in memory; more are in a file in `folder`.
#pragma once

#include <memory>

#include "base/status.h"
#include "column/program.h"
#include "pipeline/row_source.h"

namespace runjob {

Status CompileMergeJoin(ProgramReader* program, std::unique_ptr<RowSource>* source);

}  // namespace runjob
