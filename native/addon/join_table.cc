#include "addon/join_table.h"

#include <utility>

#include "addon/args.h"
#include "addon/cursor.h"
#include "addon/module.h"
#include "addon/results.h"

namespace runjob::addon {

JoinTable::JoinTable(const Napi::CallbackInfo& info) : Wrapped(info) {
  Guarded(info.Env(), [&] {
    std::unique_ptr<runjob::JoinTable> table;
    Check(info.Env(), runjob::JoinTable::Compile(BytesArg(info[0], "program"), &table));
    native_ = std::move(table);
  });
}

std::shared_ptr<const runjob::JoinTable> JoinTable::Take(Napi::Env env) {
  Open(env);
  is_taken_ = true;
  return native_;
}

Napi::Value JoinTable::Add(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Cursor* cursor = Cursor::FromArg(info[0], "cursor");
  const size_t max_records = static_cast<size_t>(IntegerArg(info[1], "maxRecords", 1, kMaxSafeInteger));
  runjob::JoinTable& table = Open(env);
  if (is_taken_) ThrowBadArgument(env, "the table is in use");
  failed_ = true;
  const size_t records = cursor->Consume(
      env, [&](runjob::Cursor* native, size_t* taken) { return table.Add(native, max_records, taken); });
  failed_ = false;
  return Count(env, records);
}

Napi::Value JoinTable::Rows(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).rows()); }
Napi::Value JoinTable::HeldBytes(const Napi::CallbackInfo& info) {
  return Count(info.Env(), native_ == nullptr ? 0 : native_->bytes());
}

Napi::Value JoinTable::Close(const Napi::CallbackInfo& info) {
  native_.reset();
  return info.Env().Undefined();
}

runjob::JoinTable& JoinTable::Open(Napi::Env env) const {
  if (native_ == nullptr) ThrowBadArgument(env, "the table is closed");
  if (failed_) ThrowBadArgument(env, "the table failed before");
  return *native_;
}

void ExportJoinTable(Napi::Object exports) { ExportClass<JoinTable>(exports, "createJoinTable"); }

}  // namespace runjob::addon
