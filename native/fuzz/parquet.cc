// Row groups of any bytes, with any levels, encodings and codecs that native code has: whatever they are, the answer is rows of the
// schema or a refusal, and never a byte outside of the pages.
#include <algorithm>
#include <array>

#include "column/rows.h"
#include "fuzz/fuzz.h"
#include "parquet/scan.h"

namespace runjob::fuzz {
namespace {

using parquet::Physical;
using parquet::ReadAs;

class BytesSource final : public parquet::ByteSource {
 public:
  explicit BytesSource(std::string bytes) : bytes_(std::move(bytes)) {}

  Status Read(uint64_t offset, size_t size, char* out) override {
    EXPECT(offset + size <= bytes_.size());
    if (size > 0) std::memcpy(out, bytes_.data() + offset, size);
    return Status::Ok();
  }

 private:
  const std::string bytes_;
};

// Reads every value that it gets.
class RowsSink final : public ColumnSink {
 public:
  // Of a scan that leaves the column out: it is loaded for every `step`-th row, or for none of a batch.
  void LoadLate(ColumnLoader* loader, uint16_t step) {
    loader_ = loader;
    step_ = step;
  }
  Status Add(const Batch& batch) override {
    EXPECT(batch.rows <= kVectorRows && batch.count == batch.rows);
    if (loader_ == nullptr) return Take(batch);
    rows_.clear();
    for (size_t row = step_ - size_t{1}; row < batch.rows; row += step_) rows_.push_back(static_cast<uint16_t>(row));
    if (rows_.empty()) return Status::Ok();
    Batch some = batch;
    some.selection = rows_.data();
    some.count = rows_.size();
    RUNJOB_RETURN_IF_ERROR(loader_->Load({0}, &some));
    return Take(some);
  }
  Status Finish() override { return Status::Ok(); }

 private:
  Status Take(const Batch& batch) {
    std::vector<const Vector*> columns;
    for (const Vector& column : batch.columns) {
      columns.push_back(&column);
      for (size_t i = 0; column.form == VectorForm::kDictionary && i < batch.rows; i++) {
        EXPECT(column.codes[i] < column.entries);
      }
    }
    for (size_t i = 0; i < batch.count; i++) {
      row_.clear();
      AppendRow(columns, batch.row(i), &row_);
    }
    return Status::Ok();
  }

  ColumnLoader* loader_ = nullptr;
  uint16_t step_ = 1;
  std::vector<uint16_t> rows_;
  std::string row_;
};

struct LeafKind {
  Physical physical;
  uint32_t length;
  ReadAs read_as;
  TypeId type;
  uint8_t precision;
};

constexpr std::array<LeafKind, 14> kLeaves = {{
    {Physical::kBoolean, 0, ReadAs::kSame, TypeId::kBoolean, 0},
    {Physical::kInt32, 0, ReadAs::kSame, TypeId::kInt, 0},
    {Physical::kInt64, 0, ReadAs::kSame, TypeId::kLong, 0},
    {Physical::kInt64, 0, ReadAs::kNanos, TypeId::kTimestamp, 0},
    {Physical::kInt64, 0, ReadAs::kUnsigned, TypeId::kDecimal, 20},
    {Physical::kInt96, 0, ReadAs::kInt96, TypeId::kTimestamp, 0},
    {Physical::kFloat, 0, ReadAs::kFloat, TypeId::kDouble, 0},
    {Physical::kDouble, 0, ReadAs::kSame, TypeId::kDouble, 0},
    {Physical::kByteArray, 0, ReadAs::kSame, TypeId::kString, 0},
    {Physical::kByteArray, 0, ReadAs::kDecimal, TypeId::kDecimal, 38},
    {Physical::kFixed, 5, ReadAs::kSame, TypeId::kBinary, 0},
    {Physical::kFixed, 20, ReadAs::kSame, TypeId::kBinary, 0},
    {Physical::kFixed, 7, ReadAs::kDecimal, TypeId::kDecimal, 10},
    {Physical::kFixed, 2, ReadAs::kHalf, TypeId::kDouble, 0},
}};

void Put(std::string* out, const void* value, size_t size) { out->append(static_cast<const char*>(value), size); }
template <class T>
void Put(std::string* out, T value) {
  Put(out, &value, sizeof(value));
}

void PutType(std::string* out, const LeafKind& kind) {
  Put(out, static_cast<uint8_t>(kind.type));
  if (kind.type == TypeId::kDecimal) {
    Put(out, kind.precision);
    Put(out, uint8_t{0});
  }
}

void PutName(std::string* out, const std::string& name) {
  Put(out, static_cast<uint32_t>(name.size()));
  *out += name;
}

// One column: flat, a struct of two leaves, or a list of such structs.
std::string SpecOf(const std::vector<LeafKind>& kinds, bool is_list, bool is_struct, bool nullable) {
  std::string spec;
  Put(&spec, uint32_t{1});
  PutName(&spec, "c");
  const auto put_struct = [&] {
    Put(&spec, static_cast<uint8_t>(TypeId::kStruct));
    Put(&spec, static_cast<uint32_t>(kinds.size()));
    for (const LeafKind& kind : kinds) {
      PutName(&spec, "f");
      PutType(&spec, kind);
      Put(&spec, uint8_t{1});
    }
  };
  if (is_list) {
    Put(&spec, static_cast<uint8_t>(TypeId::kList));
    PutName(&spec, "");
  }
  if (is_struct) {
    put_struct();
  } else {
    PutType(&spec, kinds[0]);
  }
  if (is_list) Put(&spec, uint8_t{1});
  Put(&spec, uint8_t{1});

  const uint8_t list_levels = is_list ? 2 : 0;
  const uint8_t struct_level = static_cast<uint8_t>(list_levels + (is_struct ? 1 : 0));
  const uint8_t most = static_cast<uint8_t>(struct_level + (nullable ? 1 : 0));
  Put(&spec, static_cast<uint32_t>(kinds.size()));
  for (const LeafKind& kind : kinds) {
    PutName(&spec, "c.f");
    Put(&spec, static_cast<uint8_t>(kind.physical));
    Put(&spec, kind.length);
    Put(&spec, most);
    Put(&spec, static_cast<uint8_t>(is_list ? 1 : 0));
    Put(&spec, static_cast<uint8_t>(kind.read_as));
    PutType(&spec, kind);
  }
  if (is_list) {
    for (const uint8_t byte : {3, 1, 2, 1}) Put(&spec, byte);
  }
  if (is_struct) {
    Put(&spec, uint8_t{2});
    Put(&spec, struct_level);
  }
  for (uint32_t leaf = 0; leaf < kinds.size(); leaf++) {
    Put(&spec, uint8_t{1});
    Put(&spec, leaf);
  }
  return spec;
}

// Zigzag and in seven bits a byte, as Thrift has it.
void PutVarint(std::string* out, int64_t value) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) out->push_back(static_cast<char>(bits | 0x80));
  out->push_back(static_cast<char>(bits));
}

// A page whose header is right, of content that need not be.
std::string PageOf(Input* input) {
  const int type = std::array<int, 3>{0, 2, 3}[input->Below(3)];
  const int encoding = std::array<int, 8>{0, 2, 3, 5, 6, 7, 8, 9}[input->Below(8)];
  const uint32_t values = input->Flag() ? input->Byte() : input->Word() >> 8;
  const std::string body = input->Text();
  const uint32_t bytes = input->Flag() ? static_cast<uint32_t>(body.size()) : input->Word() >> 12;
  std::string page;
  const auto field = [&page](int delta, int kind) { page.push_back(static_cast<char>(delta << 4 | kind)); };
  const auto number = [&](int delta, int64_t value) {
    field(delta, 5);
    PutVarint(&page, value);
  };
  number(1, type);
  number(1, bytes);
  number(1, static_cast<int64_t>(body.size()));
  field(type == 0 ? 2 : type == 2 ? 4 : 5, 12);
  number(1, values);
  if (type == 3) {
    number(1, 0);
    number(2, encoding);
    number(1, input->Byte());
    number(1, input->Byte());
    field(1, input->Flag() ? 1 : 2);
  } else {
    number(1, encoding);
    if (type == 0) {
      number(1, input->Flag() ? 3 : 4);
      number(1, input->Flag() ? 3 : 4);
    }
  }
  page += std::string(2, '\0');
  return page + body;
}

void Run(Input input) {
  const bool is_list = input.Flag();
  const bool is_struct = input.Flag();
  const bool nullable = input.Flag();
  std::vector<LeafKind> kinds;
  for (int i = 0; i < (is_struct ? 2 : 1); i++) kinds.push_back(kLeaves[input.Below(kLeaves.size())]);
  const uint8_t codec = std::array<uint8_t, 6>{0, 0, 1, 5, 7, 6}[input.Below(6)];
  const uint64_t rows = input.Flag() ? input.Byte() : input.Word() >> 16;
  std::string file = "PAR1";
  std::string group;
  Put(&group, rows);
  // Two ranges of rows at most.
  const uint64_t bounds[4] = {input.Flag() ? input.Byte() : uint64_t{0}, input.Byte(), input.Byte(), rows};
  uint64_t wanted = 0;
  std::string ranges;
  uint32_t range_count = 0;
  for (size_t i = 0; i < 4; i += 2) {
    const uint64_t first = std::max(bounds[i], i == 0 ? 0 : bounds[1]);
    if (bounds[i + 1] <= first || bounds[i + 1] > rows) continue;
    Put(&ranges, first);
    Put(&ranges, bounds[i + 1]);
    wanted += bounds[i + 1] - first;
    range_count++;
  }
  Put(&group, range_count);
  group += ranges;
  const uint16_t step = input.Byte();
  for (size_t i = 0; i < kinds.size(); i++) {
    const uint64_t start = file.size();
    std::vector<uint64_t> offsets;
    for (uint32_t pages = input.Below(4); pages > 0; pages--) {
      offsets.push_back(file.size());
      file += PageOf(&input);
    }
    if (i + 1 == kinds.size()) file += input.Rest();
    Put(&group, codec);
    Put(&group, start);
    Put(&group, static_cast<uint64_t>(file.size() - start));
    Put(&group, uint32_t{0});
    const bool has_places = input.Flag() && !offsets.empty();
    Put(&group, has_places ? static_cast<uint32_t>(offsets.size()) : uint32_t{0});
    uint64_t row = 0;
    for (size_t page = 0; has_places && page < offsets.size(); page++) {
      Put(&group, offsets[page]);
      Put(&group, row);
      row = std::min<uint64_t>(rows, row + input.Byte());
    }
  }
  BytesSource source(file);
  RowsSink sink;
  std::unique_ptr<parquet::Scan> scan;
  parquet::ScanOptions options;
  options.max_page_bytes = 1 << 20;
  const std::string spec = SpecOf(kinds, is_list, is_struct, nullable);
  EXPECT(parquet::Scan::Create(spec, options, &source, nullptr, &sink, &scan).ok());
  if (step > 0) {
    scan->LoadLate({0});
    sink.LoadLate(scan.get(), step);
  }
  EXPECT(scan->Open(group).ok());
  size_t read = 0;
  Status status;
  do status = scan->Read(kVectorRows, &read);
  while (status.ok() && read > 0);
  if (status.ok()) {
    EXPECT(scan->rows_in() == wanted);
  } else {
    const std::string code = status.code();
    EXPECT(code == "PARQUET_CORRUPT" || code == "PARQUET_UNSUPPORTED");
  }
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
