#include "addon/collector.h"

#include <string>
#include <utility>

#include "addon/args.h"
#include "addon/batch_arg.h"
#include "addon/cursor.h"
#include "addon/module.h"
#include "addon/options.h"
#include "addon/results.h"
#include "run/run_writer.h"

namespace runjob::addon {

Collector::Collector(const Napi::CallbackInfo& info) : Wrapped(info), state_(std::make_shared<CollectorState>()) {
  Guarded(info.Env(), [&] {
    state_->options = CollectorArg(info[0]);
    state_->native = state_->options.hash ? NewHashCollector(state_->options) : NewAppendCollector(state_->options);
  });
}

Napi::Value Collector::Add(const Napi::CallbackInfo& info) {
  const CollectorOptions& options = state_->options;
  BatchArg batch(info[0], options.layout);
  const size_t count = static_cast<size_t>(IntegerArg(info[1], "count", 0, UINT32_MAX));
  const uint32_t partitions = options.partition_by == PartitionBy::kGiven ? options.partitions : 0;
  const RecordBatch& records = batch.Input(count, partitions, &padded_);
  state_->RequireFilling(info.Env());
  state_->Run(info.Env(), [&] { return state_->native->Add(records); });
  return info.Env().Undefined();
}

Napi::Value Collector::HeldBytes(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).bytes()); }
Napi::Value Collector::IsFull(const Napi::CallbackInfo& info) {
  const uint64_t budget_bytes = LimitArg(info[0], "budgetBytes");
  const uint64_t enough_bytes = LimitArg(info[1], "enoughBytes");
  return Napi::Boolean::New(info.Env(), Open(info.Env()).IsFull(budget_bytes, enough_bytes));
}
Napi::Value Collector::RecordsIn(const Napi::CallbackInfo& info) {
  return Count(info.Env(), Open(info.Env()).records_in());
}
Napi::Value Collector::Entries(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).entries()); }
Napi::Value Collector::RecordsOut(const Napi::CallbackInfo& info) {
  return Count(info.Env(), Open(info.Env()).records_out());
}

Napi::Value Collector::Spill(const Napi::CallbackInfo& info) {
  const std::string path = PathArg(info[0], "path");
  const std::string meta = TextArg(info[1], "meta");
  state_->RequireFilling(info.Env());
  std::unique_ptr<runjob::RunWriter> writer;
  state_->Run(info.Env(), [&] {
    RUNJOB_RETURN_IF_ERROR(runjob::RunWriter::Open(path, state_->options.partitions, state_->native->bytes(), &writer));
    RUNJOB_RETURN_IF_ERROR(state_->native->SpillTo(writer.get()));
    return writer->Finish(meta);
  });
  return SpillInfo(info.Env(), *writer);
}

Napi::Value Collector::Sorted(const Napi::CallbackInfo& info) {
  state_->RequireFilling(info.Env());
  CursorState cursor;
  cursor.source = state_;
  cursor.memory = state_->native;
  cursor.generation = state_->generation;
  state_->Run(info.Env(), [&] {
    cursor.native = state_->native->Sorted(&cursor.partition_of);
    return Status::Ok();
  });
  state_->sorted = true;
  return Cursor::Make(info.Env(), std::move(cursor));
}

Napi::Value Collector::Clear(const Napi::CallbackInfo& info) {
  runjob::Collector& collector = Open(info.Env());
  state_->generation++;
  state_->Run(info.Env(), [&] {
    collector.Clear();
    return Status::Ok();
  });
  state_->sorted = false;
  return info.Env().Undefined();
}

Napi::Value Collector::Close(const Napi::CallbackInfo& info) {
  state_->generation++;
  state_->native.reset();
  return info.Env().Undefined();
}

runjob::Collector& Collector::Open(Napi::Env env) const {
  if (state_->native == nullptr) ThrowBadArgument(env, "the collector is closed");
  if (state_->failed) ThrowBadArgument(env, "the collector failed before");
  return *state_->native;
}

void ExportCollector(Napi::Object exports) { ExportClass<Collector>(exports, "createCollector"); }

}  // namespace runjob::addon
