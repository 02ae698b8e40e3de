// Where the rows of a batch come from, for a pipeline's end that wants to know.
#pragma once

#include <vector>

#include "column/add_rows.h"

namespace runjob {

// Of each row of the batch that a scan is adding, by its number in the batch; set before.
using RowPlaces = std::vector<RecordPlace>;

}  // namespace runjob
