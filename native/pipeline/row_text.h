// Rows as text, for people and for outputs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "column/type.h"
#include "column/vector.h"

namespace runjob {

// The text of a value that is no text itself, and not nested.
void AppendPlain(const Vector& column, size_t row, std::string* out);

// A type's texts in JSON: keys of structs are written once.
class JsonText {
 public:
  explicit JsonText(const Type& type);

  void Append(const Vector& column, size_t row, std::string* out) const;

 private:
  std::vector<std::string> keys_;
  std::vector<JsonText> children_;
};

// A row as an object of JSON.
class JsonRow {
 public:
  explicit JsonRow(const Schema& schema);

  void Append(const Batch& batch, size_t row, std::string* out) const;

 private:
  std::vector<std::string> keys_;
  std::vector<JsonText> texts_;
};

}  // namespace runjob
