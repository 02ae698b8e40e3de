// Rows and keys of typed columns: bytes are rows that come back as they were, or are refused; keys of rows read back as rows with the
// same keys; no bytes crash a reader of either.
#include "column/rows.h"
#include "column/keys.h"
#include "fuzz/fuzz.h"

namespace runjob::fuzz {
namespace {

Type TypeOf(Input* input, int depth) {
  Type type;
  type.id = static_cast<TypeId>(input->Below(depth < 3 ? 12 : 10));
  if (type.id == TypeId::kDecimal) type.precision = input->Flag() ? 38 : 9;
  const uint32_t fields = type.id == TypeId::kList ? 1 : type.id == TypeId::kStruct ? input->Below(4) : 0;
  for (uint32_t i = 0; i < fields; i++) type.fields.push_back(Field{"", TypeOf(input, depth + 1), true});
  return type;
}

std::string RowOf(const Batch& batch) {
  std::vector<const Vector*> columns;
  for (const Vector& column : batch.columns) columns.push_back(&column);
  std::string row;
  AppendRow(columns, 0, &row);
  return row;
}

std::string KeyOf(const Batch& batch, const std::vector<KeyOrder>& orders) {
  std::string key;
  for (size_t i = 0; i < batch.columns.size(); i++) AppendKey(batch.columns[i], 0, orders[i], &key);
  return key;
}

void Run(Input input) {
  Schema schema;
  std::vector<KeyOrder> orders;
  for (uint32_t i = input.Below(9); i > 0; i--) {
    schema.push_back(Field{"", TypeOf(&input, 0), true});
    orders.push_back(KeyOrder{input.Flag(), input.Flag()});
  }
  const std::string content = input.Rest();
  const std::unique_ptr<char[]> bytes(new char[content.size()]);
  if (!content.empty()) std::memcpy(bytes.get(), content.data(), content.size());
  const Slice slice(bytes.get(), content.size());

  const std::unique_ptr<KeyDecoder> keys = NewKeyDecoder(schema, orders);
  Slice rest = slice;
  if (keys->Add(&rest).ok()) {
    EXPECT(rest.size <= slice.size);
    RowOf(keys->batch());
  }

  const std::unique_ptr<RowDecoder> rows = NewRowDecoder(schema);
  if (!rows->Add(slice).ok()) return;
  const std::string row = RowOf(rows->batch());
  const std::string key = KeyOf(rows->batch(), orders);
  const std::unique_ptr<RowDecoder> again = NewRowDecoder(schema);
  EXPECT(again->Add(row).ok());
  EXPECT(RowOf(again->batch()) == row);
  keys->Clear();
  const std::unique_ptr<KeyDecoder> of_key = NewKeyDecoder(schema, orders);
  rest = key;
  EXPECT(of_key->Add(&rest).ok());
  EXPECT(rest.empty());
  EXPECT(KeyOf(of_key->batch(), orders) == key);
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run(runjob::fuzz::Input(data, size));
  return 0;
}
