// Composite keys, number keys and packed records: what was encoded comes back and sorts as it should, and anything else
// decodes to something without a byte read beyond its end.
#include <cmath>

#include "fuzz/fuzz.h"
#include "operator/format.h"
#include "record/key_encoding.h"
#include "record/number_key.h"
#include "record/packed_record.h"
#include "record/record.h"

namespace runjob::fuzz {
namespace {

int Sign(int x) { return (x > 0) - (x < 0); }

void RoundTrip(const std::string& a, const std::string& b, const std::string& suffix) {
  std::string key_a, key_b, scratch;
  AppendPrefix(a, &key_a);
  AppendPrefix(b, &key_b);
  EXPECT(Sign(Compare(key_a, key_b)) == Sign(Compare(a, b)));
  const size_t size = key_a.size();
  key_a += suffix;
  EXPECT(PrefixLength(key_a) == size);
  EXPECT(UnescapePrefix(Slice(key_a.data(), size), &scratch) == Slice(a));

  std::string packed(PackedSize(a.size(), b.size()), '\0');
  char* const start = packed.data();
  char* end = PutVarint(PutVarint(start, a.size()), b.size());
  end = CopyBytes(CopyBytes(end, a.data(), a.size()), b.data(), b.size());
  EXPECT(end == start + packed.size());
  Slice key, value;
  UnpackRecord(start, &key, &value);
  EXPECT(key == Slice(a) && value == Slice(b));
}

// Any bytes at all.
void Decode(Slice bytes, const Layout& layout) {
  std::string scratch;
  const size_t prefix = PrefixLength(bytes);
  EXPECT(prefix <= bytes.size);
  EXPECT(UnescapePrefix(Slice(bytes.data, prefix), &scratch).size <= prefix);

  std::vector<FieldValue> fields(layout.size());
  (void)SplitValue(bytes, layout, fields.data()).ok();
}

void NumberKeys(double a, double b, bool descending) {
  std::string key_a, key_b;
  AppendNumberKey(a, descending, &key_a);
  AppendNumberKey(b, descending, &key_b);
  const int order = Sign(Compare(key_a, key_b));
  if (std::isnan(a) || std::isnan(b)) {
    EXPECT(order == (std::isnan(a) ? 1 : 0) - (std::isnan(b) ? 1 : 0));
  } else {
    const int wanted = (a > b) - (a < b);
    EXPECT(order == (descending ? -wanted : wanted));
  }
}

double AnyDouble(Input* input) {
  const uint64_t bits = uint64_t{input->Word()} << 32 | input->Word();
  double x;
  std::memcpy(&x, &bits, 8);
  return x;
}

void Run(Input input) {
  const double a = AnyDouble(&input), b = AnyDouble(&input);
  NumberKeys(a, b, false);
  NumberKeys(a, b, true);
  Layout layout(input.Below(4));
  for (ValueKind& kind : layout) kind = input.Flag() ? ValueKind::kNumber : ValueKind::kBytes;
  const std::string first = input.Text(), second = input.Text();
  const std::string rest = input.Rest();
  RoundTrip(first, second, rest);
  ForEachChunk(rest, 0, [&](Slice bytes, bool) {
    Decode(bytes, layout);
    return true;
  });

  // Keys and values as they may come out of a damaged run, written as text.
  for (const KeyKind kind : {KeyKind::kBytes, KeyKind::kNumber, KeyKind::kTuple}) {
    FormatOptions options;
    options.kind = static_cast<FormatKind>(layout.size() % 3);
    options.key = kind;
    options.layout = layout;
    RecordsCursor cursor({{first, second}, {rest, first}, {second, rest}});
    EXPECT(cursor.Start().ok());
    std::string text;
    uint64_t records = 0;
    (void)Format(&cursor, options, 1 << 12, &text, &records).ok();
  }
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
