// Columns of CSV rows as records.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/number.h"
#include "csv/dialect.h"
#include "record/batch.h"
#include "record/batch_sink.h"
#include "record/mapper.h"

namespace runjob {

struct FieldsOptions {
  CsvReadOptions csv;
  std::vector<uint32_t> keys;  // columns; more than one: a composite key of string parts (key_encoding.h tuples)
  struct Value {
    ValueKind kind = ValueKind::kBytes;
    bool row = false;               // true: `columns` re-written as CSV text (',' and '"', quoted only where needed)
    std::vector<uint32_t> columns;  // one column unless `row`
  };
  std::vector<Value> values;  // one per column of the batches
  NumberSpelling numbers;
  bool skip_header = false;  // the first record is a header
  int tag = -1;              // >= 0: keys become prefix + this byte (key_encoding.h), for joins
};
std::unique_ptr<Mapper> NewFieldsMapper(const FieldsOptions& options, BatchSink* sink);

}  // namespace runjob
