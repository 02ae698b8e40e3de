// Collectors of JavaScript.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "addon/args.h"
#include "addon/wrapped.h"
#include "collect/collector.h"

namespace runjob::addon {

// The part of a collector that its JavaScript object, its mappers and its cursors share.
struct CollectorState {
  CollectorOptions options;
  std::shared_ptr<runjob::Collector> native;  // null: closed
  bool sorted = false;                        // sorted() was called, clear() not yet
  bool failed = false;
  uint64_t generation = 0;  // cursors of an earlier one are invalid

  // Whether records may be added, and the content may be sorted.
  void RequireFilling(Napi::Env env) const {
    if (native == nullptr) ThrowBadArgument(env, "the collector is closed");
    if (failed) ThrowBadArgument(env, "the collector failed before");
    if (sorted) ThrowBadArgument(env, "the collector is sorted: clear it first");
  }
  // If `work` throws or fails half-way, the collector must not be used again.
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

  static std::vector<Member> Members() {
    return {Method<&Collector::Add>("add"),         Getter<&Collector::HeldBytes>("bytes"),
            Method<&Collector::IsFull>("isFull"),   Getter<&Collector::RecordsIn>("recordsIn"),
            Getter<&Collector::Entries>("entries"), Getter<&Collector::RecordsOut>("recordsOut"),
            Method<&Collector::Spill>("spill"),     Method<&Collector::Sorted>("sorted"),
            Method<&Collector::Clear>("clear"),     Method<&Collector::Close>("close")};
  }

  explicit Collector(const Napi::CallbackInfo& info);

  const std::shared_ptr<CollectorState>& state() const { return state_; }

 private:
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value HeldBytes(const Napi::CallbackInfo& info);
  Napi::Value IsFull(const Napi::CallbackInfo& info);
  Napi::Value RecordsIn(const Napi::CallbackInfo& info);
  Napi::Value Entries(const Napi::CallbackInfo& info);
  Napi::Value RecordsOut(const Napi::CallbackInfo& info);
  Napi::Value Spill(const Napi::CallbackInfo& info);
  Napi::Value Sorted(const Napi::CallbackInfo& info);
  Napi::Value Clear(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  runjob::Collector& Open(Napi::Env env) const;

  std::shared_ptr<CollectorState> state_;
  std::vector<char> padded_;
};

}  // namespace runjob::addon
