// The operator that drops rows, ahead of a join, whose key is none of its table's.
//
//   operator   u8 5, u32 table, u32 key of the table, u32 column
//
// Some rows without a match may pass: where few rows are dropped, it does not look at all of them. One whose key is null has no match.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "column/program.h"
#include "column/type.h"
#include "pipeline/join_table.h"
#include "pipeline/operator.h"

namespace runjob {

// Reads what follows the u8. `input` must stay where it is. Where the table has no set of the key, all rows pass.
Status CompileKeyFilter(ProgramReader* program, const Schema& input,
                        const std::vector<std::shared_ptr<const JoinTable>>& tables,
                        std::unique_ptr<RowOperator>* result);

}  // namespace runjob
