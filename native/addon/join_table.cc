#include "addon/join_table.h"

#include <chrono>
#include <string>
#include <utility>

#include "addon/args.h"
#include "addon/cursor.h"
#include "addon/module.h"
#include "addon/results.h"

namespace runjob::addon {

JoinTable::JoinTable(const Napi::CallbackInfo& info) : Wrapped(info) {
  Guarded(info.Env(), [&] {
    const Napi::Object options = ObjectArg(info[1], "options");
    runjob::JoinTable::Place place;
    const Napi::Value folder = options.Get("folder");
    if (!folder.IsUndefined()) {
      place.folder = TextArg(folder, "folder");
      place.memory_bytes =
          static_cast<size_t>(IntegerArg(options.Get("memoryBytes"), "memoryBytes", 0, kMaxSafeInteger));
    }
    Check(info.Env(), runjob::JoinTable::Compile(BytesArg(info[0], "program"), place, &own_));
    shared_ = SharedTable::Open(TextArg(options.Get("name"), "name"));
  });
}

JoinTable::~JoinTable() { GiveUp(); }

std::shared_ptr<const runjob::JoinTable> JoinTable::Complete(Napi::Env env) const {
  RequireOpen(env);
  if (complete_ == nullptr) ThrowBadArgument(env, "the table is not complete");
  return complete_;
}

Napi::Value JoinTable::Claim(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::chrono::milliseconds wait(IntegerArg(info[0], "waitMs", 0, 60'000));
  RequireOpen(env);
  const char* answer = "mine";
  if (!is_mine_) {
    const SharedTable::State state = shared_->Claim(wait);
    is_mine_ = state == SharedTable::State::kMine;
    if (state == SharedTable::State::kBusy) answer = "busy";
    if (state == SharedTable::State::kReady) {
      answer = "ready";
      complete_ = shared_->table();
      own_.reset();
    }
  }
  return Napi::String::New(env, answer);
}

Napi::Value JoinTable::Add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Cursor* cursor = Cursor::FromArg(info[0], "cursor");
  const size_t max_records = static_cast<size_t>(IntegerArg(info[1], "maxRecords", 1, kMaxSafeInteger));
  RequireOpen(env);
  if (complete_ != nullptr) ThrowBadArgument(env, "the table is complete");
  if (!is_mine_) ThrowBadArgument(env, "another thread makes the table");
  failed_ = true;
  const size_t steps = cursor->Consume(
      env, [&](runjob::Cursor* native, size_t* taken) { return own_->Add(native, max_records, taken); });
  failed_ = false;
  if (steps == 0) {
    complete_ = std::move(own_);
    shared_->Publish(complete_);
    is_mine_ = false;
  }
  return Count(env, steps);
}

Napi::Value JoinTable::KeyBounds(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::shared_ptr<const runjob::JoinTable> table = Complete(env);
  const int64_t most = static_cast<int64_t>(table->key_types().size()) - 1;
  const KeySet* const keys = table->keys(static_cast<size_t>(IntegerArg(info[0], "key", 0, most)));
  if (keys == nullptr) return env.Null();
  const Napi::Array bounds = Napi::Array::New(env);
  if (keys->is_empty()) return bounds;
  int64_t least = 0;
  int64_t greatest = 0;
  if (!keys->Bounds(&least, &greatest)) return env.Null();
  bounds.Set(0U, Napi::String::New(env, std::to_string(least)));
  bounds.Set(1U, Napi::String::New(env, std::to_string(greatest)));
  return bounds;
}

Napi::Value JoinTable::HeldBytes(const Napi::CallbackInfo& info) {
  return Count(info.Env(), complete_ != nullptr ? complete_->bytes() : own_ != nullptr ? own_->bytes() : 0);
}

Napi::Value JoinTable::Close(const Napi::CallbackInfo& info) {
  GiveUp();
  complete_.reset();
  own_.reset();
  shared_.reset();
  return info.Env().Undefined();
}

void JoinTable::RequireOpen(Napi::Env env) const {
  if (shared_ == nullptr) ThrowBadArgument(env, "the table is closed");
  if (failed_) ThrowBadArgument(env, "the table failed before");
}

void JoinTable::GiveUp() {
  if (is_mine_) shared_->GiveUp();
  is_mine_ = false;
}

void ExportJoinTable(Napi::Object exports) { ExportClass<JoinTable>(exports, "createJoinTable"); }

}  // namespace runjob::addon
