// All records of some runs, one run after another and one partition after another: for those who need no order.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "record/cursor.h"

namespace runjob {

// The runs are opened as they are read: RUN_MISSING, RUN_CORRUPT, RUN_VERSION. Its records_in() are those it has read.
std::unique_ptr<Cursor> NewEveryRecord(std::vector<std::string> paths);

}  // namespace runjob
