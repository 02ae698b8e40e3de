#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/options.h"
#include "addon/reading.h"
#include "addon/results.h"
#include "text/lines.h"

namespace runjob::addon {
namespace {

class LineFilter : public Reading<LineFilter, runjob::LineFilter> {
 public:
  static constexpr const char* kName = "LineFilter";
  static constexpr const char* kWhat = "filter";
  static constexpr napi_type_tag kTag = {0x27d49ce5fb0a4138, 0xc0e6138d5a924fb7};

  static std::vector<Member> Members() {
    return {Method<&LineFilter::Push>("push"), Method<&LineFilter::TakeBad>("takeBad"),
            Getter<&LineFilter::Position>("position"), Getter<&LineFilter::RecordsIn>("recordsIn"),
            Getter<&LineFilter::RecordsOut>("recordsOut")};
  }

  explicit LineFilter(const Napi::CallbackInfo& info) : Reading(info) {
    Guarded(info.Env(), [&] {
      const Napi::Object options = ObjectArg(info[0], "options");
      const bool invert = BooleanArg(options.Get("invert"), "invert");
      const bool ignore_case = BooleanArg(options.Get("ignoreCase"), "ignoreCase");
      const Slice literal = BytesArg(options.Get("literal"), "literal");
      native_ = std::make_unique<runjob::LineFilter>(literal, invert, ignore_case, RecordLimitArg(options));
    });
  }

 private:
  Napi::Value Push(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const bool done = PushChunk(info, [&](Slice chunk, uint64_t limit, bool last, bool* is_done) {
      output_.clear();
      return native_->Push(chunk, limit, last, &output_, is_done);
    });
    Napi::Object result = Napi::Object::New(env);
    result.Set("output", Bytes(env, output_));
    result.Set("done", Napi::Boolean::New(env, done));
    return result;
  }

  std::string output_;
};

}  // namespace

void ExportLineFilter(Napi::Object exports) { ExportClass<LineFilter>(exports, "createLineFilter"); }

}  // namespace runjob::addon
