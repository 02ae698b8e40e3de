#include "addon/cursor.h"

#include <utility>
#include <vector>

#include "addon/args.h"
#include "addon/batch_arg.h"
#include "addon/module.h"
#include "addon/options.h"
#include "addon/results.h"
#include "addon/run_writer.h"
#include "operator/format.h"
#include "operator/rekey.h"
#include "run/every_record.h"
#include "run/merge.h"
#include "run/run_file.h"

namespace runjob::addon {

namespace {

constexpr uint64_t kMaxTracked = 1000000;
constexpr uint64_t kMaxShares = 1000000;
constexpr uint64_t kMaxFormattedBytes = 64 << 20;  // allocated before the first record is read

}  // namespace

Napi::Value Cursor::Make(Napi::Env env, CursorState state) {
  const Napi::Object object = Construct(env, {});
  Unwrap(object)->state_ = std::move(state);
  return object;
}

Napi::Value Cursor::Aggregate(const Napi::CallbackInfo& info) {
  std::vector<AggregateSpec> specs = AggregatesArg(info[0], "aggregates", nullptr);
  const bool finalize = BooleanArg(info[1], "finalize");
  CursorState state = TakeOver(info.Env());
  state.native = NewAggregate(std::move(state.native), std::move(specs), finalize);
  state.partition_of = nullptr;  // it looks ahead
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::FinalizeStates(const Napi::CallbackInfo& info) {
  std::vector<AggregateSpec> specs = AggregatesArg(info[0], "aggregates", nullptr);
  CursorState state = TakeOver(info.Env());
  state.native = NewFinalize(std::move(state.native), std::move(specs));
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::Take(const Napi::CallbackInfo& info) {
  const uint64_t count = IntegerArg(info[0], "count", 0, kMaxSafeInteger);
  CursorState state = TakeOver(info.Env());
  state.native = NewTake(std::move(state.native), count);
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::Join(const Napi::CallbackInfo& info) {
  const JoinOptions options = JoinArg(info[0]);
  CursorState state = TakeOver(info.Env());
  state.native = NewJoin(std::move(state.native), options);
  state.partition_of = nullptr;  // it looks ahead
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::DropPrefix(const Napi::CallbackInfo& info) {
  const size_t bytes = static_cast<size_t>(IntegerArg(info[0], "bytes", 0, kMaxSafeInteger));
  CursorState state = TakeOver(info.Env());
  state.native = NewDropPrefix(std::move(state.native), bytes);
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::TrackTop(const Napi::CallbackInfo& info) {
  Layout layout = LayoutArg(info[0], "layout");
  const size_t n = static_cast<size_t>(IntegerArg(info[1], "n", 0, kMaxTracked));
  CursorState state = TakeOver(info.Env());
  std::unique_ptr<TopTracker> tracker = NewTopTracker(std::move(state.native), std::move(layout), n);
  state.tracker = tracker.get();
  state.native = std::move(tracker);
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::Top(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Open(env);
  if (state_.tracker == nullptr) ThrowBadArgument(env, "top() needs trackTop() first");
  const std::vector<TopTracker::Entry> top = state_.tracker->Top();
  Napi::Array array = Napi::Array::New(env, top.size());
  for (size_t i = 0; i < top.size(); i++) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("key", Bytes(env, top[i].key));
    entry.Set("number", Napi::Number::New(env, top[i].number));
    array.Set(static_cast<uint32_t>(i), entry);
  }
  return array;
}

Napi::Value Cursor::TrackLargestKey(const Napi::CallbackInfo& info) {
  const bool prefix_grouping = BooleanArg(info[0], "prefixGrouping");
  const size_t suffix_bytes = static_cast<size_t>(IntegerArg(info[1], "suffixBytes", 0, kMaxSafeInteger));
  CursorState state = TakeOver(info.Env());
  std::unique_ptr<LargestKeyTracker> tracker =
      NewLargestKeyTracker(std::move(state.native), prefix_grouping, suffix_bytes);
  state.largest = tracker.get();
  state.native = std::move(tracker);
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::LargestKey(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Open(env);
  if (state_.largest == nullptr) ThrowBadArgument(env, "largestKey() needs trackLargestKey() first");
  const LargestKeyTracker::Found found = state_.largest->Largest();
  Napi::Object result = Napi::Object::New(env);
  result.Set("key", Bytes(env, found.key));
  result.Set("value", Bytes(env, found.value));
  result.Set("records", Count(env, found.records));
  return result;
}

Napi::Value Cursor::SampleValues(const Napi::CallbackInfo& info) {
  CursorState state = TakeOver(info.Env());
  std::unique_ptr<ValueSampler> sampler = NewValueSampler(std::move(state.native));
  state.sampler = sampler.get();
  state.native = std::move(sampler);
  return Make(info.Env(), std::move(state));
}

Napi::Value Cursor::SampledValues(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Open(env);
  if (state_.sampler == nullptr) ThrowBadArgument(env, "sampledValues() needs sampleValues() first");
  const std::vector<std::string> values = state_.sampler->Values();
  Napi::Array array = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); i++) array.Set(static_cast<uint32_t>(i), Bytes(env, values[i]));
  return array;
}

Napi::Value Cursor::Read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Layout layout = LayoutArg(info[1], "layout");
  const Napi::Object object = ObjectArg(info[2], "options");
  ReadOptions options;
  options.prefix_grouping = BooleanArg(object.Get("prefixGrouping"), "prefixGrouping");
  const size_t max_records =
      static_cast<size_t>(IntegerArg(object.Get("maxRecords"), "maxRecords", 1, kMaxSafeInteger));
  BatchArg batch(info[0], layout);
  const ReadTarget& target = batch.Target(max_records);
  runjob::Cursor* cursor = Started(env);
  options.partition_of = state_.partition_of;
  ReadCounts counts;
  const Status status = reader_.Read(cursor, layout, options, target, &counts);
  if (!status.ok() && counts.key_bytes + counts.value_bytes > 0) ThrowTooSmall(env, status, counts);
  Check(env, status);
  Succeeded(counts.records);
  Napi::Object result = Napi::Object::New(env);
  result.Set("count", Count(env, counts.records));
  result.Set("keysAscii", Napi::Boolean::New(env, counts.keys_ascii));
  result.Set("valuesAscii", Napi::Boolean::New(env, counts.values_ascii));
  return result;
}

Napi::Value Cursor::FormatRecords(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const FormatOptions options = FormatArg(info[0]);
  const size_t want = static_cast<size_t>(IntegerArg(info[1], "wantBytes", 1, kMaxFormattedBytes));
  runjob::Cursor* cursor = Started(env);
  text_.clear();
  uint64_t records = 0;
  Check(env, Format(cursor, options, want, &text_, &records));
  Succeeded(records);
  return Bytes(env, text_);
}

Napi::Value Cursor::Collect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const RekeyOptions options = RekeyArg(info[1]);
  const uint64_t max_records = IntegerArg(info[2], "maxRecords", 1, kMaxSafeInteger);
  const std::shared_ptr<CollectorState> target = Collector::FromArg(info[0], "collector")->state();
  target->RequireFilling(env);
  if (target->options.layout != options.layout) ThrowBadArgument(env, "layout must be the collector's layout");
  if (target->options.partition_by == PartitionBy::kGiven) {
    ThrowBadArgument(env, "a collector with given partitions cannot collect from a cursor");
  }
  runjob::Cursor* cursor = Started(env);
  uint64_t moved = 0;
  target->Run(env, [&] { return MoveRecords(cursor, options, max_records, target->native.get(), &moved); });
  Succeeded(moved);
  return Count(env, moved);
}

Napi::Value Cursor::WriteTo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RunWriter* target = RunWriter::FromArg(info[0], "writer");
  const uint32_t partition = static_cast<uint32_t>(IntegerArg(info[1], "partition", 0, UINT32_MAX));
  Open(env);
  std::unique_ptr<runjob::RunWriter> writer = target->Borrow(env, partition);
  runjob::Cursor* cursor = Started(env);
  uint64_t records = 0;
  for (; cursor->valid(); records++) {
    Check(env, writer->Add(partition, cursor->key(), cursor->value()));
    Check(env, cursor->Next());
  }
  target->GiveBack(std::move(writer));
  Succeeded(records);
  return env.Undefined();
}

Napi::Value Cursor::Partition(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Open(env);
  if (state_.partition_of == nullptr) ThrowBadArgument(env, "only the cursor of a collector's sorted() has partitions");
  runjob::Cursor* cursor = Started(env);
  Succeeded(0);
  return Napi::Number::New(env, cursor->valid() ? static_cast<double>(*state_.partition_of) : -1);
}

Napi::Value Cursor::RecordsIn(const Napi::CallbackInfo& info) {
  Open(info.Env());
  return Count(info.Env(), state_.native->records_in());
}
Napi::Value Cursor::RecordsOut(const Napi::CallbackInfo& info) { return Count(info.Env(), records_out_); }
Napi::Value Cursor::RunRecords(const Napi::CallbackInfo& info) {
  Open(info.Env());
  if (state_.merge == nullptr) ThrowBadArgument(info.Env(), "only a cursor of openRuns() reads runs");
  return Count(info.Env(), state_.merge->records_in());
}

Napi::Value Cursor::Close(const Napi::CallbackInfo& info) {
  state_ = CursorState();
  return info.Env().Undefined();
}

void Cursor::Open(Napi::Env env) const {
  if (state_.native == nullptr) ThrowBadArgument(env, "the cursor is closed, or an operator took it over");
  if (state_.source != nullptr && state_.source->generation != state_.generation) {
    ThrowBadArgument(env, "the collector behind the cursor was cleared");
  }
}

CursorState Cursor::TakeOver(Napi::Env env) {
  Open(env);
  if (started_) ThrowBadArgument(env, "operators go on a cursor before it is read");
  return std::exchange(state_, CursorState());
}

runjob::Cursor* Cursor::Started(Napi::Env env) {
  Open(env);
  if (failed_) ThrowBadArgument(env, "the cursor failed before");
  failed_ = true;
  if (!started_) {
    started_ = true;
    Check(env, state_.native->Start());
  }
  return state_.native.get();
}

void Cursor::Succeeded(uint64_t records) {
  failed_ = false;
  records_out_ += records;
}

void Cursor::ThrowTooSmall(Napi::Env env, const Status& status, const ReadCounts& counts) {
  failed_ = false;
  try {
    Throw(env, status);
  } catch (const Napi::Error& error) {
    error.Value().Set("keyBytes", Count(env, counts.key_bytes));
    error.Value().Set("valueBytes", Count(env, counts.value_bytes));
    throw;
  }
}

namespace {

Share ShareArg(const Napi::Value& value) {
  const Napi::Object share = ObjectArg(value, "share");
  Share result;
  result.of = static_cast<uint32_t>(IntegerArg(share.Get("of"), "of", 1, kMaxShares));
  result.index = static_cast<uint32_t>(IntegerArg(share.Get("index"), "index", 0, result.of - 1));
  return result;
}

Napi::Value OpenRuns(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<std::string> paths = PathsArg(info[0], "paths");
  if (paths.size() > runjob::kMaxMergeInputs) {
    ThrowBadArgument(env, "paths must be at most " + std::to_string(runjob::kMaxMergeInputs));
  }
  const uint32_t partition = static_cast<uint32_t>(IntegerArg(info[1], "partition", 0, kMaxPartitions - 1));
  const Napi::Object options = ObjectArg(info[2], "options");
  const bool descending = BooleanArg(options.Get("descending"), "descending");
  const Napi::Value from = options.Get("from");
  const Napi::Value to = options.Get("to");
  const bool is_range = !from.IsUndefined() || !to.IsUndefined();
  if (is_range && descending) ThrowBadArgument(env, "a range is of ascending keys");
  KeyRange range;
  if (!from.IsUndefined()) range.from = BytesArg(from, "from").ToString();
  if (!to.IsUndefined()) range.to = BytesArg(to, "to").ToString();
  const Napi::Value share = options.Get("share");
  std::vector<std::unique_ptr<runjob::RecordSource>> runs;
  if (!share.IsUndefined()) {
    if (!range.to) ThrowBadArgument(env, "a share is of the records of one key");
    Check(env, OpenShare(paths, partition, range, ShareArg(share), &runs));
  } else {
    runs.resize(paths.size());
    for (size_t i = 0; i < paths.size(); i++) {
      Check(env, is_range ? OpenRun(paths[i], partition, range, &runs[i]) : OpenRun(paths[i], partition, &runs[i]));
    }
  }
  CursorState state;
  state.native = NewMerge(std::move(runs), descending);
  state.merge = state.native.get();
  return Cursor::Make(env, std::move(state));
}

Napi::Value OpenEveryRecord(const Napi::CallbackInfo& info) {
  CursorState state;
  state.native = NewEveryRecord(PathsArg(info[0], "paths"));
  state.merge = state.native.get();
  return Cursor::Make(info.Env(), std::move(state));
}

}  // namespace

void ExportCursor(Napi::Object exports) {
  Cursor::Define(exports.Env());
  Export<OpenRuns>(exports, "openRuns");
  Export<OpenEveryRecord>(exports, "openEveryRecord");
}

}  // namespace runjob::addon
