// Blocks of Avro: any bytes, read as any layout, give the same rows whatever the chunks, or the same error.
#include "avro/scan.h"

#include <cstring>
#include <string>
#include <utility>

#include "avro/layout.h"
#include "column/program.h"
#include "fuzz/scans.h"

namespace runjob::fuzz {
namespace {

void Put(std::string* program, uint32_t number) { program->append(reinterpret_cast<const char*>(&number), 4); }

void PutText(std::string* program, const std::string& text) {
  Put(program, static_cast<uint32_t>(text.size()));
  *program += text;
}

// A value, and the type that it becomes: written in the order in which they are needed.
struct RandomLayout {
  explicit RandomLayout(Input* input) : input_(*input) {}

  std::string Program() {
    std::string steps;
    std::string schema;
    const uint32_t count = 1 + input_.Below(4);
    uint32_t columns = 0;
    Put(&steps, count);
    for (uint32_t i = 0; i < count; i++) AddStep(&steps, &schema, &columns, 2);
    if (input_.Flag()) AddField(&schema, &columns, std::string(1, '\x02'));
    std::string program;
    Put(&program, columns);
    program += schema + steps;
    Put(&program, 13);
    for (char wire = 0; wire < 10; wire++) {
      program += wire;
      if (wire == 8) Put(&program, input_.Below(4));
    }
    // A list, a union and a record of any of them, each perhaps in itself.
    for (char wire = 10; wire < 13; wire++) {
      program += wire;
      const uint32_t children = wire == 10 ? 1 : input_.Below(4);
      if (wire > 10) Put(&program, children);
      for (uint32_t i = 0; i < children; i++) Put(&program, input_.Below(13));
    }
    return program;
  }

 private:
  void AddField(std::string* schema, uint32_t* columns, const std::string& type, bool is_nullable = true) {
    PutText(schema, std::string(1, static_cast<char>('a' + (*columns)++)));
    *schema += type;
    *schema += is_nullable ? '\x01' : '\x00';
  }

  void AddStep(std::string* steps, std::string* schema, uint32_t* columns, int depth) {
    if (input_.Below(3) == 0) {
      *steps += '\0';
      Put(steps, input_.Below(13));
      return;
    }
    *steps += '\x01';
    Put(steps, *columns);
    std::string type;
    AddValue(steps, &type, depth);
    AddField(schema, columns, type, input_.Flag());
  }

  void AddValue(std::string* value, std::string* type, int depth) {
    switch (input_.Below(depth > 0 ? 6 : 4)) {
      case 4:
        *value += '\x02';
        *type += static_cast<char>(TypeId::kList);
        PutText(type, "");
        AddValue(value, type, depth - 1);
        *type += input_.Flag() ? '\x01' : '\x00';
        return;
      case 5: {
        std::string fields;
        uint32_t count = 0;
        const uint32_t steps = 1 + input_.Below(3);
        *value += '\x03';
        Put(value, steps);
        for (uint32_t i = 0; i < steps; i++) AddStep(value, &fields, &count, depth - 1);
        *type += static_cast<char>(TypeId::kStruct);
        Put(type, count);
        *type += fields;
        return;
      }
      case 3:
        *value += '\x04';
        Put(value, 2);
        *value += '\0';
        AddLeaf(value, type);
        return;
      default:
        AddLeaf(value, type);
    }
  }

  void AddLeaf(std::string* value, std::string* type) {
    static constexpr char kLeaves[][3] = {{1, 0, 0}, {2, 0, 1}, {2, 0, 2}, {2, 0, 3}, {3, 0, 2}, {3, 1, 8},
                                          {3, 2, 9}, {4, 0, 3}, {5, 0, 3}, {6, 0, 6}, {7, 0, 5}, {8, 0, 6},
                                          {9, 0, 5}, {6, 3, 4}, {8, 3, 4}, {2, 0, 7}, {3, 0, 4}};
    const char* const leaf = kLeaves[input_.Below(sizeof(kLeaves) / sizeof(kLeaves[0]))];
    const bool is_decimal = leaf[1] == 3;
    *value += '\x01';
    *value += leaf[0];
    *value += leaf[1];
    *value += is_decimal ? '\x05' : '\0';
    *value += is_decimal ? '\x02' : '\0';
    if (leaf[0] == 8) Put(value, input_.Below(20));
    if (leaf[0] == 9) {
      Put(value, 2);
      PutText(value, "A");
      PutText(value, "A longer symbol");
    }
    *type += leaf[2];
    if (leaf[2] == 4) {
      *type += static_cast<char>(input_.Flag() ? 38 : 18);
      *type += '\x03';
    }
  }

  Input& input_;
};

std::string Long(uint64_t number) {
  std::string bytes;
  for (number *= 2; number >= 128; number >>= 7) bytes += static_cast<char>(number | 128);
  return bytes + static_cast<char>(number);
}

void Run(Input input) {
  const std::string program = RandomLayout(&input).Program();
  avro::Layout layout;
  const Status status = avro::ReadLayout(program, &layout);
  EXPECT(status.ok());
  avro::ScanOptions options;
  options.codec = static_cast<avro::Codec>(input.Below(4));
  std::memset(options.sync, 's', avro::kSyncBytes);
  if (input.Flag()) options.limit.max_bytes = 1 + input.Byte();
  options.limit.keep_bad = input.Flag();
  options.max_block_bytes = 1 << 16;
  options.inflate = [](Slice in, std::string* out, bool* is_whole) {
    *is_whole = in.size % 5 != 4;
    out->assign(in.data, in.size);
    return Status::Ok();
  };
  const uint32_t refused = input.Below(8);
  const uint64_t limit = input.Flag() ? kNoLimit : input.Byte();
  const size_t chunk_bytes = 1 + input.Byte();
  // Blocks, so that not all is refused at once; or any bytes.
  std::string data;
  const uint32_t blocks = input.Below(4);
  for (uint32_t i = 0; i < blocks; i++) {
    const uint32_t count = input.Below(6);
    const std::string records = input.Text();
    data += Long(count) + Long(records.size()) + records + std::string(options.sync, avro::kSyncBytes);
  }
  data += input.Rest();
  const auto scan = [&](size_t bytes) {
    ScanResult result = Scan(
        data, [&](ColumnSink* sink) { return avro::NewScan(options, layout, sink); }, refused, limit, bytes);
    // Where it ended is only known where it ended well.
    if (!result.error.empty()) result.position = 0;
    return result;
  };
  EXPECT(scan(chunk_bytes) == scan(0));
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
