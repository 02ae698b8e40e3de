// Wanted fields of a JSON object, by name.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/slice.h"
#include "column/type.h"
#include "json/json_shape.h"
#include "text/json_text.h"

namespace runjob {

std::vector<std::string> NamesOf(const std::vector<Field>& fields);

class JsonFields {
 public:
  explicit JsonFields(std::vector<std::string> names);

  size_t size() const { return names_.size(); }
  // Reads an object, whose brace comes next: a value for each field, empty where it is missing.
  bool Read(JsonCursor* cursor, std::vector<Slice>* values);

 private:
  struct Seen {
    std::string text;  // the key in its quotes, and the colon
    int field;
    std::string_view key() const { return std::string_view(text).substr(1, text.size() - 3); }
  };
  int Find(std::string_view key) const;
  int FindRaw(Slice key, bool escaped);
  bool ReadAny(JsonCursor* cursor, std::vector<Slice>* values);
  bool ReadKey(JsonCursor* cursor, size_t place, int* field);

  const std::vector<std::string> names_;
  std::unordered_map<std::string_view, int> places_;
  // Keys by their place in the object, as the last object had them: the next one is probably like it.
  std::vector<Seen> seen_;
  JsonShape shape_;
  int trust_;        // in the shape: it falls when an object is another one
  int untried_ = 0;  // so many objects more are read without it
  std::string unescaped_;
};

}  // namespace runjob
