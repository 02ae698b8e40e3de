// All functions, by family.
#pragma once

#include <vector>

#include "function/call.h"

namespace runjob {

std::vector<Function> ArithmeticFunctions();
std::vector<Function> CompareFunctions();
std::vector<Function> LogicFunctions();
std::vector<Function> ConditionFunctions();
std::vector<Function> CastFunctions();
std::vector<Function> MathFunctions();
std::vector<Function> RoundFunctions();
std::vector<Function> HashFunctions();
std::vector<Function> TextFunctions();
std::vector<Function> MatchFunctions();
std::vector<Function> BinaryFunctions();
std::vector<Function> DateFunctions();
std::vector<Function> DateTextFunctions();
std::vector<Function> ListFunctions();
std::vector<Function> StructFunctions();
std::vector<Function> JsonFunctions();

}  // namespace runjob
