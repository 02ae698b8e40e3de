#include "addon_args.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace runjob::addon {

namespace {

constexpr uint64_t kMaxPaths = 1 << 20;
constexpr uint64_t kMaxEntries = 1 << 24;
constexpr uint64_t kMaxColumns = 1 << 16;
constexpr uint64_t kMaxTop = 1000000;
constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

[[noreturn]] void ThrowNot(Napi::Env env, const char* name, const std::string& wanted) {
  ThrowBadArgument(env, std::string(name) + " must be " + wanted);
}

// Index of the text among `names`.
template <size_t N>
size_t OneOf(const Napi::Value& value, const char* name, const char* const (&names)[N]) {
  const std::string text = TextArg(value, name);
  for (size_t i = 0; i < N; ++i) {
    if (text == names[i]) return i;
  }
  std::string wanted = "one of";
  for (const char* known : names) wanted += std::string(" '") + known + "'";
  ThrowNot(value.Env(), name, wanted);
}

// Elements of an array, fetched. A proxy is no array here, so nothing can grow without end.
std::vector<Napi::Value> ArrayArg(const Napi::Value& value, const char* name, uint64_t max_length) {
  if (!value.IsArray()) ThrowNot(value.Env(), name, "an array");
  const Napi::Array array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  if (length > max_length)
    ThrowNot(value.Env(), name, "an array of at most " + std::to_string(max_length) + " elements");
  std::vector<Napi::Value> elements;
  elements.reserve(length);
  for (uint32_t i = 0; i < length; ++i) elements.push_back(array.Get(i));
  return elements;
}

struct TypedView {
  char* data = nullptr;
  size_t length = 0;    // in elements
  size_t readable = 0;  // bytes from `data` to the end of the buffer behind it
};

TypedView View(const Napi::Value& value, napi_typedarray_type type, size_t element_bytes, const char* name,
               const char* wanted) {
  if (!value.IsTypedArray()) ThrowNot(value.Env(), name, wanted);
  napi_typedarray_type actual{};
  TypedView view;
  void* data = nullptr;
  napi_value buffer = nullptr;
  size_t offset = 0;
  if (napi_get_typedarray_info(value.Env(), value, &actual, &view.length, &data, &buffer, &offset) !=
          napi_ok ||
      actual != type) {
    ThrowNot(value.Env(), name, wanted);
  }
  // Another thread could change shared memory between a check and its use.
  bool unshared = false;
  size_t buffer_bytes = 0;
  void* buffer_data = nullptr;
  if (napi_is_arraybuffer(value.Env(), buffer, &unshared) != napi_ok || !unshared ||
      napi_get_arraybuffer_info(value.Env(), buffer, &buffer_data, &buffer_bytes) != napi_ok) {
    ThrowNot(value.Env(), name, std::string(wanted) + ", not on shared memory");
  }
  if (reinterpret_cast<uintptr_t>(data) % element_bytes != 0)
    ThrowNot(value.Env(), name, "aligned to its elements");
  if (view.length == 0 || data == nullptr || offset > buffer_bytes) {
    // Never null: kernels may point into, or just past, an array of nothing.
    alignas(8) static char nothing[8];
    view.length = 0;
    view.data = nothing;
  } else {
    view.data = static_cast<char*>(data);
    view.readable = buffer_bytes - offset;
  }
  return view;
}

TypedView BytesView(const Napi::Value& value, const char* name) {
  return View(value, napi_uint8_array, 1, name, "a Uint8Array");
}
TypedView Uint32sView(const Napi::Value& value, const char* name) {
  return View(value, napi_uint32_array, sizeof(uint32_t), name, "a Uint32Array");
}
TypedView NumbersView(const Napi::Value& value, const char* name) {
  return View(value, napi_float64_array, sizeof(double), name, "a Float64Array");
}

void RequireLength(Napi::Env env, size_t length, size_t count, const char* name) {
  if (length < count) {
    ThrowNot(env, name, "at least " + std::to_string(count) + " long, not " + std::to_string(length));
  }
}

// Checks that `count` ends rise within `size` bytes; returns the last one.
size_t CheckEnds(Napi::Env env, const uint32_t* ends, size_t count, size_t size, const char* name) {
  uint32_t last = 0;
  bool rising = true;
  for (size_t i = 0; i < count; ++i) {
    rising &= ends[i] >= last;
    last = ends[i];
  }
  if (!rising) ThrowNot(env, name, "rising");
  if (last > size) {
    ThrowNot(env, name, "within its " + std::to_string(size) + " bytes, not " + std::to_string(last));
  }
  return last;
}

// A single ASCII character that can be told from row ends.
char CharacterArg(const Napi::Value& value, const char* name) {
  const std::string text = TextArg(value, name);
  if (text.size() != 1 || (text[0] & 0x80) != 0 || text[0] == '\n' || text[0] == '\r') {
    ThrowNot(value.Env(), name, "one ASCII character other than a line end");
  }
  return text[0];
}

}  // namespace

void Throw(Napi::Env env, const Status& status) {
  const std::string detail = status.detail();
  Napi::Error error = Napi::Error::New(env, std::string(status.code()) + ": " + detail);
  Napi::Object object = error.Value();
  object.Set("code", Napi::String::New(env, status.code()));
  object.Set("detail", Napi::String::New(env, detail));
  if (status.offset() >= 0)
    object.Set("offset", Napi::Number::New(env, static_cast<double>(status.offset())));
  throw error;
}

void ThrowBadArgument(Napi::Env env, const std::string& detail) {
  Throw(env, Status::Error("BAD_ARGUMENT", detail));
}

void ThrowOutOfMemory(Napi::Env env, const char* detail) {
  Napi::Error error = Napi::Error::New(env, detail);
  Napi::Object object = error.Value();
  object.Set("code", Napi::String::New(env, "OUT_OF_MEMORY"));
  object.Set("detail", Napi::String::New(env, detail));
  throw error;
}

double NumberArg(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) ThrowNot(value.Env(), name, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

uint64_t IntegerArg(const Napi::Value& value, const char* name, uint64_t min, uint64_t max) {
  const double x = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(x >= static_cast<double>(min) && x <= static_cast<double>(max)) || x != std::floor(x)) {
    ThrowNot(value.Env(), name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return static_cast<uint64_t>(x);
}

bool BooleanArg(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) ThrowNot(value.Env(), name, "true or false");
  return value.As<Napi::Boolean>().Value();
}

bool OptionalBooleanArg(const Napi::Value& value, const char* name) {
  return !value.IsUndefined() && BooleanArg(value, name);
}

std::string TextArg(const Napi::Value& value, const char* name) {
  if (!value.IsString()) ThrowNot(value.Env(), name, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::string PathArg(const Napi::Value& value, const char* name) {
  std::string path = TextArg(value, name);
  if (path.empty() || path.find('\0') != std::string::npos) ThrowNot(value.Env(), name, "a path");
  return path;
}

std::vector<std::string> PathsArg(const Napi::Value& value, const char* name) {
  std::vector<std::string> paths;
  for (const Napi::Value& path : ArrayArg(value, name, kMaxPaths)) paths.push_back(PathArg(path, name));
  return paths;
}

std::vector<std::string> TextsArg(const Napi::Value& value, const char* name) {
  std::vector<std::string> texts;
  for (const Napi::Value& text : ArrayArg(value, name, kMaxEntries)) texts.push_back(TextArg(text, name));
  return texts;
}

std::vector<Napi::Value> ValuesArg(const Napi::Value& value, const char* name) {
  return ArrayArg(value, name, kMaxEntries);
}

Napi::Object ObjectArg(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) ThrowNot(value.Env(), name, "an object");
  return value.As<Napi::Object>();
}

Slice BytesArg(const Napi::Value& value, const char* name) {
  const TypedView view = BytesView(value, name);
  return Slice(view.data, view.length);
}

Uint32Span Uint32Arg(const Napi::Value& value, const char* name) {
  const TypedView view = Uint32sView(value, name);
  return {reinterpret_cast<const uint32_t*>(view.data), view.length};
}

uint64_t LimitArg(const Napi::Value& value, const char* name) {
  const double x = NumberArg(value, name);
  return std::isinf(x) && x > 0 ? kNoLimit : IntegerArg(value, name, 0, kMaxSafeInteger);
}

Layout LayoutArg(const Napi::Value& value, const char* name) {
  static constexpr const char* kKinds[] = {"number", "bytes"};
  Layout layout;
  for (const Napi::Value& kind : ArrayArg(value, name, kMaxColumns)) {
    layout.push_back(static_cast<ValueKind>(OneOf(kind, name, kKinds)));
  }
  return layout;
}

std::vector<AggregateSpec> AggregatesArg(const Napi::Value& value, const char* name, const Layout* layout) {
  static constexpr const char* kFunctions[] = {"count", "sum",  "min", "max",     "mean",
                                               "first", "last", "top", "distinct"};
  static constexpr const char* kKinds[] = {"number", "bytes"};
  std::vector<AggregateSpec> specs;
  for (const Napi::Value& element : ArrayArg(value, name, kMaxColumns)) {
    const Napi::Object object = ObjectArg(element, name);
    AggregateSpec spec;
    spec.fn = static_cast<AggregateFn>(OneOf(object.Get("fn"), "aggregate.fn", kFunctions));
    spec.kind = static_cast<ValueKind>(OneOf(object.Get("kind"), "aggregate.kind", kKinds));
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
  options.partition_by =
      static_cast<PartitionBy>(OneOf(object.Get("partitionBy"), "partitionBy", kPartitioners));
  options.partitions =
      static_cast<uint32_t>(IntegerArg(object.Get("partitions"), "partitions", 1, kMaxPartitions));
  options.descending = OptionalBooleanArg(object.Get("descending"), "descending");
  options.prefix_grouping = OptionalBooleanArg(object.Get("prefixGrouping"), "prefixGrouping");
  const Napi::Value take = object.Get("take");
  if (!take.IsUndefined()) options.take = IntegerArg(take, "take", 0, kMaxSafeInteger);
  const Napi::Value table_keys = object.Get("tableKeys");
  if (!table_keys.IsUndefined()) options.table_keys = IntegerArg(table_keys, "tableKeys", 1, kMaxSafeInteger);
  const Napi::Value bounds = object.Get("bounds");
  if (options.partition_by == PartitionBy::kRange) {
    const std::vector<Napi::Value> elements = ArrayArg(bounds, "bounds", kMaxPartitions);
    for (const Napi::Value& bound : elements) options.bounds.push_back(BytesArg(bound, "bounds").ToString());
    if (elements.size() + 1 != options.partitions) ThrowNot(env, "bounds", "one fewer than the partitions");
    for (size_t i = 1; i < options.bounds.size(); ++i) {
      const int order = Compare(options.bounds[i - 1], options.bounds[i]);
      if (options.descending ? order < 0 : order > 0) ThrowNot(env, "bounds", "in sort order");
    }
  }
  if (!options.hash && !options.aggregates.empty())
    ThrowNot(env, "aggregates", "empty when mode is 'append'");
  if (options.hash && options.take > 0) ThrowNot(env, "take", "left out when mode is 'hash'");
  const bool distinct =
      std::any_of(options.aggregates.begin(), options.aggregates.end(),
                  [](const AggregateSpec& spec) { return spec.fn == AggregateFn::kDistinct; });
  // 'distinct' makes composite keys of its own.
  if (distinct && options.prefix_grouping)
    ThrowNot(env, "prefixGrouping", "false with a 'distinct' aggregate");
  return options;
}

CsvDialect DialectArg(const Napi::Object& options) {
  CsvDialect dialect;
  dialect.delimiter = CharacterArg(options.Get("delimiter"), "delimiter");
  const Napi::Value quote = options.Get("quote");
  dialect.quote = quote.IsNull() ? -1 : CharacterArg(quote, "quote");
  if (dialect.quote == dialect.delimiter) ThrowNot(options.Env(), "quote", "other than the delimiter");
  return dialect;
}

// `object.maxRecordBytes`, or `most`, which is also its upper limit.
static uint64_t MaxRecordArg(const Napi::Object& object, uint64_t most) {
  const Napi::Value given = object.Get("maxRecordBytes");
  return given.IsUndefined() ? most : IntegerArg(given, "maxRecordBytes", 1, most);
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
  return options;
}

FieldsOptions FieldsArg(const Napi::Object& spec, const Layout& layout) {
  static constexpr const char* kKinds[] = {"number", "bytes"};
  const Napi::Env env = spec.Env();
  FieldsOptions options;
  options.csv = CsvReadArg(spec);
  for (const Napi::Value& key : ArrayArg(spec.Get("keys"), "keys", kMaxColumns)) {
    options.keys.push_back(static_cast<uint32_t>(IntegerArg(key, "keys", 0, kMaxColumns - 1)));
  }
  for (const Napi::Value& element : ArrayArg(spec.Get("values"), "values", kMaxColumns)) {
    const Napi::Object object = ObjectArg(element, "values");
    FieldsOptions::Value value;
    value.kind = static_cast<ValueKind>(OneOf(object.Get("kind"), "values.kind", kKinds));
    value.row = OptionalBooleanArg(object.Get("row"), "values.row");
    for (const Napi::Value& column : ArrayArg(object.Get("columns"), "values.columns", kMaxColumns)) {
      value.columns.push_back(
          static_cast<uint32_t>(IntegerArg(column, "values.columns", 0, kMaxColumns - 1)));
    }
    if (value.row && value.kind != ValueKind::kBytes) ThrowNot(env, "values.kind", "'bytes' for a row");
    if (!value.row && value.columns.size() != 1)
      ThrowNot(env, "values.columns", "one column unless it is a row");
    options.values.push_back(std::move(value));
  }
  if (options.keys.empty()) ThrowNot(env, "keys", "at least one column");
  const bool matches =
      std::equal(options.values.begin(), options.values.end(), layout.begin(), layout.end(),
                 [](const FieldsOptions::Value& value, ValueKind kind) { return value.kind == kind; });
  if (!matches) ThrowNot(env, "values", "of the kinds in the collector's layout");
  options.skip_header = BooleanArg(spec.Get("skipHeader"), "skipHeader");
  const Napi::Value tag = spec.Get("tag");
  if (!tag.IsUndefined()) options.tag = static_cast<int>(IntegerArg(tag, "tag", 0, 255));
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
    for (const Napi::Value& flag : ArrayArg(raw, "raw", kMaxColumns))
      options.raw.push_back(BooleanArg(flag, "raw"));
  }
  if (options.raw.size() > options.layout.size()) ThrowNot(value.Env(), "raw", "no longer than the layout");
  options.raw.resize(options.layout.size(), false);
  const Napi::Value escape = object.Get("escape");
  if (!escape.IsUndefined()) options.escape = BooleanArg(escape, "escape");
  const Napi::Value delimiter = object.Get("delimiter");
  if (!delimiter.IsUndefined()) options.delimiter = CharacterArg(delimiter, "delimiter");
  if (options.delimiter == '"') ThrowNot(value.Env(), "delimiter", "other than the quote");
  options.values_only = OptionalBooleanArg(object.Get("valuesOnly"), "valuesOnly");
  return options;
}

JoinOptions JoinArg(const Napi::Value& value) {
  const Napi::Object object = ObjectArg(value, "options");
  JoinOptions options;
  options.left_outer = BooleanArg(object.Get("leftOuter"), "leftOuter");
  options.group_limit_bytes =
      static_cast<size_t>(IntegerArg(object.Get("groupLimitBytes"), "groupLimitBytes", 0, kMaxSafeInteger));
  options.missing_right = BytesArg(object.Get("missingRight"), "missingRight").ToString();
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

BatchArg::BatchArg(const Napi::Value& value, const Layout& layout) : env_(value.Env()) {
  const Napi::Object batch = ObjectArg(value, "batch");
  const auto bytes_handles = [](const Napi::Value& column, const char* name) {
    const Napi::Object object = ObjectArg(column, name);
    return BytesHandles{object.Get("bytes"), object.Get("ends")};
  };
  keys_ = bytes_handles(batch.Get("keys"), "batch.keys");
  const std::vector<Napi::Value> columns = ArrayArg(batch.Get("columns"), "batch.columns", kMaxColumns);
  if (columns.size() != layout.size()) {
    ThrowNot(env_, "batch.columns",
             std::to_string(layout.size()) + " columns, not " + std::to_string(columns.size()));
  }
  columns_.reserve(layout.size());
  for (size_t c = 0; c < layout.size(); ++c) {
    ColumnHandles handles{layout[c], columns[c], {}};
    if (layout[c] == ValueKind::kBytes) handles.bytes = bytes_handles(columns[c], "batch.columns[]");
    columns_.push_back(handles);
  }
  partitions_ = batch.Get("partitions");
  group_starts_ = batch.Get("groupStarts");
}

const RecordBatch& BatchArg::Input(size_t count, uint32_t partitions, std::vector<char>* padded) {
  const TypedView key_bytes = BytesView(keys_.bytes, "batch.keys.bytes");
  const TypedView key_ends = Uint32sView(keys_.ends, "batch.keys.ends");
  RequireLength(env_, key_ends.length, count, "batch.keys.ends");
  input_.count = count;
  input_.key_bytes = key_bytes.data;
  input_.key_ends = reinterpret_cast<const uint32_t*>(key_ends.data);
  const size_t used = CheckEnds(env_, input_.key_ends, count, key_bytes.length, "batch.keys.ends");
  if (key_bytes.readable < used + kBatchPadding) {
    padded->assign(used + kBatchPadding, '\0');
    if (used > 0) std::memcpy(padded->data(), key_bytes.data, used);
    input_.key_bytes = padded->data();
  }

  input_columns_.clear();
  for (const ColumnHandles& handles : columns_) {
    ValueColumn column;
    column.kind = handles.kind;
    if (handles.kind == ValueKind::kNumber) {
      const TypedView numbers = NumbersView(handles.numbers, "batch.columns[]");
      RequireLength(env_, numbers.length, count, "batch.columns[]");
      column.numbers = reinterpret_cast<const double*>(numbers.data);
    } else {
      const TypedView bytes = BytesView(handles.bytes.bytes, "batch.columns[].bytes");
      const TypedView ends = Uint32sView(handles.bytes.ends, "batch.columns[].ends");
      RequireLength(env_, ends.length, count, "batch.columns[].ends");
      column.ends = reinterpret_cast<const uint32_t*>(ends.data);
      CheckEnds(env_, column.ends, count, bytes.length, "batch.columns[].ends");
      column.bytes = bytes.data;
    }
    input_columns_.push_back(column);
  }
  input_.columns = input_columns_.data();
  input_.column_count = input_columns_.size();

  if (partitions > 0) {
    const TypedView view = Uint32sView(partitions_, "batch.partitions");
    RequireLength(env_, view.length, count, "batch.partitions");
    input_.partitions = reinterpret_cast<const uint32_t*>(view.data);
    const bool in_range = std::all_of(input_.partitions, input_.partitions + count,
                                      [partitions](uint32_t partition) { return partition < partitions; });
    if (!in_range) ThrowNot(env_, "batch.partitions", "below " + std::to_string(partitions));
  }
  return input_;
}

const ReadTarget& BatchArg::Target(size_t max_records) {
  target_.max_records = max_records;
  const auto bytes_target = [this](const BytesHandles& handles, const char* bytes_name,
                                   const char* ends_name) {
    const TypedView bytes = BytesView(handles.bytes, bytes_name);
    const TypedView ends = Uint32sView(handles.ends, ends_name);
    target_.max_records = std::min(target_.max_records, ends.length);
    return BytesTarget{bytes.data, std::min(bytes.length, size_t{UINT32_MAX}),
                       reinterpret_cast<uint32_t*>(ends.data)};
  };
  target_.keys = bytes_target(keys_, "batch.keys.bytes", "batch.keys.ends");
  target_.columns.clear();
  for (const ColumnHandles& handles : columns_) {
    ReadTarget::Column column;
    if (handles.kind == ValueKind::kNumber) {
      const TypedView numbers = NumbersView(handles.numbers, "batch.columns[]");
      target_.max_records = std::min(target_.max_records, numbers.length);
      column.numbers = reinterpret_cast<double*>(numbers.data);
    } else {
      column.bytes = bytes_target(handles.bytes, "batch.columns[].bytes", "batch.columns[].ends");
    }
    target_.columns.push_back(column);
  }
  if (!group_starts_.IsUndefined()) {
    const TypedView starts = BytesView(group_starts_, "batch.groupStarts");
    target_.max_records = std::min(target_.max_records, starts.length);
    target_.group_starts = reinterpret_cast<uint8_t*>(starts.data);
  }
  if (target_.max_records == 0) ThrowNot(env_, "batch", "room for at least one record");
  return target_;
}

}  // namespace runjob::addon
