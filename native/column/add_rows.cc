#include "column/add_rows.h"

#include <algorithm>

#include "column/text.h"

namespace runjob {

namespace {

constexpr size_t kQuotedTextBytes = 60;

std::string Describe(const std::string& name, const Type& type, Slice text, const char* quote) {
  size_t size = std::min(text.size, kQuotedTextBytes);
  // Not in the middle of a UTF-8 character.
  while (size > 0 && size < text.size && (static_cast<unsigned char>(text.data[size]) & 0xC0) == 0x80) size--;
  return "\"" + name + "\" is " + TypeText(type) + ", and here it is " + quote + std::string(text.data, size) +
         (size < text.size ? "..." : "") + quote +
         (type.id == TypeId::kDouble && IsUnheldWhole(text) ? ", which no double equals: long() or decimal() holds it"
                                                            : "");
}

}  // namespace

std::string BadCell(const Field& column, Slice text) {
  return "column " + Describe(column.name, column.type, text, "\"");
}

std::string BadJsonValue(const std::string& path, const Type& type, Slice text) {
  return Describe(path, type, text, "");
}

}  // namespace runjob
