// The rows of groups, from the records of group tables in the order of their keys: the grouping columns, then the values.
//
//   source   schema of the grouping columns, values (group_values.h)
//
// Without grouping columns there is always one row.
#pragma once

#include <memory>

#include "base/status.h"
#include "column/program.h"
#include "pipeline/row_source.h"

namespace runjob {

Status CompileGroups(ProgramReader* program, std::unique_ptr<RowSource>* source);

}  // namespace runjob
