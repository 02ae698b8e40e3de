// Functions on text that JavaScript runs for native code (native/function/host.h).
#include "function/host.h"

#include <cstring>
#include <memory>

#include "addon/module.h"
#include "addon/wrapped.h"

namespace runjob::addon {

namespace {

class ScriptHost : public TextHost {
 public:
  explicit ScriptHost(Napi::Function function) : function_(Napi::Persistent(function)) {}

  Status Call(std::string_view function, const std::vector<std::string>& parameters, const Texts& texts, Texts* results,
              std::vector<uint32_t>* counts) override {
    const Napi::Env env = function_.Env();
    const Napi::HandleScope scope(env);
    try {
      Napi::Array given = Napi::Array::New(env, parameters.size());
      for (uint32_t i = 0; i < parameters.size(); i++) given.Set(i, parameters[i]);
      const auto bytes = Napi::Buffer<char>::Copy(env, texts.bytes.data(), texts.bytes.size());
      Napi::Uint32Array ends = Napi::Uint32Array::New(env, texts.size());
      std::memcpy(ends.Data(), texts.ends.data(), texts.size() * sizeof(uint32_t));
      const Napi::Value answer =
          function_.Call({Napi::String::New(env, function.data(), function.size()), given, bytes, ends});
      const Napi::Object object = ObjectArg(answer, "answer");
      const Napi::Value result_bytes = object.Get("bytes"), result_ends = object.Get("ends");
      const Napi::Value result_counts = object.Get("counts");
      const Slice all = BytesArg(result_bytes, "bytes");
      results->bytes.assign(all.data, all.size);
      const Uint32Span span = Uint32Arg(result_ends, "ends");
      results->ends.assign(span.data, span.data + span.size);
      if (counts != nullptr) {
        const Uint32Span numbers = Uint32Arg(result_counts, "counts");
        counts->assign(numbers.data, numbers.data + numbers.size);
      }
      return Status::Ok();
    } catch (const Napi::Error& error) {
      return Status::Error("ARGUMENT_INVALID", error.Message());
    }
  }

 private:
  Napi::FunctionReference function_;
};

// Of this thread, until its instance of the addon ends.
thread_local std::unique_ptr<ScriptHost> thread_host;

Napi::Value SetHost(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsFunction()) ThrowNot(env, "host", "a function");
  const bool first = thread_host == nullptr;
  thread_host = std::make_unique<ScriptHost>(info[0].As<Napi::Function>());
  SetTextHost(thread_host.get());
  if (first) {
    env.AddCleanupHook([] {
      SetTextHost(nullptr);
      thread_host.reset();
    });
  }
  return env.Undefined();
}

}  // namespace

void ExportHost(Napi::Object exports) { Export<SetHost>(exports, "setTextHost"); }

}  // namespace runjob::addon
