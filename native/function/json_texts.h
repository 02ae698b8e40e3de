// Texts of JSON as values of one type.
#pragma once

#include <cstddef>
#include <utility>

#include "base/slice.h"
#include "base/status.h"
#include "column/column_buffer.h"
#include "column/text_heap.h"
#include "column/type.h"
#include "json/json_value.h"

namespace runjob {

class JsonTexts {
 public:
  explicit JsonTexts(Type type)
      : field_{"$", std::move(type), true}, value_(field_, field_.name, &heap_), values_(field_.type) {}

  const Type& type() const { return field_.type; }
  size_t size() const { return values_.rows(); }
  // Appends the value, null if the text is blank; or nothing: ARGUMENT_INVALID. The text must stay where it is.
  Status Add(Slice text);
  // The same, of a copy of the text.
  Status AddCopy(Slice text);
  // Valid until the next change.
  Vector values() const;
  void Clear();

 private:
  const Field field_;
  TextHeap heap_;
  JsonValue value_;
  ColumnBuffer values_;
};

}  // namespace runjob
