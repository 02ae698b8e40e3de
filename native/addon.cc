// The addon's face to JavaScript: src/kernels/kernels.ts, class by class. Only this file and addon_args know
// Node-API.
//
// Every worker thread loads its own instance; all state hangs off JavaScript objects or the instance's data.
// An object that failed half-way stays failed: its next call throws instead of going on with half a state.
#include <napi.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "addon_args.h"
#include "arena.h"
#include "collector.h"
#include "csv_reader.h"
#include "file_writer.h"
#include "format.h"
#include "hash.h"
#include "lines.h"
#include "mapper.h"
#include "merge.h"
#include "read.h"
#include "record.h"
#include "rekey.h"
#include "run_file.h"
#include "run_writer.h"
#include "simd.h"
#include "store.h"

namespace runjob::addon {
namespace {

constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

struct InstanceData {
  Napi::FunctionReference collector;
  Napi::FunctionReference cursor;
  Napi::FunctionReference run_writer;
  Napi::FunctionReference mapper;
  Napi::FunctionReference line_filter;
  Napi::FunctionReference csv_reader;
  Napi::FunctionReference store;
  Napi::FunctionReference hasher;
  Napi::FunctionReference file_writer;
};

// Runs `body`; memory that ran out becomes a JavaScript error. What node-addon-api allocates by itself, as for
// the objects of our classes, it reports by itself: NODE_ADDON_API_CPP_EXCEPTIONS_ALL.
template <class Body>
auto Guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    ThrowOutOfMemory(env, "native memory could not be allocated");
  } catch (const std::length_error&) {
    ThrowOutOfMemory(env, "native memory of that size could not be allocated");
  }
}

// A class of ours. Type tags tell its objects from all others: a method may be called on, or be given,
// anything.
template <class T>
class Wrapped : public Napi::ObjectWrap<T> {
 public:
  using Call = Napi::Value (T::*)(const Napi::CallbackInfo&);

  explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {
    info.This().template As<Napi::Object>().TypeTag(&T::kTag);
  }

  static T* Unwrap(Napi::Object object) {
    if (!object.CheckTypeTag(&T::kTag))
      ThrowBadArgument(object.Env(), std::string("this is not a ") + T::kName);
    return Napi::ObjectWrap<T>::Unwrap(object);
  }
  static T* FromArg(const Napi::Value& value, const char* name) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTag)) {
      ThrowBadArgument(value.Env(), std::string(name) + " must be a " + T::kName);
    }
    return Napi::ObjectWrap<T>::Unwrap(value.As<Napi::Object>());
  }

 protected:
  template <Call call>
  Napi::Value Entry(const Napi::CallbackInfo& info) {
    return Guarded(info.Env(), [&] { return (static_cast<T*>(this)->*call)(info); });
  }
  template <Call call>
  static Napi::ClassPropertyDescriptor<T> Method(const char* name) {
    return Napi::ObjectWrap<T>::InstanceMethod(name, static_cast<Call>(&Wrapped::template Entry<call>));
  }
  template <Call call>
  static Napi::ClassPropertyDescriptor<T> Getter(const char* name) {
    return Napi::ObjectWrap<T>::InstanceAccessor(name, static_cast<Call>(&Wrapped::template Entry<call>),
                                                 nullptr);
  }
};

Napi::Value Count(Napi::Env env, uint64_t n) { return Napi::Number::New(env, static_cast<double>(n)); }

Napi::Value Bytes(Napi::Env env, Slice bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data, bytes.size);
}

template <class Array, class Number>
Napi::Value Numbers(Napi::Env env, const std::vector<Number>& numbers) {
  Array array = Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}

Napi::Value Bad(Napi::Env env, const BadRecords& records) {
  Napi::Array array = Napi::Array::New(env, records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    const auto& [status, excerpt] = records[i];
    Napi::Object record = Napi::Object::New(env);
    record.Set("code", Napi::String::New(env, status.code()));
    record.Set("detail", Napi::String::New(env, status.detail()));
    record.Set("offset", Count(env, static_cast<uint64_t>(status.offset())));
    record.Set("excerpt", Napi::String::New(env, excerpt));
    array.Set(static_cast<uint32_t>(i), record);
  }
  return array;
}

Napi::Value Partitions(Napi::Env env, const std::vector<PartitionCount>& partitions) {
  Napi::Array array = Napi::Array::New(env, partitions.size());
  for (size_t i = 0; i < partitions.size(); ++i) {
    Napi::Object count = Napi::Object::New(env);
    count.Set("records", Count(env, partitions[i].records));
    count.Set("bytes", Count(env, partitions[i].bytes));
    array.Set(static_cast<uint32_t>(i), count);
  }
  return array;
}

Napi::Value SpillInfo(Napi::Env env, const runjob::RunWriter& writer) {
  PartitionCount total;
  for (const PartitionCount& partition : writer.partitions()) {
    total.records += partition.records;
    total.bytes += partition.bytes;
  }
  Napi::Object info = Napi::Object::New(env);
  info.Set("records", Count(env, total.records));
  info.Set("bytes", Count(env, total.bytes));
  info.Set("fileBytes", Count(env, writer.file_bytes()));
  info.Set("partitions", Partitions(env, writer.partitions()));
  return info;
}

// A collector as its JavaScript object, its mappers and its cursors share it.
struct CollectorState {
  CollectorOptions options;
  std::shared_ptr<runjob::Collector> native;  // null: closed
  bool sorted = false;                        // sorted() was called, clear() not yet
  bool failed = false;
  uint64_t generation = 0;  // cursors of an earlier one are dead

  // Whether records may come in, and the content may be sorted.
  void RequireFilling(Napi::Env env) const {
    if (native == nullptr) ThrowBadArgument(env, "the collector is closed");
    if (failed) ThrowBadArgument(env, "the collector failed before");
    if (sorted) ThrowBadArgument(env, "the collector is sorted: clear it first");
  }
  // What `work` leaves half done when it throws or fails must not be used again.
  template <class Work>
  void Run(Napi::Env env, Work&& work) {
    failed = true;
    Check(env, work());
    failed = false;
  }
};

class Collector : public Wrapped<Collector> {
 public:
  static constexpr const char* kName = "Collector";
  static constexpr napi_type_tag kTag = {0x3a5fd2c1e0b74896, 0x8d1c6e02f7a94b53};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName,
                       {Method<&Collector::Add>("add"), Getter<&Collector::HeldBytes>("bytes"),
                        Method<&Collector::IsFull>("isFull"),
                        Getter<&Collector::RecordsIn>("recordsIn"), Getter<&Collector::Entries>("entries"),
                        Getter<&Collector::RecordsOut>("recordsOut"), Method<&Collector::Spill>("spill"),
                        Method<&Collector::Sorted>("sorted"), Method<&Collector::Clear>("clear"),
                        Method<&Collector::Close>("close")});
  }

  explicit Collector(const Napi::CallbackInfo& info)
      : Wrapped(info), state_(std::make_shared<CollectorState>()) {
    Guarded(info.Env(), [&] {
      state_->options = CollectorArg(info[0]);
      state_->native =
          state_->options.hash ? NewHashCollector(state_->options) : NewAppendCollector(state_->options);
    });
  }

  const std::shared_ptr<CollectorState>& state() const { return state_; }

 private:
  Napi::Value Add(const Napi::CallbackInfo& info) {
    const CollectorOptions& options = state_->options;
    BatchArg batch(info[0], options.layout);
    const size_t count = static_cast<size_t>(IntegerArg(info[1], "count", 0, UINT32_MAX));
    const uint32_t partitions = options.partition_by == PartitionBy::kGiven ? options.partitions : 0;
    const RecordBatch& records = batch.Input(count, partitions, &padded_);
    state_->RequireFilling(info.Env());
    state_->Run(info.Env(), [&] { return state_->native->Add(records); });
    return info.Env().Undefined();
  }

  Napi::Value HeldBytes(const Napi::CallbackInfo& info) {
    return Count(info.Env(), Open(info.Env()).bytes());
  }
  Napi::Value IsFull(const Napi::CallbackInfo& info) {
    const uint64_t budget_bytes = LimitArg(info[0], "budgetBytes");
    const uint64_t enough_bytes = LimitArg(info[1], "enoughBytes");
    return Napi::Boolean::New(info.Env(), Open(info.Env()).IsFull(budget_bytes, enough_bytes));
  }
  Napi::Value RecordsIn(const Napi::CallbackInfo& info) {
    return Count(info.Env(), Open(info.Env()).records_in());
  }
  Napi::Value Entries(const Napi::CallbackInfo& info) {
    return Count(info.Env(), Open(info.Env()).entries());
  }
  Napi::Value RecordsOut(const Napi::CallbackInfo& info) {
    return Count(info.Env(), Open(info.Env()).records_out());
  }

  Napi::Value Spill(const Napi::CallbackInfo& info) {
    const std::string path = PathArg(info[0], "path");
    const std::string meta = TextArg(info[1], "meta");
    state_->RequireFilling(info.Env());
    std::unique_ptr<runjob::RunWriter> writer;
    state_->Run(info.Env(), [&] {
      RUNJOB_RETURN_IF_ERROR(
          runjob::RunWriter::Open(path, state_->options.partitions, state_->native->bytes(), &writer));
      RUNJOB_RETURN_IF_ERROR(state_->native->SpillTo(writer.get()));
      return writer->Finish(meta);
    });
    return SpillInfo(info.Env(), *writer);
  }

  Napi::Value Sorted(const Napi::CallbackInfo& info);

  Napi::Value Clear(const Napi::CallbackInfo& info) {
    runjob::Collector& collector = Open(info.Env());
    ++state_->generation;
    state_->Run(info.Env(), [&] {
      collector.Clear();
      return Status::Ok();
    });
    state_->sorted = false;
    return info.Env().Undefined();
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    ++state_->generation;
    state_->native.reset();
    return info.Env().Undefined();
  }

  runjob::Collector& Open(Napi::Env env) const {
    if (state_->native == nullptr) ThrowBadArgument(env, "the collector is closed");
    if (state_->failed) ThrowBadArgument(env, "the collector failed before");
    return *state_->native;
  }

  std::shared_ptr<CollectorState> state_;
  std::vector<char> padded_;
};

class RunWriter : public Wrapped<RunWriter> {
 public:
  static constexpr const char* kName = "RunWriter";
  static constexpr napi_type_tag kTag = {0x91b8e47d25c64fa0, 0xb6f3a018c9d24e71};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName,
                       {Method<&RunWriter::Add>("add"), Method<&RunWriter::Finish>("finish"),
                        Method<&RunWriter::Abort>("abort")});
  }

  explicit RunWriter(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const std::string path = PathArg(info[0], "path");
      partitions_ = static_cast<uint32_t>(IntegerArg(info[1], "partitions", 1, kMaxPartitions));
      const uint64_t estimate = IntegerArg(info[2], "estimatedBytes", 0, kMaxSafeInteger);
      Check(info.Env(), runjob::RunWriter::Open(path, partitions_, estimate, &native_));
    });
  }

  // The writer, for records of a partition: the last one used or a later one. A writer that is not given back
  // is gone, and its file with it: half a write cannot be finished.
  std::unique_ptr<runjob::RunWriter> Borrow(Napi::Env env, uint32_t partition) {
    RequireOpen(env);
    if (partition >= partitions_)
      ThrowBadArgument(env, "partition must be below " + std::to_string(partitions_));
    if (partition < partition_) ThrowBadArgument(env, "partitions must be written in order");
    partition_ = partition;
    return std::move(native_);
  }
  void GiveBack(std::unique_ptr<runjob::RunWriter> writer) { native_ = std::move(writer); }

 private:
  Napi::Value Add(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const uint32_t partition = static_cast<uint32_t>(IntegerArg(info[0], "partition", 0, UINT32_MAX));
    const Layout layout = LayoutArg(info[2], "layout");
    BatchArg batch(info[1], layout);
    const size_t count = static_cast<size_t>(IntegerArg(info[3], "count", 0, UINT32_MAX));
    const RecordBatch& records = batch.Input(count, 0, &padded_);
    std::unique_ptr<runjob::RunWriter> writer = Borrow(env, partition);
    for (size_t i = 0; i < records.count; ++i) {
      value_.clear();
      AppendValue(records, i, &value_);
      Check(env, writer->Add(partition, records.key(i), value_));
    }
    GiveBack(std::move(writer));
    return env.Undefined();
  }

  Napi::Value Finish(const Napi::CallbackInfo& info) {
    const std::string meta = TextArg(info[0], "meta");
    RequireOpen(info.Env());
    const std::unique_ptr<runjob::RunWriter> writer = std::move(native_);
    Check(info.Env(), writer->Finish(meta));
    return SpillInfo(info.Env(), *writer);
  }

  Napi::Value Abort(const Napi::CallbackInfo& info) {
    native_.reset();
    return info.Env().Undefined();
  }

  void RequireOpen(Napi::Env env) const {
    if (native_ == nullptr) ThrowBadArgument(env, "the run is finished, aborted, or failed before");
  }

  std::unique_ptr<runjob::RunWriter> native_;
  uint32_t partitions_ = 0;
  uint32_t partition_ = 0;
  std::string value_;
  std::vector<char> padded_;
};

// What a cursor object owns; an operator moves it into the object it returns.
struct CursorState {
  std::unique_ptr<runjob::Cursor> native;  // null: closed, or taken over
  TopTracker* tracker = nullptr;           // somewhere in `native`
  const runjob::Cursor* merge = nullptr;   // of runs: at the bottom of `native`
  // Cursors over a collector's memory: whose, and which content of it.
  std::shared_ptr<CollectorState> source;
  std::shared_ptr<runjob::Collector> memory;
  uint64_t generation = 0;
  const uint32_t* partition_of =
      nullptr;  // of the current record, where the operators above leave it in step
};

class Cursor : public Wrapped<Cursor> {
 public:
  static constexpr const char* kName = "Cursor";
  static constexpr napi_type_tag kTag = {0x5c07a9f3d1824be6, 0xa4e95b7710f63d28};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, kName,
        {Method<&Cursor::Aggregate>("aggregate"), Method<&Cursor::FinalizeStates>("finalize"),
         Method<&Cursor::Take>("take"), Method<&Cursor::Join>("join"),
         Method<&Cursor::DropPrefix>("dropPrefix"), Method<&Cursor::TrackTop>("trackTop"),
         Method<&Cursor::Top>("top"), Method<&Cursor::Read>("read"), Method<&Cursor::FormatRecords>("format"),
         Method<&Cursor::Collect>("collect"), Method<&Cursor::WriteTo>("writeTo"),
         Getter<&Cursor::Partition>("partition"), Getter<&Cursor::RecordsIn>("recordsIn"),
         Getter<&Cursor::RecordsOut>("recordsOut"), Getter<&Cursor::RunRecords>("runRecords"),
         Method<&Cursor::Close>("close")});
  }

  // A cursor made by JavaScript's `new` is a closed one; the others come from Make.
  explicit Cursor(const Napi::CallbackInfo& info) : Wrapped(info) {}

  static Napi::Value Make(Napi::Env env, CursorState state) {
    const Napi::Object object = env.GetInstanceData<InstanceData>()->cursor.New({});
    Unwrap(object)->state_ = std::move(state);
    return object;
  }

 private:
  Napi::Value Aggregate(const Napi::CallbackInfo& info) {
    std::vector<AggregateSpec> specs = AggregatesArg(info[0], "aggregates", nullptr);
    const bool finalize = BooleanArg(info[1], "finalize");
    CursorState state = TakeOver(info.Env());
    state.native = NewAggregate(std::move(state.native), std::move(specs), finalize);
    state.partition_of = nullptr;  // it looks ahead
    return Make(info.Env(), std::move(state));
  }

  Napi::Value FinalizeStates(const Napi::CallbackInfo& info) {
    std::vector<AggregateSpec> specs = AggregatesArg(info[0], "aggregates", nullptr);
    CursorState state = TakeOver(info.Env());
    state.native = NewFinalize(std::move(state.native), std::move(specs));
    return Make(info.Env(), std::move(state));
  }

  Napi::Value Take(const Napi::CallbackInfo& info) {
    const uint64_t count = IntegerArg(info[0], "count", 0, kMaxSafeInteger);
    CursorState state = TakeOver(info.Env());
    state.native = NewTake(std::move(state.native), count);
    return Make(info.Env(), std::move(state));
  }

  Napi::Value Join(const Napi::CallbackInfo& info) {
    JoinOptions options = JoinArg(info[0]);
    CursorState state = TakeOver(info.Env());
    state.native = NewJoin(std::move(state.native), std::move(options));
    state.partition_of = nullptr;  // it looks ahead
    return Make(info.Env(), std::move(state));
  }

  Napi::Value DropPrefix(const Napi::CallbackInfo& info) {
    const size_t bytes = static_cast<size_t>(IntegerArg(info[0], "bytes", 0, kMaxSafeInteger));
    CursorState state = TakeOver(info.Env());
    state.native = NewDropPrefix(std::move(state.native), bytes);
    return Make(info.Env(), std::move(state));
  }

  Napi::Value TrackTop(const Napi::CallbackInfo& info) {
    Layout layout = LayoutArg(info[0], "layout");
    const size_t n = static_cast<size_t>(IntegerArg(info[1], "n", 0, kMaxTracked));
    CursorState state = TakeOver(info.Env());
    std::unique_ptr<TopTracker> tracker = NewTopTracker(std::move(state.native), std::move(layout), n);
    state.tracker = tracker.get();
    state.native = std::move(tracker);
    return Make(info.Env(), std::move(state));
  }

  Napi::Value Top(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Open(env);
    if (state_.tracker == nullptr) ThrowBadArgument(env, "top() needs trackTop() first");
    const std::vector<TopTracker::Entry> top = state_.tracker->Top();
    Napi::Array array = Napi::Array::New(env, top.size());
    for (size_t i = 0; i < top.size(); ++i) {
      Napi::Object entry = Napi::Object::New(env);
      entry.Set("key", Bytes(env, top[i].key));
      entry.Set("number", Napi::Number::New(env, top[i].number));
      array.Set(static_cast<uint32_t>(i), entry);
    }
    return array;
  }

  Napi::Value Read(const Napi::CallbackInfo& info) {
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

  Napi::Value FormatRecords(const Napi::CallbackInfo& info) {
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

  Napi::Value Collect(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const RekeyOptions options = RekeyArg(info[1]);
    const uint64_t max_records = IntegerArg(info[2], "maxRecords", 1, kMaxSafeInteger);
    const std::shared_ptr<CollectorState> target = Collector::FromArg(info[0], "collector")->state();
    target->RequireFilling(env);
    if (target->options.layout != options.layout)
      ThrowBadArgument(env, "layout must be the collector's layout");
    if (target->options.partition_by == PartitionBy::kGiven) {
      ThrowBadArgument(env, "a collector with given partitions cannot collect from a cursor");
    }
    runjob::Cursor* cursor = Started(env);
    uint64_t moved = 0;
    target->Run(env, [&] { return MoveRecords(cursor, options, max_records, target->native.get(), &moved); });
    Succeeded(moved);
    return Count(env, moved);
  }

  Napi::Value WriteTo(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    RunWriter* target = RunWriter::FromArg(info[0], "writer");
    const uint32_t partition = static_cast<uint32_t>(IntegerArg(info[1], "partition", 0, UINT32_MAX));
    Open(env);
    std::unique_ptr<runjob::RunWriter> writer = target->Borrow(env, partition);
    runjob::Cursor* cursor = Started(env);
    uint64_t records = 0;
    for (; cursor->valid(); ++records) {
      Check(env, writer->Add(partition, cursor->key(), cursor->value()));
      Check(env, cursor->Next());
    }
    target->GiveBack(std::move(writer));
    Succeeded(records);
    return env.Undefined();
  }

  Napi::Value Partition(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Open(env);
    if (state_.partition_of == nullptr)
      ThrowBadArgument(env, "only the cursor of a collector's sorted() has partitions");
    runjob::Cursor* cursor = Started(env);
    Succeeded(0);
    return Napi::Number::New(env, cursor->valid() ? static_cast<double>(*state_.partition_of) : -1);
  }

  Napi::Value RecordsIn(const Napi::CallbackInfo& info) {
    Open(info.Env());
    return Count(info.Env(), state_.native->records_in());
  }
  Napi::Value RecordsOut(const Napi::CallbackInfo& info) { return Count(info.Env(), records_out_); }
  Napi::Value RunRecords(const Napi::CallbackInfo& info) {
    Open(info.Env());
    if (state_.merge == nullptr) ThrowBadArgument(info.Env(), "only a cursor of openRuns() reads runs");
    return Count(info.Env(), state_.merge->records_in());
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    state_ = CursorState();
    return info.Env().Undefined();
  }

  void Open(Napi::Env env) const {
    if (state_.native == nullptr) ThrowBadArgument(env, "the cursor is closed, or an operator took it over");
    if (state_.source != nullptr && state_.source->generation != state_.generation) {
      ThrowBadArgument(env, "the collector behind the cursor was cleared");
    }
  }

  CursorState TakeOver(Napi::Env env) {
    Open(env);
    if (started_) ThrowBadArgument(env, "operators go on a cursor before it is read");
    return std::exchange(state_, CursorState());
  }

  // The cursor, at its next record. It counts as failed until Succeeded is called.
  runjob::Cursor* Started(Napi::Env env) {
    Open(env);
    if (failed_) ThrowBadArgument(env, "the cursor failed before");
    failed_ = true;
    if (!started_) {
      started_ = true;
      Check(env, state_.native->Start());
    }
    return state_.native.get();
  }
  void Succeeded(uint64_t records) {
    failed_ = false;
    records_out_ += records;
  }

  // The one failure after which the same cursor reads on.
  [[noreturn]] void ThrowTooSmall(Napi::Env env, const Status& status, const ReadCounts& counts) {
    failed_ = false;
    try {
      Throw(env, status);
    } catch (const Napi::Error& error) {
      error.Value().Set("keyBytes", Count(env, counts.key_bytes));
      error.Value().Set("valueBytes", Count(env, counts.value_bytes));
      throw;
    }
  }

  static constexpr uint64_t kMaxTracked = 1000000;
  static constexpr uint64_t kMaxFormattedBytes = 64 << 20;  // set aside before the first record is looked at

  CursorState state_;
  bool started_ = false;
  bool failed_ = false;
  uint64_t records_out_ = 0;
  BatchReader reader_;
  std::string text_;
};

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

class Mapper : public Wrapped<Mapper> {
 public:
  static constexpr const char* kName = "Mapper";
  static constexpr napi_type_tag kTag = {0xe81f60b3974d4c2a, 0x93ad50c86e1b7f04};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName,
                       {Method<&Mapper::Push>("push"), Method<&Mapper::TakeBad>("takeBad"),
                        Getter<&Mapper::Position>("position"),
                        Getter<&Mapper::RecordsIn>("recordsIn"), Getter<&Mapper::RecordsOut>("recordsOut")});
  }

  explicit Mapper(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const Napi::Env env = info.Env();
      const Napi::Object spec = ObjectArg(info[0], "spec");
      collector_ = Collector::FromArg(info[1], "collector")->state();
      const CollectorOptions& options = collector_->options;
      if (options.partition_by == PartitionBy::kGiven) ThrowBadArgument(env, "mappers give no partitions");
      const std::string op = TextArg(spec.Get("op"), "op");
      const bool lowercase = op == "words" && BooleanArg(spec.Get("lowercase"), "lowercase");
      const RecordLimit limit = op == "fields" ? RecordLimit() : RecordLimitArg(spec);
      const FieldsOptions fields = op == "fields" ? FieldsArg(spec, options.layout) : FieldsOptions();
      if (op != "fields" && !options.layout.empty()) {
        ThrowBadArgument(env, "'" + op + "' gives no columns: the collector's layout must be empty");
      }
      collector_->RequireFilling(env);
      if (op == "words") {
        native_ = NewWordsMapper(lowercase, limit, collector_->native.get());
      } else if (op == "lines") {
        native_ = NewLinesMapper(limit, collector_->native.get());
      } else if (op == "fields") {
        native_ = NewFieldsMapper(fields, collector_->native.get());
      } else {
        ThrowBadArgument(env, "op must be one of 'words' 'lines' 'fields'");
      }
    });
  }

 private:
  Napi::Value Push(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const uint64_t limit = LimitArg(info[1], "limit");
    const bool last = BooleanArg(info[2], "last");
    const Slice chunk = BytesArg(info[0], "chunk");
    if (ended_) ThrowBadArgument(env, "the mapper has ended, or failed before");
    collector_->RequireFilling(env);
    ended_ = true;
    collector_->failed = true;
    bool done = false;
    const Status status = native_->Push(chunk, limit, last, &done);
    // A bad record leaves the collector whole: only the mapper has ended then.
    collector_->failed = false;
    Check(env, status);
    ended_ = done;
    return Napi::Boolean::New(env, done);
  }

  Napi::Value Position(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->position()); }
  Napi::Value RecordsIn(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->records_in()); }
  Napi::Value RecordsOut(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->records_out()); }

  Napi::Value TakeBad(const Napi::CallbackInfo& info) { return Bad(info.Env(), native_->TakeBad()); }

  std::shared_ptr<CollectorState> collector_;
  std::unique_ptr<runjob::Mapper> native_;
  bool ended_ = false;
};

class LineFilter : public Wrapped<LineFilter> {
 public:
  static constexpr const char* kName = "LineFilter";
  static constexpr napi_type_tag kTag = {0x27d49ce5fb0a4138, 0xc0e6138d5a924fb7};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(
        env, kName,
        {Method<&LineFilter::Push>("push"), Method<&LineFilter::TakeBad>("takeBad"),
         Getter<&LineFilter::Position>("position"), Getter<&LineFilter::RecordsIn>("recordsIn"),
         Getter<&LineFilter::RecordsOut>("recordsOut")});
  }

  explicit LineFilter(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const Napi::Object options = ObjectArg(info[0], "options");
      const bool invert = BooleanArg(options.Get("invert"), "invert");
      const bool ignore_case = BooleanArg(options.Get("ignoreCase"), "ignoreCase");
      const Slice literal = BytesArg(options.Get("literal"), "literal");
      native_ = std::make_unique<runjob::LineFilter>(literal, invert, ignore_case, RecordLimitArg(options));
    });
  }

 private:
  Napi::Value Push(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const uint64_t limit = LimitArg(info[1], "limit");
    const bool last = BooleanArg(info[2], "last");
    const Slice chunk = BytesArg(info[0], "chunk");
    if (ended_) ThrowBadArgument(env, "the filter has ended, or failed before");
    ended_ = true;
    bool done = false;
    output_.clear();
    Check(env, native_->Push(chunk, limit, last, &output_, &done));
    ended_ = done;
    Napi::Object result = Napi::Object::New(env);
    result.Set("output", Bytes(env, output_));
    result.Set("done", Napi::Boolean::New(env, done));
    return result;
  }

  Napi::Value Position(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->position()); }
  Napi::Value RecordsIn(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->records_in()); }
  Napi::Value RecordsOut(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->records_out()); }

  Napi::Value TakeBad(const Napi::CallbackInfo& info) { return Bad(info.Env(), native_->TakeBad()); }

  std::unique_ptr<runjob::LineFilter> native_;
  std::string output_;
  bool ended_ = false;
};

class CsvReader : public Wrapped<CsvReader> {
 public:
  static constexpr const char* kName = "CsvReader";
  static constexpr napi_type_tag kTag = {0x0b6d71e2a8f9453c, 0xd5219e4407c38ba6};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName,
                       {Method<&CsvReader::Push>("push"), Method<&CsvReader::RowOffset>("rowOffset"),
                        Method<&CsvReader::RowBytes>("rowBytes"), Method<&CsvReader::TakeBad>("takeBad"),
                        Getter<&CsvReader::Position>("position")});
  }

  explicit CsvReader(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const Napi::Object options = ObjectArg(info[0], "options");
      native_ = std::make_unique<runjob::CsvReader>(CsvReadArg(options));
    });
  }

 private:
  Napi::Value Push(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const uint64_t limit = LimitArg(info[1], "limit");
    const bool last = BooleanArg(info[2], "last");
    const Slice chunk = BytesArg(info[0], "chunk");
    if (ended_) ThrowBadArgument(env, "the reader has ended, or failed before");
    ended_ = true;
    bool done = false;
    Check(env, native_->Push(chunk, limit, last, &block_, &done));
    ended_ = done;

    Napi::Object block = Napi::Object::New(env);
    block.Set("bytes", Bytes(env, block_.bytes));
    block.Set("wide", Bytes(env, Slice(reinterpret_cast<const char*>(block_.wide.data()),
                                       block_.wide.size() * sizeof(char16_t))));
    block.Set("rows", Count(env, block_.rows.size()));
    block.Set("rowEnds", Numbers<Napi::Uint32Array>(env, block_.row_ends));
    block.Set("fields", Numbers<Napi::Int32Array>(env, block_.fields));
    Napi::Object result = Napi::Object::New(env);
    result.Set("block", block);
    result.Set("done", Napi::Boolean::New(env, done));
    return result;
  }

  const runjob::CsvBlock::Row& RowArg(const Napi::Value& value) {
    if (block_.rows.empty()) ThrowBadArgument(value.Env(), "the reader has no rows");
    return block_.rows[IntegerArg(value, "row", 0, block_.rows.size() - 1)];
  }
  Napi::Value RowOffset(const Napi::CallbackInfo& info) {
    return Count(info.Env(), RowArg(info[0]).offset);
  }
  Napi::Value RowBytes(const Napi::CallbackInfo& info) {
    const auto& [offset, start, size] = RowArg(info[0]);
    return Bytes(info.Env(), Slice(block_.bytes.data() + start, size));
  }

  Napi::Value Position(const Napi::CallbackInfo& info) { return Count(info.Env(), native_->position()); }

  Napi::Value TakeBad(const Napi::CallbackInfo& info) { return Bad(info.Env(), native_->TakeBad()); }

  std::unique_ptr<runjob::CsvReader> native_;
  runjob::CsvBlock block_;
  bool ended_ = false;
};

class Hasher : public Wrapped<Hasher> {
 public:
  static constexpr const char* kName = "Hasher";
  static constexpr napi_type_tag kTag = {0x5d0c7be2a1f64938, 0x8b63e90f27d5c1a4};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName, {Method<&Hasher::Add>("add"), Method<&Hasher::Digest>("digest")});
  }

  explicit Hasher(const Napi::CallbackInfo& info) : Wrapped(info) {}

 private:
  Napi::Value Add(const Napi::CallbackInfo& info) {
    native_.Add(BytesArg(info[0], "data"));
    return info.Env().Undefined();
  }

  Napi::Value Digest(const Napi::CallbackInfo& info) {
    return Napi::BigInt::New(info.Env(), native_.Digest());
  }

  Xxh64Stream native_;
};

class FileWriter : public Wrapped<FileWriter> {
 public:
  static constexpr const char* kName = "FileWriter";
  static constexpr napi_type_tag kTag = {0x2f9a41c68de7503b, 0xa47d0e5b91c3f862};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName,
                       {Method<&FileWriter::Write>("write"), Method<&FileWriter::Finish>("finish"),
                        Method<&FileWriter::Digest>("digest"), Getter<&FileWriter::WrittenBytes>("bytes"),
                        Method<&FileWriter::Close>("close")});
  }

  explicit FileWriter(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const int fd = static_cast<int>(IntegerArg(info[0], "fd", 0, INT_MAX));
      native_ = std::make_unique<runjob::FileWriter>(fd);
    });
  }

 private:
  Napi::Value Write(const Napi::CallbackInfo& info) {
    const Slice bytes = BytesArg(info[0], "bytes");
    if (finished_) ThrowBadArgument(info.Env(), "the file is finished");
    return Napi::Number::New(info.Env(), Open(info.Env()).Write(bytes));
  }
  Napi::Value Finish(const Napi::CallbackInfo& info) {
    finished_ = true;
    return Napi::Number::New(info.Env(), Open(info.Env()).Finish());
  }
  Napi::Value WrittenBytes(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).bytes()); }
  Napi::Value Digest(const Napi::CallbackInfo& info) {
    return Napi::BigInt::New(info.Env(), Open(info.Env()).Digest());
  }
  Napi::Value Close(const Napi::CallbackInfo& info) {
    native_.reset();
    return info.Env().Undefined();
  }

  runjob::FileWriter& Open(Napi::Env env) const {
    if (native_ == nullptr) ThrowBadArgument(env, "the writer is closed");
    return *native_;
  }

  std::unique_ptr<runjob::FileWriter> native_;
  bool finished_ = false;
};

class Store : public Wrapped<Store> {
 public:
  static constexpr const char* kName = "Store";
  static constexpr napi_type_tag kTag = {0x5d0c3b1ea7f2496d, 0x8e41c7f60b9a3d25};

  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, kName,
                       {Method<&Store::Write>("write"), Method<&Store::Get>("get"),
                        Method<&Store::Entries>("entries"), Method<&Store::Close>("close")});
  }

  explicit Store(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const std::string path = PathArg(info[0], "path");
      const bool read_only = BooleanArg(ObjectArg(info[1], "options").Get("readOnly"), "readOnly");
      Check(info.Env(), runjob::Store::Open(path, read_only, &native_));
    });
  }

 private:
  Napi::Value Write(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::vector<std::string> removes = TextsArg(info[0], "removes");
    const std::vector<std::string> keys = TextsArg(info[1], "keys");
    const std::vector<Napi::Value> values = ValuesArg(info[2], "values");
    for (const std::string& key : removes) CheckKey(env, key);
    for (const std::string& key : keys) CheckKey(env, key);
    if (keys.size() != values.size()) ThrowBadArgument(env, "keys and values must be as many");
    std::vector<runjob::Store::Entry> puts;
    for (size_t i = 0; i < keys.size(); ++i) puts.emplace_back(keys[i], BytesArg(values[i], "values"));
    Check(env, Borrow(env).Write(removes, puts));
    return env.Undefined();
  }

  Napi::Value Get(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::string key = TextArg(info[0], "key");
    CheckKey(env, key);
    bool found = false;
    std::string value;
    Check(env, Borrow(env).Get(key, &found, &value));
    return found ? Bytes(env, value) : env.Undefined();
  }

  Napi::Value Entries(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::string prefix = TextArg(info[0], "prefix");
    uint64_t left = IntegerArg(info[1], "maxBytes", 0, kMaxSafeInteger);
    Napi::Array entries = Napi::Array::New(env);
    const auto add = [&](Slice key, Slice value) {
      if (key.size + value.size > left) return Status::Error("STATE_CORRUPT", "it is too large");
      left -= key.size + value.size;
      Napi::Array entry = Napi::Array::New(env, 2);
      entry.Set(uint32_t{0}, Napi::String::New(env, key.data, key.size));
      entry.Set(uint32_t{1}, Bytes(env, value));
      entries.Set(entries.Length(), entry);
      return Status::Ok();
    };
    Check(env, Borrow(env).Visit(prefix, add));
    return entries;
  }

  Napi::Value Close(const Napi::CallbackInfo& info) {
    native_.reset();
    return info.Env().Undefined();
  }

  static void CheckKey(Napi::Env env, const std::string& key) {
    if (key.empty() || key.size() > runjob::Store::kMaxKeyBytes) {
      ThrowBadArgument(env, "a key must have 1 to " + std::to_string(runjob::Store::kMaxKeyBytes) + " bytes");
    }
  }

  runjob::Store& Borrow(Napi::Env env) const {
    if (native_ == nullptr) ThrowBadArgument(env, "the store is closed");
    return *native_;
  }

  std::unique_ptr<runjob::Store> native_;
};

// kernels.createX(...) is `new X(...)`.
template <Napi::FunctionReference InstanceData::*constructor>
Napi::Value Create(const Napi::CallbackInfo& info) {
  std::vector<napi_value> args;
  for (size_t i = 0; i < info.Length(); ++i) args.push_back(info[i]);
  return (info.Env().GetInstanceData<InstanceData>()->*constructor).New(args);
}

Napi::Value OpenRuns(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::vector<std::string> paths = PathsArg(info[0], "paths");
  if (paths.size() > runjob::kMaxMergeInputs) {
    ThrowBadArgument(env, "paths must be at most " + std::to_string(runjob::kMaxMergeInputs));
  }
  const uint32_t partition = static_cast<uint32_t>(IntegerArg(info[1], "partition", 0, kMaxPartitions - 1));
  const bool descending = BooleanArg(ObjectArg(info[2], "options").Get("descending"), "descending");
  std::vector<std::unique_ptr<runjob::RecordSource>> runs(paths.size());
  for (size_t i = 0; i < paths.size(); ++i) Check(env, OpenRun(paths[i], partition, &runs[i]));
  CursorState state;
  state.native = NewMerge(std::move(runs), descending);
  state.merge = state.native.get();
  return Cursor::Make(env, std::move(state));
}

Napi::Value ReadInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  RunInfo run;
  Check(env, ReadRunInfo(PathArg(info[0], "path"), &run));
  Napi::Object result = Napi::Object::New(env);
  result.Set("meta", Napi::String::New(env, run.meta));
  result.Set("partitions", Partitions(env, run.partitions));
  return result;
}

Napi::Value GuessRecordStart(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = ObjectArg(info[2], "options");
  const CsvDialect dialect = DialectArg(options);
  const uint32_t columns =
      static_cast<uint32_t>(IntegerArg(options.Get("columns"), "columns", 0, UINT32_MAX));
  const Slice chunk = BytesArg(info[0], "chunk");
  if (chunk.empty()) ThrowBadArgument(env, "chunk must not be empty");
  const size_t from = static_cast<size_t>(IntegerArg(info[1], "from", 1, chunk.size));
  return Count(env, GuessCsvRecordStart(chunk, from, dialect, columns));
}

Napi::Value SetLowercase(const Napi::CallbackInfo& info) {
  const Uint32Span table = Uint32Arg(info[0], "table");
  if (table.size != kLowercaseTableSize) {
    ThrowBadArgument(info.Env(), "table must have " + std::to_string(kLowercaseTableSize) + " entries");
  }
  // The tokenizer sizes its buffers by this: no engine's lower case is more than a byte longer in UTF-8.
  const auto utf8_bytes = [](uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; };
  for (uint32_t c = 0; c < kLowercaseTableSize; ++c) {
    const uint32_t lower = table.data[c] & 0x1fffffff;
    const bool surrogate = lower >= 0xd800 && lower < 0xe000 && lower != c;
    if (lower > 0x10ffff || surrogate || utf8_bytes(lower) > utf8_bytes(c) + 1) {
      ThrowBadArgument(info.Env(), "table has no lower case of code point " + std::to_string(c));
    }
  }
  SetLowercaseTable(table.data);
  return info.Env().Undefined();
}

Napi::Value FormatNumber(const Napi::CallbackInfo& info) {
  std::string text;
  AppendNumber(NumberArg(info[0], "x"), &text);
  return Napi::String::New(info.Env(), text);
}

Napi::Value ReadNumber(const Napi::CallbackInfo& info) {
  double x = 0;
  if (!ParseNumber(BytesArg(info[0], "text"), &x)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), x);
}

Napi::Value Hash(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), HashKey(BytesArg(info[0], "key")));
}

Napi::Value Checksum(const Napi::CallbackInfo& info) {
  bool lossless = false;
  const uint64_t seed = info[1].IsBigInt() ? info[1].As<Napi::BigInt>().Uint64Value(&lossless) : 0;
  if (!lossless) ThrowBadArgument(info.Env(), "seed must be a bigint of 64 bits");
  return Napi::BigInt::New(info.Env(), Xxh64(BytesArg(info[0], "data"), seed));
}

Napi::Value FreeMemory(const Napi::CallbackInfo& info) {
  ReleaseBlocks();
  return info.Env().Undefined();
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value GuardedFunction(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&] { return function(info); });
}

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<GuardedFunction<function>>(exports.Env(), name));
}

Napi::Object Define(Napi::Env env, Napi::Object exports) {
  auto* data = new InstanceData();
  env.SetInstanceData(data);
  data->collector = Napi::Persistent(Collector::Define(env));
  data->cursor = Napi::Persistent(Cursor::Define(env));
  data->run_writer = Napi::Persistent(RunWriter::Define(env));
  data->mapper = Napi::Persistent(Mapper::Define(env));
  data->line_filter = Napi::Persistent(LineFilter::Define(env));
  data->csv_reader = Napi::Persistent(CsvReader::Define(env));
  data->store = Napi::Persistent(Store::Define(env));
  data->hasher = Napi::Persistent(Hasher::Define(env));
  data->file_writer = Napi::Persistent(FileWriter::Define(env));

  Export<Create<&InstanceData::collector>>(exports, "createCollector");
  Export<Create<&InstanceData::mapper>>(exports, "createMapper");
  Export<Create<&InstanceData::line_filter>>(exports, "createLineFilter");
  Export<Create<&InstanceData::csv_reader>>(exports, "createCsvReader");
  Export<Create<&InstanceData::run_writer>>(exports, "createRunWriter");
  Export<Create<&InstanceData::store>>(exports, "openStore");
  Export<Create<&InstanceData::hasher>>(exports, "createHasher");
  Export<Create<&InstanceData::file_writer>>(exports, "createFileWriter");
  Export<OpenRuns>(exports, "openRuns");
  Export<ReadInfo>(exports, "readRunInfo");
  Export<GuessRecordStart>(exports, "guessCsvRecordStart");
  Export<FreeMemory>(exports, "releaseMemory");
  Export<SetLowercase>(exports, "setLowercaseTable");
  Export<FormatNumber>(exports, "formatNumber");
  Export<ReadNumber>(exports, "parseNumber");
  Export<Hash>(exports, "hashKey");
  Export<Checksum>(exports, "xxh64");

#ifdef RUNJOB_SANITIZER
  constexpr bool kSanitizer = true;
#else
  constexpr bool kSanitizer = false;
#endif
#ifdef __clang__
  const std::string compiler = __VERSION__;
#else
  const std::string compiler = std::string("gcc ") + __VERSION__;
#endif
  Napi::Object build = Napi::Object::New(env);
  build.Set("simd", SimdName());
  build.Set("compiler", compiler);
  build.Set("sanitizer", Napi::Boolean::New(env, kSanitizer));
  exports.Set("build", build);
  return exports;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  return Guarded(env, [&] { return Define(env, exports); });
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)

}  // namespace runjob::addon
