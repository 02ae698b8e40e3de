// Columns of CSV: any dialect, types, bad rows and chunks give the same rows whatever the chunks, or the same error.
#include "csv/csv_columns.h"

#include "fuzz/scans.h"

namespace runjob::fuzz {
namespace {

void Run(Input input) {
  const Schema schema = RandomSchema(&input, 0);
  CsvColumnsOptions options;
  for (size_t i = 0; i < schema.size(); i++) {
    const uint32_t field = input.Below(5);
    options.fields.push_back(field == 4 ? kNoField : field);
  }
  CsvReadOptions& csv = options.csv;
  csv.dialect.delimiter = ",;\t"[input.Below(3)];
  csv.dialect.quote = input.Below(3) == 0 ? -1 : '"';
  if (input.Flag()) {
    csv.dialect.escape = input.Flag() ? '\\' : -1;
    csv.dialect.comment = input.Flag() ? '#' : -1;
    csv.dialect.trim = input.Flag();
    if (input.Flag()) csv.missing = {"NA", "-"};
    options.numbers.decimal = input.Flag() ? ',' : '.';
    if (input.Flag()) options.numbers.thousands = options.numbers.decimal == '.' ? ' ' : '.';
  }
  csv.columns = input.Flag() ? 4 : 0;
  csv.least_columns = csv.columns == 0 ? 0 : 1 + input.Below(4);
  csv.ragged = static_cast<RaggedRows>(input.Below(3));
  csv.keep_bad = input.Flag();
  csv.skip_bom = input.Flag();
  options.skip_header = input.Flag();
  CheckChunks(&input, [&](ColumnSink* sink) { return NewCsvScan(options, schema, sink); });
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
