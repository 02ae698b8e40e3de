// Rows as blocks of columns: see blocks_end.cc.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "column/program.h"
#include "column/row_places.h"
#include "column/vector.h"

namespace runjob {

// Appends to `output`. `places`, which it may want, must stay where it is.
Status CompileBlocksEnd(ProgramReader* program, const Schema& input, const RowPlaces* places, std::string* output,
                        bool* wants_places, std::unique_ptr<ColumnSink>* result);

}  // namespace runjob
