// Functions of the user's that JavaScript calls for native code (native/function/udf.h).
#include "function/udf.h"

#include <cstring>
#include <memory>
#include <string>

#include "addon/module.h"
#include "addon/wrapped.h"

namespace runjob::addon {

namespace {

const char* CodeOf(const std::string& code) {
  for (const char* known : {"USER_ERROR", "RESULT_INVALID", "INT64_UNSAFE", "TIMESTAMP_PRECISION"}) {
    if (code == known) return known;
  }
  return "INTERNAL";
}

// So many elements of a typed array; null if there is none.
template <class T>
const T* Elements(const Napi::Value& value, const char* name, napi_typedarray_type type, size_t count) {
  if (value.IsUndefined()) return nullptr;
  if (!value.IsTypedArray()) ThrowNot(value.Env(), name, "a typed array");
  const Napi::TypedArray array = value.As<Napi::TypedArray>();
  if (array.TypedArrayType() != type || array.ElementLength() < count) {
    ThrowNot(value.Env(), name, "a typed array with a value for each row");
  }
  const char* const data = static_cast<const char*>(array.ArrayBuffer().Data());
  return reinterpret_cast<const T*>(data + array.ByteOffset());
}

bool IsText(const Type& type) {
  return type.is_bytes() || type.is_nested() || type.id == TypeId::kDecimal || type.id == TypeId::kDate ||
         type.id == TypeId::kTimestampNtz;
}

class ScriptUdfHost : public UdfHost {
 public:
  explicit ScriptUdfHost(Napi::Function function) : function_(Napi::Persistent(function)) {}

  Status Call(uint32_t call, Slice block, size_t rows, const Type& result,
              const std::function<Status(const UdfResults&)>& take) override {
    const Napi::Env env = function_.Env();
    const Napi::HandleScope scope(env);
    const Napi::Value answer = function_.Call({Napi::Number::New(env, call), Given(env, block)});
    const Napi::Object object = ObjectArg(answer, "answer");
    const Napi::Value row = object.Get("row");
    if (!row.IsUndefined()) {
      const std::string code = TextArg(object.Get("code"), "code");
      const uint64_t at = IntegerArg(row, "row", 0, kMaxSafeInteger);
      return Status::BadRecord(CodeOf(code), TextArg(object.Get("detail"), "detail"), static_cast<int64_t>(at));
    }
    const Napi::Value nulls = object.Get("nulls"), numbers = object.Get("numbers"), wide = object.Get("wide");
    const Napi::Value text = object.Get("bytes"), ends = object.Get("ends");
    UdfResults results;
    results.nulls = Elements<uint8_t>(nulls, "nulls", napi_uint8_array, rows);
    if (IsText(result)) {
      results.bytes = BytesArg(text, "bytes");
      results.ends = Elements<uint32_t>(ends, "ends", napi_uint32_array, rows);
      if (results.ends == nullptr) ThrowNot(env, "ends", "a typed array");
      uint32_t last = 0;
      for (size_t i = 0; i < rows; i++) {
        if (results.ends[i] < last || results.ends[i] > results.bytes.size) ThrowNot(env, "ends", "ascending");
        last = results.ends[i];
      }
    } else {
      results.numbers = Elements<double>(numbers, "numbers", napi_float64_array, rows);
      results.wide = Elements<int64_t>(wide, "wide", napi_bigint64_array, rows);
      const bool may_be_wide = result.id == TypeId::kLong || result.id == TypeId::kTimestamp;
      if (results.numbers == nullptr && !(may_be_wide && results.wide != nullptr)) {
        ThrowNot(env, "numbers", "a typed array");
      }
    }
    Status status = take(results);
    if (status.ok() || status.offset() < 0) return status;
    const Napi::Object json = Napi::Object::New(env);
    json.Set("function", object.Get("name"));
    json.Set("problem", status.detail());
    const std::string detail =
        env.Global().Get("JSON").As<Napi::Object>().Get("stringify").As<Napi::Function>().Call({json}).ToString();
    return Status::BadRecord(status.code(), detail, status.offset());
  }

 private:
  // A block from the start of an array that is kept: a new one for each would be work for the garbage collector.
  Napi::Value Given(Napi::Env env, Slice block) {
    if (block.size > kMostKept) return Napi::Buffer<char>::Copy(env, block.data, block.size);
    if (kept_.IsEmpty()) kept_ = Napi::Persistent(Napi::Uint8Array::New(env, kMostKept).As<Napi::Object>());
    Napi::Uint8Array array = kept_.Value().As<Napi::Uint8Array>();
    std::memcpy(array.Data(), block.data, block.size);
    return array;
  }

  static constexpr size_t kMostKept = size_t{256} << 10;

  Napi::FunctionReference function_;
  Napi::ObjectReference kept_;
};

// Of this thread, until its instance of the addon ends.
thread_local std::unique_ptr<ScriptUdfHost> thread_host;

Napi::Value SetHost(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsFunction()) ThrowNot(env, "host", "a function");
  const bool first = thread_host == nullptr;
  thread_host = std::make_unique<ScriptUdfHost>(info[0].As<Napi::Function>());
  SetUdfHost(thread_host.get());
  if (first) {
    env.AddCleanupHook([] {
      SetUdfHost(nullptr);
      thread_host.reset();
    });
  }
  return env.Undefined();
}

}  // namespace

void ExportUdf(Napi::Object exports) { Export<SetHost>(exports, "setUdfHost"); }

}  // namespace runjob::addon
