// Columns of CSV rows as vectors.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/number.h"
#include "column/row_places.h"
#include "column/type.h"
#include "column/vector.h"
#include "csv/dialect.h"
#include "record/mapper.h"

namespace runjob {

constexpr uint32_t kNoField = UINT32_MAX;

struct CsvColumnsOptions {
  CsvReadOptions csv;
  NumberSpelling numbers;
  bool skip_header = false;      // the first record is a header
  std::vector<uint32_t> fields;  // of each column, in the row; kNoField: all its values are null
  RowPlaces* places = nullptr;   // gets those of each batch
};

// Whether a field's text can be a value of that type.
bool HasCsvText(const Type& type);

// A field without text is null; binary is base64. What is no value of its column's type is CELL_INVALID. Rows at fault, here or
// in the sink, are noted as bad ones, in `bad` or as Mapper says, if the options say so. `schema`, whose types must have a text, and `sink` must stay where
// they are. Stops early once the sink is done.
std::unique_ptr<Mapper> NewCsvScan(const CsvColumnsOptions& options, const Schema& schema, ColumnSink* sink,
                                   BadRecords* bad = nullptr);

}  // namespace runjob
