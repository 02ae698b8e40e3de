// The fields mapper, the way of a CSV file into both collectors: any dialect, columns and chunks give the same records
// whatever the chunks, or the same error.
#include <algorithm>

#include "aggregate/aggregate.h"
#include "collect/collector.h"
#include "csv/fields.h"
#include "fuzz/fuzz.h"

namespace runjob::fuzz {
namespace {

struct Result {
  std::string error;
  int64_t offset = -1;
  uint64_t position = 0;
  std::vector<OwnRecord> records;
  bool operator==(const Result& other) const {
    return error == other.error && offset == other.offset && position == other.position && records == other.records;
  }
};

Result Map(const std::string& data, const FieldsOptions& fields, const CollectorOptions& options, uint64_t limit,
           size_t chunk_bytes) {
  const std::unique_ptr<Collector> collector = options.hash ? NewHashCollector(options) : NewAppendCollector(options);
  const std::unique_ptr<Mapper> mapper = NewFieldsMapper(fields, collector.get());
  Result result;
  ForEachChunk(data, chunk_bytes, [&](Slice chunk, bool last) {
    bool done = false;
    const Status status = mapper->Push(chunk, limit, last, &done);
    if (!status.ok()) {
      result.error = status.code();
      result.offset = status.offset();
    }
    EXPECT(!status.ok() || done || !last);
    return status.ok() && !done;
  });
  if (!result.error.empty()) return result;
  result.position = mapper->position();
  const uint32_t* partition = nullptr;
  const std::unique_ptr<Cursor> sorted = collector->Sorted(&partition);
  EXPECT(ReadAll(sorted.get(), &result.records).ok());
  return result;
}

void Run(Input input) {
  FieldsOptions fields;
  fields.csv.dialect.delimiter = ",;\t"[input.Below(3)];
  fields.csv.dialect.quote = input.Below(3) == 0 ? -1 : '"';
  fields.keys.resize(input.Below(3));
  for (uint32_t& key : fields.keys) key = input.Below(4);
  fields.values.resize(input.Below(3));
  CollectorOptions options;
  for (FieldsOptions::Value& value : fields.values) {
    value.kind = input.Flag() ? ValueKind::kNumber : ValueKind::kBytes;
    value.row = value.kind == ValueKind::kBytes && input.Flag();
    value.columns.resize(value.row ? 1 + input.Below(3) : 1);
    for (uint32_t& column : value.columns) column = input.Below(4);
    options.layout.push_back(value.kind);
  }
  CsvDialect& dialect = fields.csv.dialect;
  if (input.Flag()) {
    dialect.escape = input.Flag() ? '\\' : -1;
    dialect.comment = input.Flag() ? '#' : -1;
    dialect.trim = input.Flag();
    if (input.Flag()) fields.csv.missing = {"NA", "-"};
    fields.csv.columns = input.Flag() ? 4 + input.Below(2) : 0;
    fields.csv.least_columns = fields.csv.columns == 0 ? 0 : 1 + input.Below(4);
    fields.csv.ragged = static_cast<RaggedRows>(input.Below(3));
    fields.numbers.decimal = input.Flag() ? ',' : '.';
    if (input.Flag()) fields.numbers.thousands = fields.numbers.decimal == '.' ? ' ' : '.';
  }
  fields.skip_header = input.Flag();
  fields.csv.skip_bom = input.Flag();
  fields.tag = fields.keys.empty() ? -1 : static_cast<int>(input.Below(3)) - 1;
  options.partitions = 1 + input.Below(3);
  options.hash = input.Flag();
  if (options.hash && !options.layout.empty()) {
    AggregateSpec spec;
    spec.fn = static_cast<AggregateFn>(input.Below(8));
    spec.column = 0;
    spec.kind = options.layout[0];
    spec.k = 2;
    const bool needs_number = spec.fn == AggregateFn::kSum || spec.fn == AggregateFn::kMean;
    if (!needs_number || spec.kind == ValueKind::kNumber) options.aggregates.push_back(spec);
  }
  const uint64_t limit = input.Flag() ? kNoLimit : input.Byte();
  const size_t chunk_bytes = 1 + input.Byte();
  const std::string data = input.Rest();
  EXPECT(Map(data, fields, options, limit, chunk_bytes) == Map(data, fields, options, limit, 0));
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
