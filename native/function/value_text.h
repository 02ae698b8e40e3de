// Values as text, of any type.
#pragma once

#include <string>

#include "column/vector.h"

namespace runjob {

// As Spark's cast to a string. REQUIRES: the row is not null. Lists and structs as [1, null, 3] and {1, q}.
void AppendValue(const Vector& vector, size_t row, std::string* out);

// For errors: text and bytes quoted, and shortened.
std::string QuotedValue(const Vector& vector, size_t row);
std::string Quoted(Slice text);

}  // namespace runjob
