// Fields of JSON lines for functions: they are where they should be in the
// string, and what JsonRows reads.
#include "json/json_reader.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "json/json_row.h"

namespace runjob::fuzz {
namespace {

// The bytes that each unit of the string begins in.
std::vector<size_t> PlacesOf(Slice block) {
  std::vector<size_t> places;
  for (const char* p = block.data; p < block.data + block.size;) {
    const Utf8Char next = DecodeUtf8(p, block.data + block.size);
    places.insert(places.end(), next.code_point >= 0x10000 ? 2 : 1, static_cast<size_t>(p - block.data));
    p += next.length;
  }
  places.push_back(block.size);
  return places;
}

// The text that a line's field has in JsonRows, in a column of strings; none if
// it is missing or null.
void CheckField(const Vector& column, Slice block, const std::vector<size_t>& places, const int32_t* bounds) {
  const int32_t start = bounds[0];
  EXPECT(start >= static_cast<int32_t>(JsonFieldKind::kNumber));
  const bool missing = start == static_cast<int32_t>(JsonFieldKind::kMissing);
  EXPECT((missing || start == static_cast<int32_t>(JsonFieldKind::kNull)) == !column.valid(0));
  if (start < 0) return;
  const bool is_text = bounds[1] >= 0;
  const size_t end = static_cast<size_t>(is_text ? bounds[1] : ~bounds[1]);
  EXPECT(static_cast<size_t>(start) <= end && end < places.size());
  const size_t from = places[static_cast<size_t>(start)];
  const Slice text(block.data + from, places[end] - from);
  // A value in quotes has something to undo.
  if (!is_text && block.data[from] == '"') return;
  EXPECT(column.at<StringView>(0).slice().ToString() == text.ToString());
}

void Run(Input input) {
  Schema schema;
  std::vector<std::string> names;
  Type type;
  type.id = TypeId::kString;
  for (uint32_t i = input.Below(4); i > 0; i--) {
    names.push_back(std::string(1, static_cast<char>('a' + i)));
    schema.push_back({names.back(), type, true});
  }
  const std::string data = input.Rest();
  // As long as it is, so that AddressSanitizer sees every byte read beyond it.
  const std::unique_ptr<char[]> copy(new char[data.size()]);
  std::copy(data.begin(), data.end(), copy.get());
  const Slice block(copy.get(), data.size());
  const std::vector<size_t> places = PlacesOf(block);
  JsonReader reader(names);
  JsonRows rows(schema);
  JsonBlock lines;
  while (lines.bytes < block.size) {
    size_t at = lines.bytes;
    reader.Read(block, places.size() == block.size + 1, &lines);
    EXPECT(lines.lines > 0 && lines.bytes <= block.size && places[lines.units] == lines.bytes);
    const int32_t* bounds = lines.bounds.data();
    for (size_t i = 0; i < lines.lines; i++) {
      const bool described = bounds[1] >= 0;
      const size_t end = places[static_cast<size_t>(described ? bounds[1] : ~bounds[1])];
      EXPECT(places[static_cast<size_t>(bounds[0])] == at);
      EXPECT(end == block.size || block.data[end] == '\n');
      rows.Clear();
      const Status status = rows.Append(Slice(block.data + at, end - at));
      // A number that a double might not hold is no fault of the line.
      EXPECT(status.ok() || !described);
      bounds += JsonBlock::kBounds;
      for (size_t field = 0; field < names.size(); field++, bounds += JsonBlock::kBounds) {
        if (described) CheckField(rows.batch().columns[field], block, places, bounds);
      }
      at = end + 1;
    }
  }
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
