// Literals of a program.
#pragma once

#include <memory>

#include "column/program.h"
#include "function/node.h"

namespace runjob {

// As column/program.h has it. Null where the bytes are wrong.
std::unique_ptr<Node> ReadLiteral(ProgramReader* program);

// The value of a literal node. REQUIRES: node.literal()
const Vector& LiteralValue(const Node& node);

}  // namespace runjob
