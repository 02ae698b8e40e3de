// JavaScript values -> what kernels take, checked. No argument may crash the process: whatever is not exactly
// as src/kernels/kernels.ts says throws BAD_ARGUMENT, with the argument's name.
//
// Reading a property may run JavaScript (getters, proxies), which may close an object or detach a buffer. So
// every function here that looks into objects runs first; native state and typed arrays are looked at after
// it.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "aggregate.h"
#include "batch.h"
#include "collector.h"
#include "format.h"
#include "mapper.h"
#include "merge.h"
#include "read.h"
#include "rekey.h"
#include "slice.h"
#include "status.h"

namespace runjob::addon {

constexpr uint64_t kMaxPartitions = 1 << 20;

// Throws the JavaScript error of a failed status: an Error with `code`, `detail` and, if known, `offset`.
[[noreturn]] void Throw(Napi::Env env, const Status& status);
[[noreturn]] void ThrowBadArgument(Napi::Env env, const std::string& detail);
// Allocates nothing itself: there may be nothing left.
[[noreturn]] void ThrowOutOfMemory(Napi::Env env, const char* detail);
inline void Check(Napi::Env env, const Status& status) {
  if (!status.ok()) Throw(env, status);
}

double NumberArg(const Napi::Value& value, const char* name);
// A whole number in min..max.
uint64_t IntegerArg(const Napi::Value& value, const char* name, uint64_t min, uint64_t max);
bool BooleanArg(const Napi::Value& value, const char* name);
// undefined is false.
bool OptionalBooleanArg(const Napi::Value& value, const char* name);
std::string TextArg(const Napi::Value& value, const char* name);
// Not empty, without NUL.
std::string PathArg(const Napi::Value& value, const char* name);
// An array of texts, or of Uint8Arrays: these as values, because their bytes may move until all is fetched.
std::vector<std::string> TextsArg(const Napi::Value& value, const char* name);
std::vector<Napi::Value> ValuesArg(const Napi::Value& value, const char* name);
std::vector<std::string> PathsArg(const Napi::Value& value, const char* name);
Napi::Object ObjectArg(const Napi::Value& value, const char* name);
// The bytes of a Uint8Array, in place; dead once JavaScript runs again.
Slice BytesArg(const Napi::Value& value, const char* name);
// A Uint32Array in place; dead once JavaScript runs again.
struct Uint32Span {
  const uint32_t* data;
  size_t size;
};
Uint32Span Uint32Arg(const Napi::Value& value, const char* name);
// Bytes from the start of the first chunk; Infinity is kNoLimit.
uint64_t LimitArg(const Napi::Value& value, const char* name);

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
FormatOptions FormatArg(const Napi::Value& value);
JoinOptions JoinArg(const Napi::Value& value);
RekeyOptions RekeyArg(const Napi::Value& value);

// A RecordBatch of JavaScript: its typed arrays, found in the constructor (which may run JavaScript) and
// checked and opened by Input or Target (which do not).
class BatchArg {
 public:
  BatchArg(const Napi::Value& value, const Layout& layout);

  // The first `count` records. `partitions`: how many there are, if the batch must carry partitions, else 0.
  // `padded` backs keys whose buffer ends too early for kBatchPadding. The result lives as long as this
  // object.
  const RecordBatch& Input(size_t count, uint32_t partitions, std::vector<char>* padded);
  // Memory to fill, of at most `max_records` records.
  const ReadTarget& Target(size_t max_records);

 private:
  struct BytesHandles {
    Napi::Value bytes;
    Napi::Value ends;
  };
  struct ColumnHandles {
    ValueKind kind;
    Napi::Value numbers;
    BytesHandles bytes;
  };

  const Napi::Env env_;
  BytesHandles keys_;
  std::vector<ColumnHandles> columns_;
  Napi::Value partitions_;
  Napi::Value group_starts_;

  std::vector<ValueColumn> input_columns_;
  RecordBatch input_;
  ReadTarget target_;
};

}  // namespace runjob::addon
