// Sorted streams of records, and the operators on them.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>

#include "addon/collector.h"
#include "addon/wrapped.h"
#include "operator/operators.h"
#include "operator/read.h"
#include "record/cursor.h"

namespace runjob::addon {

// What a cursor object owns; an operator moves it into the object it returns.
struct CursorState {
  std::unique_ptr<runjob::Cursor> native;  // null: closed, or taken over
  TopTracker* tracker = nullptr;           // somewhere in `native`
  LargestKeyTracker* largest = nullptr;    // likewise
  ValueSampler* sampler = nullptr;         // likewise
  const runjob::Cursor* merge = nullptr;   // of runs: at the bottom of `native`
  // Cursors over a collector's memory: whose, and which content of it.
  std::shared_ptr<CollectorState> source;
  std::shared_ptr<runjob::Collector> memory;
  uint64_t generation = 0;
  const uint32_t* partition_of = nullptr;  // of the current record, where the operators above leave it in step
};

class Cursor : public Wrapped<Cursor> {
 public:
  static constexpr const char* kName = "Cursor";
  static constexpr napi_type_tag kTag = {0x5c07a9f3d1824be6, 0xa4e95b7710f63d28};

  static std::vector<Member> Members() {
    return {Method<&Cursor::Aggregate>("aggregate"),
            Method<&Cursor::FinalizeStates>("finalize"),
            Method<&Cursor::Take>("take"),
            Method<&Cursor::Join>("join"),
            Method<&Cursor::DropPrefix>("dropPrefix"),
            Method<&Cursor::TrackTop>("trackTop"),
            Method<&Cursor::Top>("top"),
            Method<&Cursor::TrackLargestKey>("trackLargestKey"),
            Method<&Cursor::LargestKey>("largestKey"),
            Method<&Cursor::SampleValues>("sampleValues"),
            Method<&Cursor::SampledValues>("sampledValues"),
            Method<&Cursor::Read>("read"),
            Method<&Cursor::FormatRecords>("format"),
            Method<&Cursor::Collect>("collect"),
            Method<&Cursor::WriteTo>("writeTo"),
            Getter<&Cursor::Partition>("partition"),
            Getter<&Cursor::RecordsIn>("recordsIn"),
            Getter<&Cursor::RecordsOut>("recordsOut"),
            Getter<&Cursor::RunRecords>("runRecords"),
            Method<&Cursor::Close>("close")};
  }

  // A cursor made by JavaScript's `new` is a closed one; the others come from Make.
  explicit Cursor(const Napi::CallbackInfo& info) : Wrapped(info) {}

  static Napi::Value Make(Napi::Env env, CursorState state);

  // Lets work(cursor, &count) take records, and returns how many it took.
  template <class Work>
  size_t Consume(Napi::Env env, Work&& work) {
    runjob::Cursor* const cursor = Started(env);
    size_t count = 0;
    Check(env, work(cursor, &count));
    Succeeded(count);
    return count;
  }

 private:
  Napi::Value Aggregate(const Napi::CallbackInfo& info);
  Napi::Value FinalizeStates(const Napi::CallbackInfo& info);
  Napi::Value Take(const Napi::CallbackInfo& info);
  Napi::Value Join(const Napi::CallbackInfo& info);
  Napi::Value DropPrefix(const Napi::CallbackInfo& info);
  Napi::Value TrackTop(const Napi::CallbackInfo& info);
  Napi::Value Top(const Napi::CallbackInfo& info);
  Napi::Value TrackLargestKey(const Napi::CallbackInfo& info);
  Napi::Value LargestKey(const Napi::CallbackInfo& info);
  Napi::Value SampleValues(const Napi::CallbackInfo& info);
  Napi::Value SampledValues(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  Napi::Value FormatRecords(const Napi::CallbackInfo& info);
  Napi::Value Collect(const Napi::CallbackInfo& info);
  Napi::Value WriteTo(const Napi::CallbackInfo& info);
  Napi::Value Partition(const Napi::CallbackInfo& info);
  Napi::Value RecordsIn(const Napi::CallbackInfo& info);
  Napi::Value RecordsOut(const Napi::CallbackInfo& info);
  Napi::Value RunRecords(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void Open(Napi::Env env) const;
  CursorState TakeOver(Napi::Env env);
  // The cursor, at its next record. It counts as failed until Succeeded is called.
  runjob::Cursor* Started(Napi::Env env);
  void Succeeded(uint64_t records);
  // The only failure after which the same cursor can continue.
  [[noreturn]] void ThrowTooSmall(Napi::Env env, const Status& status, const ReadCounts& counts);

  CursorState state_;
  bool started_ = false;
  bool failed_ = false;
  uint64_t records_out_ = 0;
  BatchReader reader_;
  std::string text_;
};

}  // namespace runjob::addon
