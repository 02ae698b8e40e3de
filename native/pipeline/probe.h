// The operator that joins rows, as the left side, with those of a table.
//
//   operator   u8 3, u32 table, u8 type, u32 count, u32 key column..., u8 whether there is a residual condition, expression if so
//              (on left columns, then the table's)
//
// Rows come out in the order of the left rows, then in that of the table's; right and full joins give the table's rows without a match
// at the end, in their order: the table has to keep all rows, and nothing else may use it.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "column/program.h"
#include "column/type.h"
#include "pipeline/join_table.h"
#include "pipeline/operator.h"

namespace runjob {

// Reads what follows the u8. `input` must stay where it is.
Status CompileProbe(ProgramReader* program, const Schema& input,
                    const std::vector<std::shared_ptr<const JoinTable>>& tables, std::unique_ptr<RowOperator>* result);

}  // namespace runjob
