// Values as JSON.stringify writes them.
#pragma once

#include <string>

#include "base/slice.h"

namespace runjob {

void AppendJsonNumber(double x, std::string* out);
// Invalid UTF-8 becomes U+FFFD.
void AppendJsonString(Slice text, std::string* out);

}  // namespace runjob
