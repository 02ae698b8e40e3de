#include <napi.h>

#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/wrapped.h"
#include "base/hash.h"

namespace runjob::addon {
namespace {

class Hasher : public Wrapped<Hasher> {
 public:
  static constexpr const char* kName = "Hasher";
  static constexpr napi_type_tag kTag = {0x5d0c7be2a1f64938, 0x8b63e90f27d5c1a4};

  static std::vector<Member> Members() { return {Method<&Hasher::Add>("add"), Method<&Hasher::Digest>("digest")}; }

  explicit Hasher(const Napi::CallbackInfo& info) : Wrapped(info) {}

 private:
  Napi::Value Add(const Napi::CallbackInfo& info) {
    native_.Add(BytesArg(info[0], "data"));
    return info.Env().Undefined();
  }

  Napi::Value Digest(const Napi::CallbackInfo& info) { return Napi::BigInt::New(info.Env(), native_.Digest()); }

  Xxh64Stream native_;
};

Napi::Value Hash(const Napi::CallbackInfo& info) {
  return Napi::BigInt::New(info.Env(), HashKey(BytesArg(info[0], "key")));
}

Napi::Value Checksum(const Napi::CallbackInfo& info) {
  bool lossless = false;
  const uint64_t seed = info[1].IsBigInt() ? info[1].As<Napi::BigInt>().Uint64Value(&lossless) : 0;
  if (!lossless) ThrowBadArgument(info.Env(), "seed must be a bigint of 64 bits");
  return Napi::BigInt::New(info.Env(), Xxh64(BytesArg(info[0], "data"), seed));
}

}  // namespace

void ExportHasher(Napi::Object exports) {
  ExportClass<Hasher>(exports, "createHasher");
  Export<Hash>(exports, "hashKey");
  Export<Checksum>(exports, "xxh64");
}

}  // namespace runjob::addon
