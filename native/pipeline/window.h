// Window functions over the rows of an exchange, which come by partition, and there in the order of the window.
//
//   source   schema of the rows, u32 count, u32 partition column..., u64 bytes, text folder, u32 columns of results,
//            u32 count, (function (window_function.h), u32 place among these of each of its results)...
//
// A record's key begins with that of its partition columns (column/keys.h); rows with equal keys are peers. Its value is the row.
//
// Rows come out in their order, with the results behind their own columns. A row waits until all that its results depend on has been read: up
// to `bytes` in memory; more are in a file in `folder`.
#pragma once

#include <memory>

#include "base/status.h"
#include "column/program.h"
#include "pipeline/row_source.h"

namespace runjob {

Status CompileWindow(ProgramReader* program, std::unique_ptr<RowSource>* source);

}  // namespace runjob
