// Shared by the classes that take the bytes of a file, chunk by chunk.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "addon/args.h"
#include "addon/results.h"
#include "addon/wrapped.h"

namespace runjob::addon {

// T declares kWhat, too: what errors call it. Native reads as a runjob::Mapper does.
template <class T, class Native>
class Reading : public Wrapped<T> {
 protected:
  explicit Reading(const Napi::CallbackInfo& info) : Wrapped<T>(info) {}

  // Whether it accepts chunks.
  virtual void RequireReady(Napi::Env) const {}

  // Gives the arguments (chunk, limit, last) to push(chunk, limit, last, &done); returns done.
  template <class Push>
  bool PushChunk(const Napi::CallbackInfo& info, const Push& push) {
    const Napi::Env env = info.Env();
    const uint64_t limit = LimitArg(info[1], "limit");
    const bool last = BooleanArg(info[2], "last");
    const Slice chunk = BytesArg(info[0], "chunk");
    if (ended_) ThrowBadArgument(env, std::string("the ") + T::kWhat + " has ended, or failed before");
    RequireReady(env);
    ended_ = true;
    bool done = false;
    Check(env, push(chunk, limit, last, &done));
    ended_ = done;
    if (done) Release();
    return done;
  }

  Napi::Value Position(const Napi::CallbackInfo& info) { return Count(info.Env(), counts().position); }
  Napi::Value RecordsIn(const Napi::CallbackInfo& info) { return Count(info.Env(), counts().records_in); }
  Napi::Value RecordsOut(const Napi::CallbackInfo& info) { return Count(info.Env(), counts().records_out); }
  Napi::Value RecordsDropped(const Napi::CallbackInfo& info) { return Count(info.Env(), counts().records_dropped); }
  Napi::Value TakeBad(const Napi::CallbackInfo& info) {
    return Bad(info.Env(), native_ ? native_->TakeBad() : std::exchange(bad_, {}));
  }

  std::unique_ptr<Native> native_;  // null after the end

 private:
  struct Counts {
    uint64_t position = 0;
    uint64_t records_in = 0;
    uint64_t records_out = 0;
    uint64_t records_dropped = 0;
  };

  Counts counts() const {
    if (!native_) return counts_;
    Counts counts;
    counts.position = native_->position();
    if constexpr (requires { native_->records_in(); }) counts.records_in = native_->records_in();
    if constexpr (requires { native_->records_out(); }) counts.records_out = native_->records_out();
    if constexpr (requires { native_->records_dropped(); }) counts.records_dropped = native_->records_dropped();
    return counts;
  }

  // Frees the buffers now. Garbage is collected only after thousands of small files, each with a reader of its own, and
  // fresh memory for each takes longer than to read it.
  void Release() {
    counts_ = counts();
    bad_ = native_->TakeBad();
    native_.reset();
  }

  bool ended_ = false;
  Counts counts_;
  std::vector<BadRecord> bad_;
};

}  // namespace runjob::addon
