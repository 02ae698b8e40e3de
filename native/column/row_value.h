// One value as rows have it (column/rows.h).
#pragma once

#include <cstddef>
#include <string>

#include "column/vector.h"

namespace runjob {

// Appends a value, which is not null. REQUIRES: `row` is one of the vector's.
void AppendRowValue(const Vector& column, size_t row, std::string* out);

}  // namespace runjob
