#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/args.h"
#include "addon/collector.h"
#include "addon/module.h"
#include "addon/options.h"
#include "addon/reading.h"
#include "addon/results.h"
#include "csv/fields.h"
#include "record/mapper.h"
#include "text/lines.h"
#include "text/lowercase.h"
#include "text/tokenize.h"

namespace runjob::addon {
namespace {

class Mapper : public Reading<Mapper, runjob::Mapper> {
 public:
  static constexpr const char* kName = "Mapper";
  static constexpr const char* kWhat = "mapper";
  static constexpr napi_type_tag kTag = {0xe81f60b3974d4c2a, 0x93ad50c86e1b7f04};

  static std::vector<Member> Members() {
    return {Method<&Mapper::Push>("push"),
            Method<&Mapper::TakeBad>("takeBad"),
            Getter<&Mapper::Position>("position"),
            Getter<&Mapper::RecordsIn>("recordsIn"),
            Getter<&Mapper::RecordsOut>("recordsOut"),
            Getter<&Mapper::RecordsDropped>("recordsDropped")};
  }

  explicit Mapper(const Napi::CallbackInfo& info) : Reading(info) {
    Guarded(info.Env(), [&] {
      const Napi::Env env = info.Env();
      const Napi::Object spec = ObjectArg(info[0], "spec");
      collector_ = Collector::FromArg(info[1], "collector")->state();
      const CollectorOptions& options = collector_->options;
      if (options.partition_by == PartitionBy::kGiven) ThrowBadArgument(env, "mappers give no partitions");
      const std::string op = TextArg(spec.Get("op"), "op");
      const bool lowercase = op == "words" && BooleanArg(spec.Get("lowercase"), "lowercase");
      const RecordLimit limit = op == "fields" ? RecordLimit() : RecordLimitArg(spec);
      const FieldsOptions fields = op == "fields" ? FieldsArg(spec, options.layout) : FieldsOptions();
      if (op != "fields" && !options.layout.empty()) {
        ThrowBadArgument(env, "'" + op + "' gives no columns: the collector's layout must be empty");
      }
      collector_->RequireFilling(env);
      if (op == "words") {
        native_ = NewWordsMapper(lowercase, limit, collector_->native.get());
      } else if (op == "lines") {
        native_ = NewLinesMapper(limit, collector_->native.get());
      } else if (op == "fields") {
        native_ = NewFieldsMapper(fields, collector_->native.get());
      } else {
        ThrowBadArgument(env, "op must be one of 'words' 'lines' 'fields'");
      }
    });
  }

 private:
  void RequireReady(Napi::Env env) const override { collector_->RequireFilling(env); }

  Napi::Value Push(const Napi::CallbackInfo& info) {
    const bool done = PushChunk(info, [&](Slice chunk, uint64_t limit, bool last, bool* is_done) {
      collector_->failed = true;
      Status status = native_->Push(chunk, limit, last, is_done);
      // A bad record leaves the collector intact: only the mapper ends.
      collector_->failed = false;
      return status;
    });
    return Napi::Boolean::New(info.Env(), done);
  }

  std::shared_ptr<CollectorState> collector_;
};

Napi::Value SetLowercase(const Napi::CallbackInfo& info) {
  const Uint32Span table = Uint32Arg(info[0], "table");
  if (table.size != kLowercaseTableSize) {
    ThrowBadArgument(info.Env(), "table must have " + std::to_string(kLowercaseTableSize) + " entries");
  }
  // The tokenizer sizes its buffers by this: no engine's lower case is more than a byte longer in UTF-8.
  const auto utf8_bytes = [](uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; };
  for (uint32_t c = 0; c < kLowercaseTableSize; c++) {
    const uint32_t lower = table.data[c] & 0x1fffffff;
    const bool surrogate = lower >= 0xd800 && lower < 0xe000 && lower != c;
    if (lower > 0x10ffff || surrogate || utf8_bytes(lower) > utf8_bytes(c) + 1) {
      ThrowBadArgument(info.Env(), "table has no lower case of code point " + std::to_string(c));
    }
  }
  SetLowercaseTable(table.data);
  return info.Env().Undefined();
}

}  // namespace

void ExportMapper(Napi::Object exports) {
  ExportClass<Mapper>(exports, "createMapper");
  Export<SetLowercase>(exports, "setLowercaseTable");
}

}  // namespace runjob::addon
