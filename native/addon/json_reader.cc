#include "json/json_reader.h"

#include <napi.h>

#include <climits>
#include <memory>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/results.h"
#include "addon/wrapped.h"

namespace runjob::addon {
namespace {

class JsonReader : public Wrapped<JsonReader> {
 public:
  static constexpr const char* kName = "JsonReader";
  static constexpr napi_type_tag kTag = {0x51c09e7f3ab8d264, 0x8e2f6d10b97c43a5};

  static std::vector<Member> Members() { return {Method<&JsonReader::Read>("read")}; }

  explicit JsonReader(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] { native_ = std::make_unique<runjob::JsonReader>(TextsArg(info[0], "names")); });
  }

 private:
  Napi::Value Read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const bool same_places = BooleanArg(info[1], "samePlaces");
    JsonBlock block;
    block.units = static_cast<size_t>(IntegerArg(info[3], "units", 0, INT32_MAX));
    const Slice bytes = BytesArg(info[0], "bytes");
    if (bytes.size > INT32_MAX) ThrowBadArgument(env, "a block of JSON lines must not be larger than 2 GiB");
    block.bytes = static_cast<size_t>(IntegerArg(info[2], "from", 0, bytes.size));
    if (block.units > block.bytes) ThrowBadArgument(env, "units must not be larger than from");
    native_->Read(bytes, same_places, &block);
    Napi::Object result = Napi::Object::New(env);
    result.Set("lines", Count(env, block.lines));
    result.Set("bytes", Count(env, block.bytes));
    result.Set("units", Count(env, block.units));
    result.Set("bounds", Numbers<Napi::Int32Array>(env, block.bounds));
    result.Set("numbers", Numbers<Napi::Float64Array>(env, block.numbers));
    return result;
  }

  std::unique_ptr<runjob::JsonReader> native_;
};

}  // namespace

void ExportJsonReader(Napi::Object exports) { ExportClass<JsonReader>(exports, "createJsonReader"); }

}  // namespace runjob::addon
