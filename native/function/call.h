// Calls of functions: how they are made, and how kernels are run on vectors of any form.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "column/type.h"
#include "function/kernel.h"
#include "function/node.h"

namespace runjob {

// Equal but for names, and whether there may be nulls.
bool SameValues(const Type& a, const Type& b);

// What a program says of a call.
struct Call {
  std::string name;
  Type type;
  std::vector<std::unique_ptr<Node>> args;

  const Type& arg(size_t i) const { return args[i]->type(); }
  TypeId id(size_t i) const { return args[i]->type().id; }
  // Whether the arguments have just these types, and the result that.
  bool Is(std::initializer_list<TypeId> types, TypeId result) const;
  // Of the same type, all of them, and at least so many.
  bool Alike(size_t least) const;
  // The value of an argument that is the same for all rows, and not null; else null.
  const Vector* Literal(size_t i) const;
  std::string Text() const;  // of its signature: add(int, string)
};

// Null where there is no such function of these types.
using Factory = std::unique_ptr<Node> (*)(Call* call);
struct Function {
  std::string_view name;
  Factory make;
};

// Null if the kernel is.
std::unique_ptr<Node> MakeCall(Call* call, std::unique_ptr<Kernel> kernel);

Factory FindFunction(std::string_view name);

}  // namespace runjob
