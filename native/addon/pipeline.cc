#include "addon/pipeline.h"

#include <cstring>
#include <utility>

#include "addon/cursor.h"
#include "addon/join_table.h"
#include "addon/module.h"
#include "addon/results.h"
#include "column/rows.h"

namespace runjob::addon {

namespace {

// Adds rows as a rows end gives them.
Status AddStoredRows(Slice bytes, const Schema& schema, ColumnSink* head) {
  const auto malformed = [] { return Status::Error("BAD_ARGUMENT", "bytes must be rows of the pipeline's columns"); };
  const std::unique_ptr<RowDecoder> rows = NewRowDecoder(schema);
  const char* at = bytes.data;
  const char* const end = at + bytes.size;
  while (at != end) {
    uint32_t size = 0;
    if (static_cast<size_t>(end - at) < sizeof(size)) return malformed();
    std::memcpy(&size, at, sizeof(size));
    at += sizeof(size);
    if (static_cast<size_t>(end - at) < size || !rows->Add(Slice(at, size)).ok()) return malformed();
    at += size;
    if (rows->rows() == kVectorRows || at == end) {
      RUNJOB_RETURN_IF_ERROR(head->Add(rows->batch()));
      rows->Clear();
    }
  }
  return Status::Ok();
}

// A collector that JavaScript spills once it is full.
class SpillingSink : public BatchSink {
 public:
  SpillingSink(PipelineState* state, size_t budget_bytes, size_t enough_bytes)
      : state_(state), budget_bytes_(budget_bytes), enough_bytes_(enough_bytes) {}

  Status Add(const RecordBatch& batch) override {
    runjob::Collector* const collector = state_->collector->native.get();
    RUNJOB_RETURN_IF_ERROR(collector->Add(batch));
    if (collector->IsFull(budget_bytes_, enough_bytes_)) state_->MakeRoom();
    return Status::Ok();
  }

 private:
  PipelineState* const state_;
  const size_t budget_bytes_;
  const size_t enough_bytes_;
};

size_t BytesOption(const Napi::Object& options, const char* name, uint64_t otherwise) {
  const Napi::Value value = options.Get(name);
  return static_cast<size_t>(value.IsUndefined() ? otherwise : IntegerArg(value, name, 0, kMaxSafeInteger));
}

}  // namespace

void PipelineState::MakeRoom() {
  if (on_full.IsEmpty()) return;
  const Napi::HandleScope scope(on_full.Env());
  if (collector != nullptr) collector->failed = false;
  on_full.Call({});
  if (collector == nullptr) return;
  if (collector->native == nullptr) ThrowBadArgument(on_full.Env(), "onFull must not close the collector");
  collector->failed = true;
}

void PipelineState::BeginFile(const std::string& folder) {
  const Napi::HandleScope scope(on_file.Env());
  on_file.Call({Napi::String::New(on_file.Env(), folder), Napi::Number::New(on_file.Env(), 0)});
}

void PipelineState::EndFile(uint64_t rows) {
  const Napi::HandleScope scope(on_file.Env());
  on_file.Call({on_file.Env().Null(), Count(on_file.Env(), rows)});
}

Status PipelineState::Compress(uint8_t codec, Slice page, std::string* out) {
  if (compress.IsEmpty()) return Status::Error("BAD_ARGUMENT", "the pipeline has no function that compresses");
  const Napi::Env env = compress.Env();
  const Napi::HandleScope scope(env);
  const Napi::Value result = compress.Call({Napi::Number::New(env, codec), Bytes(env, page)});
  const Slice bytes = BytesArg(result, "result of compress");
  out->append(bytes.data, bytes.size);
  return Status::Ok();
}

Pipeline::Pipeline(const Napi::CallbackInfo& info) : Wrapped(info) {
  Guarded(info.Env(), [&] {
    const Napi::Env env = info.Env();
    auto state = std::make_shared<PipelineState>();
    if (!info[1].IsNull()) state->collector = Collector::FromArg(info[1], "collector")->state();
    const Napi::Object object = ObjectArg(info[2], "options");
    PipelineOptions options;
    options.memory_bytes =
        static_cast<size_t>(IntegerArg(object.Get("memoryBytes"), "memoryBytes", 0, kMaxSafeInteger));
    const Napi::Value on_full = object.Get("onFull");
    if (!on_full.IsUndefined()) {
      if (!on_full.IsFunction()) ThrowNot(env, "onFull", "a function");
      state->on_full = Napi::Persistent(on_full.As<Napi::Function>());
      PipelineState* const raw = state.get();
      options.take_output = [raw] { raw->MakeRoom(); };
    }
    const Napi::Value on_file = object.Get("onFile");
    if (!on_file.IsUndefined()) {
      if (!on_file.IsFunction()) ThrowNot(env, "onFile", "a function");
      state->on_file = Napi::Persistent(on_file.As<Napi::Function>());
      PipelineState* const raw = state.get();
      options.begin_file = [raw](const std::string& folder) { raw->BeginFile(folder); };
      options.end_file = [raw](uint64_t rows) { raw->EndFile(rows); };
    }
    const Napi::Value compress = object.Get("compress");
    if (!compress.IsUndefined()) {
      if (!compress.IsFunction()) ThrowNot(env, "compress", "a function");
      state->compress = Napi::Persistent(compress.As<Napi::Function>());
    }
    options.compress = [raw = state.get()](uint8_t codec, Slice page, std::string* out) {
      return raw->Compress(codec, page, out);
    };
    if (OptionalBooleanArg(object.Get("keepBad"), "keepBad")) options.bad = &state->bad;
    options.measured = OptionalBooleanArg(object.Get("measured"), "measured");
    const Napi::Value tables = object.Get("tables");
    if (!tables.IsUndefined()) {
      for (const Napi::Value& table : ArrayArg(tables, "tables", kMaxColumns)) {
        options.tables.push_back(JoinTable::FromArg(table, "tables")->Complete(env));
      }
    }
    if (state->collector != nullptr) {
      state->collector->RequireFilling(env);
      const CollectorOptions& collector = state->collector->options;
      if (collector.hash || collector.layout != Layout{ValueKind::kBytes}) {
        ThrowBadArgument(env, "a pipeline's collector must append values of bytes");
      }
      if (collector.partition_by == PartitionBy::kGiven) options.partitions = collector.partitions;
      state->records = std::make_unique<SpillingSink>(state.get(), BytesOption(object, "collectorBytes", SIZE_MAX),
                                                      BytesOption(object, "enoughBytes", SIZE_MAX));
      options.records = state->records.get();
      options.first = state->collector->native->first();
    }
    Check(env, runjob::Pipeline::Compile(BytesArg(info[0], "program"), options, &state->native));
    state_ = std::move(state);
  });
}

Napi::Value Pipeline::AddRows(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Slice bytes = BytesArg(info[0], "bytes");
  state_->RequireReady(env);
  state_->Run(env, [&] { return AddStoredRows(bytes, state_->native->input(), state_->native->head()); });
  return env.Undefined();
}

Napi::Value Pipeline::Drain(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Cursor* cursor = Cursor::FromArg(info[0], "cursor");
  const size_t max_records = static_cast<size_t>(IntegerArg(info[1], "maxRecords", 1, kMaxSafeInteger));
  state_->RequireReady(env);
  size_t records = 0;
  state_->Run(env, [&] {
    records = cursor->Consume(
        env, [&](runjob::Cursor* native, size_t* taken) { return state_->native->Drain(native, max_records, taken); });
    return Status::Ok();
  });
  return Count(env, records);
}

Napi::Value Pipeline::SetConstants(const Napi::CallbackInfo& info) {
  const Slice program = BytesArg(info[0], "program");
  state_->RequireReady(info.Env());
  state_->Run(info.Env(), [&] { return state_->native->SetConstants(program); });
  return info.Env().Undefined();
}

Napi::Value Pipeline::Finish(const Napi::CallbackInfo& info) {
  state_->RequireReady(info.Env());
  state_->Run(info.Env(), [&] { return state_->native->Finish(); });
  state_->finished = true;
  return info.Env().Undefined();
}

Napi::Value Pipeline::TakeOutput(const Napi::CallbackInfo& info) {
  std::string* const output = Open(info.Env()).output();
  const Napi::Value bytes = Bytes(info.Env(), *output);
  output->clear();
  return bytes;
}

Napi::Value Pipeline::TakeBad(const Napi::CallbackInfo& info) { return Bad(info.Env(), state_->bad.Take()); }

Napi::Value Pipeline::RowsMade(const Napi::CallbackInfo& info) {
  return Count(info.Env(), Open(info.Env()).rows_made());
}
Napi::Value Pipeline::RowsLeftOut(const Napi::CallbackInfo& info) {
  return Count(info.Env(), Open(info.Env()).rows_left_out());
}
Napi::Value Pipeline::RowsIn(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).rows_in()); }
Napi::Value Pipeline::RowsOut(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).rows_out()); }
Napi::Value Pipeline::HeldBytes(const Napi::CallbackInfo& info) {
  return Count(info.Env(), state_->native == nullptr ? 0 : state_->native->bytes());
}
Napi::Value Pipeline::Done(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Open(info.Env()).head()->done());
}

Napi::Value Pipeline::Measures(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<LinkMeasure> measures = Open(env).measures();
  const Napi::Array result = Napi::Array::New(env, measures.size());
  for (size_t i = 0; i < measures.size(); i++) {
    const Napi::Object measure = Napi::Object::New(env);
    measure.Set("rowsIn", Count(env, measures[i].rows_in));
    measure.Set("ms", static_cast<double>(measures[i].nanoseconds) / 1e6);
    result.Set(static_cast<uint32_t>(i), measure);
  }
  return result;
}

Napi::Value Pipeline::Sample(const Napi::CallbackInfo& info) {
  const RowSample* const sample = Open(info.Env()).sample();
  return sample == nullptr ? info.Env().Null() : Bytes(info.Env(), sample->Encode());
}

Napi::Value Pipeline::Close(const Napi::CallbackInfo& info) {
  if (state_->running) ThrowBadArgument(info.Env(), "the pipeline is at work");
  state_->native.reset();
  state_->on_full.Reset();
  state_->compress.Reset();
  state_->on_file.Reset();
  return info.Env().Undefined();
}

runjob::Pipeline& Pipeline::Open(Napi::Env env) const {
  if (state_->native == nullptr) ThrowBadArgument(env, "the pipeline is closed");
  return *state_->native;
}

void ExportPipeline(Napi::Object exports) { ExportClass<Pipeline>(exports, "createPipeline"); }

}  // namespace runjob::addon
