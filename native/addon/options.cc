#include "addon/options.h"

#include <algorithm>
#include <string>
#include <utility>

#include "addon/args.h"
#include "base/number.h"
#include "csv/csv_scan.h"

namespace runjob::addon {

namespace {

constexpr uint64_t kMaxTop = 1000000;

ValueKind KindArg(const Napi::Value& value, const char* name) {
  static constexpr const char* kKinds[] = {"number", "bytes"};
  return static_cast<ValueKind>(OneOf(value, name, kKinds));
}

// A single ASCII character that is not a row end.
char CharacterArg(const Napi::Value& value, const char* name) {
  const std::string text = TextArg(value, name);
  if (text.size() != 1 || (text[0] & 0x80) != 0 || text[0] == '\n' || text[0] == '\r') {
    ThrowNot(value.Env(), name, "one ASCII character other than a line end");
  }
  return text[0];
}

// `object.maxRecordBytes`, or `most`, which is also its upper limit.
uint64_t MaxRecordArg(const Napi::Object& object, uint64_t most) {
  const Napi::Value given = object.Get("maxRecordBytes");
  return given.IsUndefined() ? most : IntegerArg(given, "maxRecordBytes", 1, most);
}

NumberSpelling SpellingArg(const Napi::Object& spec) {
  NumberSpelling spelling;
  const Napi::Value decimal = spec.Get("decimal");
  const Napi::Value thousands = spec.Get("thousands");
  if (!decimal.IsUndefined()) spelling.decimal = CharacterArg(decimal, "decimal");
  if (!thousands.IsUndefined() && !thousands.IsNull()) spelling.thousands = CharacterArg(thousands, "thousands");
  if (spelling.decimal != '.' && spelling.decimal != ',') ThrowNot(spec.Env(), "decimal", "'.' or ','");
  if (spelling.thousands == spelling.decimal) ThrowNot(spec.Env(), "thousands", "other than decimal");
  return spelling;
}

}  // namespace

Layout LayoutArg(const Napi::Value& value, const char* name) {
  Layout layout;
  for (const Napi::Value& kind : ArrayArg(value, name, kMaxColumns)) {
    layout.push_back(KindArg(kind, name));
  }
  return layout;
}

std::vector<AggregateSpec> AggregatesArg(const Napi::Value& value, const char* name, const Layout* layout) {
  static constexpr const char* kFunctions[] = {"count", "sum",  "min", "max",     "mean",
                                               "first", "last", "top", "distinct"};
  std::vector<AggregateSpec> specs;
  for (const Napi::Value& element : ArrayArg(value, name, kMaxColumns)) {
    const Napi::Object object = ObjectArg(element, name);
    AggregateSpec spec;
    spec.fn = static_cast<AggregateFn>(OneOf(object.Get("fn"), "aggregate.fn", kFunctions));
    spec.kind = KindArg(object.Get("kind"), "aggregate.kind");
    const Napi::Value column = object.Get("column");
    if (NumberArg(column, "aggregate.column") != -1) {
      const size_t columns = layout != nullptr ? layout->size() : kMaxColumns;
      if (columns == 0) ThrowNot(column.Env(), "aggregate.column", "-1: there are no columns");
      spec.column = static_cast<int>(IntegerArg(column, "aggregate.column", 0, columns - 1));
      if (layout != nullptr && (*layout)[spec.column] != spec.kind) {
        ThrowNot(column.Env(), "aggregate.kind", "that of its column");
      }
    } else if (spec.fn != AggregateFn::kCount) {
      ThrowNot(column.Env(), "aggregate.column", "a column, unless fn is 'count'");
    }
    if (spec.kind == ValueKind::kBytes && (spec.fn == AggregateFn::kSum || spec.fn == AggregateFn::kMean)) {
      ThrowNot(column.Env(), "aggregate.kind", "'number' for 'sum' and 'mean'");
    }
    const Napi::Value missing = object.Get("missing");
    if (!missing.IsUndefined()) {
      static constexpr const char* kMissing[] = {"empty", "marker"};
      spec.missing = static_cast<MissingBytes>(1 + OneOf(missing, "aggregate.missing", kMissing));
    }
    if (spec.fn == AggregateFn::kTop) {
      spec.k = static_cast<uint32_t>(IntegerArg(object.Get("k"), "aggregate.k", 1, kMaxTop));
      spec.ascending = OptionalBooleanArg(object.Get("ascending"), "aggregate.ascending");
    }
    specs.push_back(spec);
  }
  return specs;
}

CollectorOptions CollectorArg(const Napi::Value& value) {
  static constexpr const char* kModes[] = {"hash", "append"};
  static constexpr const char* kPartitioners[] = {"hash", "range", "given"};
  const Napi::Object object = ObjectArg(value, "options");
  const Napi::Env env = value.Env();
  CollectorOptions options;
  options.hash = OneOf(object.Get("mode"), "mode", kModes) == 0;
  options.layout = LayoutArg(object.Get("layout"), "layout");
  options.aggregates = AggregatesArg(object.Get("aggregates"), "aggregates", &options.layout);
  options.partition_by = static_cast<PartitionBy>(OneOf(object.Get("partitionBy"), "partitionBy", kPartitioners));
  options.partitions = static_cast<uint32_t>(IntegerArg(object.Get("partitions"), "partitions", 1, kMaxPartitions));
  options.descending = OptionalBooleanArg(object.Get("descending"), "descending");
  options.prefix_grouping = OptionalBooleanArg(object.Get("prefixGrouping"), "prefixGrouping");
  const Napi::Value suffix_bytes = object.Get("suffixBytes");
  if (!suffix_bytes.IsUndefined()) {
    options.suffix_bytes = static_cast<uint32_t>(IntegerArg(suffix_bytes, "suffixBytes", 0, UINT32_MAX));
    if (options.hash || options.prefix_grouping)
      ThrowNot(env, "suffixBytes", "left out with 'hash' and prefixGrouping");
  }
  const Napi::Value take = object.Get("take");
  if (!take.IsUndefined()) options.take = IntegerArg(take, "take", 0, kMaxSafeInteger);
  const Napi::Value table_keys = object.Get("tableKeys");
  if (!table_keys.IsUndefined()) options.table_keys = IntegerArg(table_keys, "tableKeys", 1, kMaxSafeInteger);
  const Napi::Value bounds = object.Get("bounds");
  if (options.partition_by == PartitionBy::kRange) {
    const std::vector<Napi::Value> elements = ArrayArg(bounds, "bounds", kMaxPartitions);
    for (const Napi::Value& bound : elements) options.bounds.push_back(BytesArg(bound, "bounds").ToString());
    if (elements.size() + 1 != options.partitions) ThrowNot(env, "bounds", "one fewer than the partitions");
    for (size_t i = 1; i < options.bounds.size(); i++) {
      const int order = Compare(options.bounds[i - 1], options.bounds[i]);
      if (options.descending ? order < 0 : order > 0) ThrowNot(env, "bounds", "in sort order");
    }
  }
  if (!options.hash && !options.aggregates.empty()) ThrowNot(env, "aggregates", "empty when mode is 'append'");
  if (options.hash && options.take > 0) ThrowNot(env, "take", "left out when mode is 'hash'");
  const bool distinct = std::any_of(options.aggregates.begin(), options.aggregates.end(),
                                    [](const AggregateSpec& spec) { return spec.fn == AggregateFn::kDistinct; });
  // 'distinct' makes its own composite keys.
  if (distinct && options.prefix_grouping) ThrowNot(env, "prefixGrouping", "false with a 'distinct' aggregate");
  return options;
}

CsvDialect DialectArg(const Napi::Object& options) {
  const Napi::Env env = options.Env();
  CsvDialect dialect;
  dialect.delimiter = CharacterArg(options.Get("delimiter"), "delimiter");
  const auto character = [&](const char* name) -> int16_t {
    const Napi::Value value = options.Get(name);
    if (value.IsNull()) return -1;
    return static_cast<unsigned char>(CharacterArg(value, name));
  };
  dialect.quote = character("quote");
  if (!options.Get("escape").IsUndefined()) dialect.escape = character("escape");
  if (!options.Get("comment").IsUndefined()) dialect.comment = character("comment");
  dialect.trim = OptionalBooleanArg(options.Get("trim"), "trim");
  const int delimiter = static_cast<unsigned char>(dialect.delimiter);
  if (dialect.quote == delimiter) ThrowNot(env, "quote", "other than the delimiter");
  if (dialect.escape >= 0 && (dialect.escape == delimiter || dialect.escape == dialect.quote)) {
    ThrowNot(env, "escape", "other than delimiter and quote");
  }
  if (dialect.comment >= 0 &&
      (dialect.comment == delimiter || dialect.comment == dialect.quote || dialect.comment == dialect.escape)) {
    ThrowNot(env, "comment", "other than delimiter, quote and escape");
  }
  return dialect;
}

RecordLimit RecordLimitArg(const Napi::Object& object) {
  return {MaxRecordArg(object, UINT32_MAX), OptionalBooleanArg(object.Get("keepBad"), "keepBad")};
}

CsvReadOptions CsvReadArg(const Napi::Object& object) {
  CsvReadOptions options;
  options.dialect = DialectArg(object);
  options.skip_bom = BooleanArg(object.Get("skipBom"), "skipBom");
  options.keep_bad = OptionalBooleanArg(object.Get("keepBad"), "keepBad");
  options.max_record_bytes = MaxRecordArg(object, options.max_record_bytes);
  static constexpr const char* kRagged[] = {"error", "fill", "drop"};
  constexpr size_t kMaxMissing = 1000;
  const Napi::Value missing = object.Get("missing");
  if (!missing.IsUndefined()) {
    for (const Napi::Value& text : ArrayArg(missing, "missing", kMaxMissing)) {
      options.missing.push_back(TextArg(text, "missing"));
    }
  }
  const auto columns = [&](const char* name) {
    const Napi::Value count = object.Get(name);
    return count.IsUndefined() ? 0 : static_cast<uint32_t>(IntegerArg(count, name, 0, kMaxCsvColumns));
  };
  options.columns = columns("columns");
  options.least_columns = columns("leastColumns");
  if (options.least_columns > options.columns) ThrowNot(object.Env(), "leastColumns", "at most columns");
  const Napi::Value ragged = object.Get("raggedRows");
  if (!ragged.IsUndefined()) options.ragged = static_cast<RaggedRows>(OneOf(ragged, "raggedRows", kRagged));
  return options;
}

FieldsOptions FieldsArg(const Napi::Object& spec, const Layout& layout) {
  const Napi::Env env = spec.Env();
  FieldsOptions options;
  options.csv = CsvReadArg(spec);
  for (const Napi::Value& key : ArrayArg(spec.Get("keys"), "keys", kMaxColumns)) {
    options.keys.push_back(static_cast<uint32_t>(IntegerArg(key, "keys", 0, kMaxColumns - 1)));
  }
  for (const Napi::Value& element : ArrayArg(spec.Get("values"), "values", kMaxColumns)) {
    const Napi::Object object = ObjectArg(element, "values");
    FieldsOptions::Value value;
    value.kind = KindArg(object.Get("kind"), "values.kind");
    value.row = OptionalBooleanArg(object.Get("row"), "values.row");
    for (const Napi::Value& column : ArrayArg(object.Get("columns"), "values.columns", kMaxColumns)) {
      value.columns.push_back(static_cast<uint32_t>(IntegerArg(column, "values.columns", 0, kMaxColumns - 1)));
    }
    if (value.row && value.kind != ValueKind::kBytes) ThrowNot(env, "values.kind", "'bytes' for a row");
    if (!value.row && value.columns.size() != 1) ThrowNot(env, "values.columns", "one column unless it is a row");
    options.values.push_back(std::move(value));
  }
  if (options.keys.empty()) ThrowNot(env, "keys", "at least one column");
  const auto within = [&](const std::vector<uint32_t>& columns) {
    return options.csv.columns == 0 ||
           std::all_of(columns.begin(), columns.end(), [&](uint32_t column) { return column < options.csv.columns; });
  };
  const bool all_within =
      within(options.keys) && std::all_of(options.values.begin(), options.values.end(),
                                          [&](const FieldsOptions::Value& value) { return within(value.columns); });
  if (!all_within) ThrowNot(env, "columns", "more than those of keys and values");
  const bool matches = std::equal(options.values.begin(), options.values.end(), layout.begin(), layout.end(),
                                  [](const FieldsOptions::Value& value, ValueKind kind) { return value.kind == kind; });
  if (!matches) ThrowNot(env, "values", "of the kinds in the collector's layout");
  options.skip_header = BooleanArg(spec.Get("skipHeader"), "skipHeader");
  options.numbers = SpellingArg(spec);
  const Napi::Value tag = spec.Get("tag");
  if (!tag.IsUndefined()) options.tag = static_cast<int>(IntegerArg(tag, "tag", 0, 255));
  return options;
}

CsvColumnsOptions CsvColumnsArg(const Napi::Object& spec, const Schema& schema) {
  const Napi::Env env = spec.Env();
  CsvColumnsOptions options;
  options.csv = CsvReadArg(spec);
  options.numbers = SpellingArg(spec);
  options.skip_header = BooleanArg(spec.Get("skipHeader"), "skipHeader");
  const size_t most = options.csv.columns == 0 ? kMaxColumns : options.csv.columns;
  for (const Napi::Value& field : ArrayArg(spec.Get("fields"), "fields", kMaxColumns)) {
    options.fields.push_back(field.IsNull() ? kNoField
                                            : static_cast<uint32_t>(IntegerArg(field, "fields", 0, most - 1)));
  }
  if (options.fields.size() != schema.size()) ThrowNot(env, "fields", "one for each of the pipeline's columns");
  const bool have_text = std::all_of(schema.begin(), schema.end(), [](const Field& f) { return HasCsvText(f.type); });
  if (!have_text) ThrowNot(env, "pipeline", "one that takes no lists or structs");
  return options;
}

FormatOptions FormatArg(const Napi::Value& value) {
  static constexpr const char* kKinds[] = {"text", "tsv", "csv"};
  static constexpr const char* kKeys[] = {"bytes", "number", "tuple"};
  const Napi::Object object = ObjectArg(value, "options");
  FormatOptions options;
  options.kind = static_cast<FormatKind>(OneOf(object.Get("kind"), "kind", kKinds));
  options.key = static_cast<KeyKind>(OneOf(object.Get("key"), "key", kKeys));
  options.layout = LayoutArg(object.Get("layout"), "layout");
  const Napi::Value raw = object.Get("raw");
  if (!raw.IsUndefined()) {
    for (const Napi::Value& flag : ArrayArg(raw, "raw", kMaxColumns)) options.raw.push_back(BooleanArg(flag, "raw"));
  }
  if (options.raw.size() > options.layout.size()) ThrowNot(value.Env(), "raw", "no longer than the layout");
  options.raw.resize(options.layout.size(), false);
  const Napi::Value markers = object.Get("markers");
  if (!markers.IsUndefined()) {
    for (const Napi::Value& flag : ArrayArg(markers, "markers", kMaxColumns)) {
      options.markers.push_back(BooleanArg(flag, "markers"));
    }
  }
  if (options.markers.size() > options.layout.size()) ThrowNot(value.Env(), "markers", "no longer than the layout");
  options.markers.resize(options.layout.size(), false);
  const Napi::Value escape = object.Get("escape");
  if (!escape.IsUndefined()) options.escape = BooleanArg(escape, "escape");
  const Napi::Value delimiter = object.Get("delimiter");
  if (!delimiter.IsUndefined()) options.delimiter = CharacterArg(delimiter, "delimiter");
  if (options.delimiter == '"') ThrowNot(value.Env(), "delimiter", "other than the quote");
  options.values_only = OptionalBooleanArg(object.Get("valuesOnly"), "valuesOnly");
  return options;
}

JoinOptions JoinArg(const Napi::Value& value) {
  static constexpr const char* kTypes[] = {"inner", "left", "right", "full", "semi", "anti"};
  const Napi::Object object = ObjectArg(value, "options");
  JoinOptions options;
  options.type = static_cast<JoinType>(OneOf(object.Get("type"), "type", kTypes));
  options.tuple_key = BooleanArg(object.Get("tupleKey"), "tupleKey");
  options.left_fields = static_cast<uint32_t>(IntegerArg(object.Get("leftFields"), "leftFields", 0, kMaxColumns));
  options.right_fields = static_cast<uint32_t>(IntegerArg(object.Get("rightFields"), "rightFields", 0, kMaxColumns));
  options.group_limit_bytes =
      static_cast<size_t>(IntegerArg(object.Get("groupLimitBytes"), "groupLimitBytes", 0, kMaxSafeInteger));
  return options;
}

RekeyOptions RekeyArg(const Napi::Value& value) {
  static constexpr const char* kKeys[] = {"same", "byNumber"};
  const Napi::Object object = ObjectArg(value, "options");
  RekeyOptions options;
  options.kind = static_cast<RekeyKind>(OneOf(object.Get("key"), "key", kKeys));
  options.descending = OptionalBooleanArg(object.Get("descending"), "descending");
  options.layout = LayoutArg(object.Get("layout"), "layout");
  if (options.kind == RekeyKind::kByNumber &&
      std::find(options.layout.begin(), options.layout.end(), ValueKind::kNumber) == options.layout.end()) {
    ThrowNot(value.Env(), "layout", "one with a number in it");
  }
  return options;
}

}  // namespace runjob::addon
