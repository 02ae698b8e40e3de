// Composite keys: a group part, then a part that only orders records inside the group (secondary sort, join side,
// distinct values). memcmp orders them by group first.
//
//   group bytes with every 00 written as 00 FF | 00 01 | suffix bytes, bare
#pragma once

#include <string>

#include "base/slice.h"

namespace runjob {

void AppendPrefix(Slice group, std::string* out);  // escaped group bytes and the terminator
// Length of the escaped group part with its terminator; whole key if there is no terminator.
size_t PrefixLength(Slice key);
// The group's own bytes again. `scratch` is used only if there was something to unescape.
Slice UnescapePrefix(Slice escaped_with_terminator, std::string* scratch);

// Tuples of parts that must sort part by part, and be separable again: every part as a prefix, one after another.

}  // namespace runjob
