#include "addon/run_writer.h"

#include <utility>

#include "addon/args.h"
#include "addon/batch_arg.h"
#include "addon/module.h"
#include "addon/options.h"
#include "addon/results.h"
#include "record/record.h"
#include "run/run_file.h"

namespace runjob::addon {

RunWriter::RunWriter(const Napi::CallbackInfo& info) : Wrapped(info) {
  Guarded(info.Env(), [&] {
    const std::string path = PathArg(info[0], "path");
    partitions_ = static_cast<uint32_t>(IntegerArg(info[1], "partitions", 1, kMaxPartitions));
    const uint64_t estimate = IntegerArg(info[2], "estimatedBytes", 0, kMaxSafeInteger);
    Check(info.Env(), runjob::RunWriter::Open(path, partitions_, estimate, &native_));
  });
}

std::unique_ptr<runjob::RunWriter> RunWriter::Borrow(Napi::Env env, uint32_t partition) {
  RequireOpen(env);
  if (partition >= partitions_) ThrowBadArgument(env, "partition must be below " + std::to_string(partitions_));
  if (partition < partition_) ThrowBadArgument(env, "partitions must be written in order");
  partition_ = partition;
  return std::move(native_);
}

Napi::Value RunWriter::Add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t partition = static_cast<uint32_t>(IntegerArg(info[0], "partition", 0, UINT32_MAX));
  const Layout layout = LayoutArg(info[2], "layout");
  BatchArg batch(info[1], layout);
  const size_t count = static_cast<size_t>(IntegerArg(info[3], "count", 0, UINT32_MAX));
  const RecordBatch& records = batch.Input(count, 0, &padded_);
  std::unique_ptr<runjob::RunWriter> writer = Borrow(env, partition);
  for (size_t i = 0; i < records.count; i++) {
    value_.resize(ValueSize(records, i));
    PutValue(records, i, value_.data());
    Check(env, writer->Add(partition, records.key(i), value_));
  }
  GiveBack(std::move(writer));
  return env.Undefined();
}

Napi::Value RunWriter::Finish(const Napi::CallbackInfo& info) {
  const std::string meta = TextArg(info[0], "meta");
  RequireOpen(info.Env());
  const std::unique_ptr<runjob::RunWriter> writer = std::move(native_);
  Check(info.Env(), writer->Finish(meta));
  return SpillInfo(info.Env(), *writer);
}

Napi::Value RunWriter::Abort(const Napi::CallbackInfo& info) {
  native_.reset();
  return info.Env().Undefined();
}

void RunWriter::RequireOpen(Napi::Env env) const {
  if (native_ == nullptr) ThrowBadArgument(env, "the run is finished, aborted, or failed before");
}

namespace {

Napi::Value ReadInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RunInfo run;
  Check(env, ReadRunInfo(PathArg(info[0], "path"), &run));
  Napi::Object result = Napi::Object::New(env);
  result.Set("meta", Napi::String::New(env, run.meta));
  result.Set("partitions", Partitions(env, run.partitions));
  return result;
}

}  // namespace

void ExportRunWriter(Napi::Object exports) {
  ExportClass<RunWriter>(exports, "createRunWriter");
  Export<ReadInfo>(exports, "readRunInfo");
}

}  // namespace runjob::addon
