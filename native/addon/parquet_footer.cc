#include <napi.h>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/results.h"
#include "addon/wrapped.h"
#include "parquet/footer.h"

namespace runjob::addon {
namespace {

Napi::Value ReadRowGroups(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint64_t start = IntegerArg(info[1], "start", 0, kMaxSafeInteger);
  parquet::RowGroups groups;
  Check(env, parquet::ReadRowGroups(BytesArg(info[0], "footer"), start, &groups));
  Napi::Object result = Napi::Object::New(env);
  result.Set("numbers", Numbers<Napi::Float64Array>(env, groups.numbers));
  result.Set("end", Count(env, groups.end));
  return result;
}

}  // namespace

void ExportParquetFooter(Napi::Object exports) { Export<ReadRowGroups>(exports, "readRowGroups"); }

}  // namespace runjob::addon
