#include "column/add_rows.h"

#include <algorithm>

#include "column/text.h"

namespace runjob {

namespace {

constexpr size_t kQuotedTextBytes = 60;

std::string Describe(const Field& column, Slice text, const char* quote) {
  size_t size = std::min(text.size, kQuotedTextBytes);
  // Not in the middle of a UTF-8 character.
  while (size > 0 && size < text.size && (static_cast<unsigned char>(text.data[size]) & 0xC0) == 0x80) size--;
  return "column \"" + column.name + "\" is " + TypeText(column.type) + ", and here it is " + quote +
         std::string(text.data, size) + (size < text.size ? "..." : "") + quote +
         (column.type.id == TypeId::kDouble && IsUnheldWhole(text)
              ? ", which no double equals: long() or decimal() holds it"
              : "");
}

}  // namespace

std::string BadCell(const Field& column, Slice text) { return Describe(column, text, "\""); }

std::string BadJsonValue(const Field& column, Slice text) { return Describe(column, text, ""); }

}  // namespace runjob
