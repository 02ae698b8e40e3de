// JavaScript objects -> the options of kernels, checked (args.h).
#pragma once

#include <napi.h>

#include <vector>

#include "aggregate/aggregate.h"
#include "collect/collector.h"
#include "column/type.h"
#include "csv/csv_columns.h"
#include "csv/dialect.h"
#include "csv/fields.h"
#include "operator/format.h"
#include "operator/operators.h"
#include "operator/rekey.h"
#include "record/bad_record.h"
#include "record/batch.h"

namespace runjob::addon {

constexpr uint64_t kMaxPartitions = 1 << 20;

Layout LayoutArg(const Napi::Value& value, const char* name);
// `layout`: the batch's columns, which the aggregates must match; null if they are not known (merging of
// states).
std::vector<AggregateSpec> AggregatesArg(const Napi::Value& value, const char* name, const Layout* layout);
CollectorOptions CollectorArg(const Napi::Value& value);
CsvDialect DialectArg(const Napi::Object& options);
// `object.maxRecordBytes`, 4 GiB without it, and `object.keepBad`.
RecordLimit RecordLimitArg(const Napi::Object& object);
CsvReadOptions CsvReadArg(const Napi::Object& options);
FieldsOptions FieldsArg(const Napi::Object& spec, const Layout& layout);
// `schema`: of the rows.
CsvColumnsOptions CsvColumnsArg(const Napi::Object& spec, const Schema& schema);
FormatOptions FormatArg(const Napi::Value& value);
JoinOptions JoinArg(const Napi::Value& value);
RekeyOptions RekeyArg(const Napi::Value& value);

}  // namespace runjob::addon
