#include <unordered_map>

#include "function/functions.h"

namespace runjob {

namespace {

std::unordered_map<std::string_view, Factory> AllFunctions() {
  std::unordered_map<std::string_view, Factory> all;
  for (const auto family : {
           ArithmeticFunctions,
           CompareFunctions,
           LogicFunctions,
           ConditionFunctions,
           CastFunctions,
           MathFunctions,
           RoundFunctions,
           HashFunctions,
           TextFunctions,
           MatchFunctions,
           BinaryFunctions,
           DateFunctions,
           DateTextFunctions,
           ListFunctions,
           StructFunctions,
           JsonFunctions,
       }) {
    for (const Function& function : family()) all.emplace(function.name, function.make);
  }
  return all;
}

}  // namespace

Factory FindFunction(std::string_view name) {
  static const auto all = AllFunctions();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

}  // namespace runjob
