#include "function/json_texts.h"

#include <cstring>

#include "function/value_text.h"
#include "text/json_text.h"

namespace runjob {

Status JsonTexts::Add(Slice text) {
  JsonCursor cursor(text);
  // As in Spark, which takes blank text for a missing value.
  if (cursor.AtEnd()) return value_.Append(Slice(), &values_);
  Slice value;
  if (!cursor.ReadValue(&value) || (!cursor.AtEnd() && !cursor.Fail("more follows the value"))) {
    return Status::Error("ARGUMENT_INVALID", Quoted(text) + ": " + cursor.problem());
  }
  const Status status = value_.Append(value, &values_);
  return status.ok() ? status : Status::Error("ARGUMENT_INVALID", status.detail());
}

Status JsonTexts::AddCopy(Slice text) {
  char* const copy = heap_.Allocate(text.size);
  if (text.size > 0) std::memcpy(copy, text.data, text.size);
  return Add(Slice(copy, text.size));
}

Vector JsonTexts::values() const {
  Vector values;
  values_.View(&values);
  return values;
}

void JsonTexts::Clear() {
  values_.Clear();
  heap_.Clear();
}

}  // namespace runjob
