#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/results.h"
#include "addon/wrapped.h"
#include "state/store.h"

namespace runjob::addon {
namespace {

class Store : public Wrapped<Store> {
 public:
  static constexpr const char* kName = "Store";
  static constexpr napi_type_tag kTag = {0x5d0c3b1ea7f2496d, 0x8e41c7f60b9a3d25};

  static std::vector<Member> Members() {
    return {Method<&Store::Write>("write"), Method<&Store::Get>("get"), Method<&Store::Entries>("entries"),
            Method<&Store::Close>("close")};
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
    for (size_t i = 0; i < keys.size(); i++) puts.emplace_back(keys[i], BytesArg(values[i], "values"));
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

}  // namespace

void ExportStore(Napi::Object exports) { ExportClass<Store>(exports, "openStore"); }

}  // namespace runjob::addon
