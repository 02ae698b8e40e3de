// Columns of JSON lines: any types, bad lines and chunks give the same rows whatever the chunks, or the same error.
#include "json/json_columns.h"

#include "fuzz/scans.h"

namespace runjob::fuzz {
namespace {

void Run(Input input) {
  const Schema schema = RandomSchema(&input, 3);
  JsonColumnsOptions options;
  if (input.Flag()) options.limit.max_bytes = 1 + input.Byte();
  options.limit.keep_bad = input.Flag();
  options.skip_bom = input.Flag();
  CheckChunks(&input, [&](ColumnSink* sink) { return NewJsonScan(options, schema, sink); });
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::Run({data, size});
  return 0;
}
