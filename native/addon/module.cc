#include "addon/module.h"

#include <string>

#include "addon/args.h"
#include "addon/wrapped.h"
#include "base/arena.h"
#include "base/number.h"
#include "base/simd.h"

namespace runjob::addon {
namespace {

Napi::Value FormatNumber(const Napi::CallbackInfo& info) {
  std::string text;
  AppendNumber(NumberArg(info[0], "x"), &text);
  return Napi::String::New(info.Env(), text);
}

Napi::Value ReadNumber(const Napi::CallbackInfo& info) {
  double x = 0;
  if (!ParseNumber(BytesArg(info[0], "text"), &x)) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), x);
}

Napi::Value FreeMemory(const Napi::CallbackInfo& info) {
  ReleaseBlocks();
  return info.Env().Undefined();
}

Napi::Object BuildInfo(Napi::Env env) {
#ifdef RUNJOB_SANITIZER
  constexpr bool kSanitizer = true;
#else
  constexpr bool kSanitizer = false;
#endif
#ifdef __clang__
  const std::string compiler = __VERSION__;
#else
  const std::string compiler = std::string("gcc ") + __VERSION__;
#endif
  Napi::Object build = Napi::Object::New(env);
  build.Set("simd", SimdName());
  build.Set("compiler", compiler);
  build.Set("sanitizer", Napi::Boolean::New(env, kSanitizer));
  return build;
}

Napi::Object Define(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Constructors());
  ExportCollector(exports);
  ExportCursor(exports);
  ExportPipeline(exports);
  ExportScans(exports);
  ExportParquetFooter(exports);
  ExportParquetScan(exports);
  ExportHost(exports);
  ExportUdf(exports);
  ExportJoinTable(exports);
  ExportMapper(exports);
  ExportLineFilter(exports);
  ExportCsvReader(exports);
  ExportJsonReader(exports);
  ExportRunWriter(exports);
  ExportHeldRuns(exports);
  ExportFileWriter(exports);
  ExportHasher(exports);
  ExportStore(exports);
  ExportText(exports);
  Export<FormatNumber>(exports, "formatNumber");
  Export<ReadNumber>(exports, "parseNumber");
  Export<FreeMemory>(exports, "releaseMemory");
  exports.Set("build", BuildInfo(env));
  return exports;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  return Guarded(env, [&] { return Define(env, exports); });
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)

}  // namespace runjob::addon
