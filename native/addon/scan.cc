// Scans of text formats: bytes of files as rows of a pipeline.
#include <napi.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/module.h"
#include "addon/options.h"
#include "addon/pipeline.h"
#include "addon/reading.h"
#include "addon/results.h"
#include "avro/layout.h"
#include "avro/scan.h"
#include "csv/csv_columns.h"
#include "json/json_columns.h"
#include "pipeline/line_scan.h"
#include "record/mapper.h"

namespace runjob::addon {
namespace {

template <class T>
class Scan : public Reading<T, runjob::Mapper> {
 public:
  static constexpr const char* kWhat = "scan";

  static std::vector<typename Scan::Member> Members() {
    return {Scan::template Method<&Scan::Push>("push"), Scan::template Getter<&Scan::Position>("position"),
            Scan::template Getter<&Scan::RecordsIn>("recordsIn"),
            Scan::template Getter<&Scan::RecordsOut>("recordsOut"),
            Scan::template Getter<&Scan::RecordsDropped>("recordsDropped")};
  }

 protected:
  explicit Scan(const Napi::CallbackInfo& info) : Reading<T, runjob::Mapper>(info) {
    Guarded(info.Env(), [&] {
      pipeline_ = Pipeline::FromArg(info[1], "pipeline")->state();
      pipeline_->RequireReady(info.Env());
    });
  }

  const Schema& schema() const { return pipeline_->native->input(); }
  ColumnSink* sink() const { return pipeline_->native->head(); }
  BadRecords* bad() const { return &pipeline_->bad; }
  RowPlaces* places() const { return pipeline_->native->places(); }

 private:
  void RequireReady(Napi::Env env) const override { pipeline_->RequireReady(env); }

  Napi::Value Push(const Napi::CallbackInfo& info) {
    const bool done = this->PushChunk(info, [&](Slice chunk, uint64_t limit, bool last, bool* is_done) {
      Status status;
      // A bad record leaves the pipeline intact: only the scan ends.
      pipeline_->Run(info.Env(), [&] {
        status = this->native_->Push(chunk, limit, last, is_done);
        return Status::Ok();
      });
      return status;
    });
    return Napi::Boolean::New(info.Env(), done);
  }

  std::shared_ptr<PipelineState> pipeline_;
};

class CsvScan : public Scan<CsvScan> {
 public:
  static constexpr const char* kName = "CsvScan";
  static constexpr napi_type_tag kTag = {0x5d3f19c7e2a84b06, 0x8c71f6d20b9e45a3};

  explicit CsvScan(const Napi::CallbackInfo& info) : Scan(info) {
    Guarded(info.Env(), [&] {
      CsvColumnsOptions options = CsvColumnsArg(ObjectArg(info[0], "spec"), schema());
      options.places = places();
      native_ = NewCsvScan(options, schema(), sink(), bad());
    });
  }
};

class JsonScan : public Scan<JsonScan> {
 public:
  static constexpr const char* kName = "JsonScan";
  static constexpr napi_type_tag kTag = {0x2e90b4a61f7d5c38, 0xa4178ed35b60f29c};

  explicit JsonScan(const Napi::CallbackInfo& info) : Scan(info) {
    Guarded(info.Env(), [&] {
      const Napi::Object spec = ObjectArg(info[0], "spec");
      JsonColumnsOptions options;
      options.limit = RecordLimitArg(spec);
      options.skip_bom = BooleanArg(spec.Get("skipBom"), "skipBom");
      options.places = places();
      native_ = NewJsonScan(options, schema(), sink(), bad());
    });
  }
};

class LineScan : public Scan<LineScan> {
 public:
  static constexpr const char* kName = "LineScan";
  static constexpr napi_type_tag kTag = {0x92c5e07d13fa4b68, 0xb7064f2d8e31a95c};

  explicit LineScan(const Napi::CallbackInfo& info) : Scan(info) {
    Guarded(info.Env(), [&] {
      const Napi::Object spec = ObjectArg(info[0], "spec");
      LineScanOptions options;
      options.limit = RecordLimitArg(spec);
      options.skip_bom = BooleanArg(spec.Get("skipBom"), "skipBom");
      options.places = places();
      if (schema().size() > 1 || (schema().size() == 1 && schema()[0].type.id != TypeId::kString)) {
        ThrowBadArgument(info.Env(), "lines are one column of text");
      }
      native_ = NewLineScan(options, schema(), sink(), bad());
    });
  }
};

class AvroScan : public Scan<AvroScan> {
 public:
  static constexpr const char* kName = "AvroScan";
  static constexpr napi_type_tag kTag = {0x1f64d8b03ac97e25, 0xd9a2570be84c631f};

  explicit AvroScan(const Napi::CallbackInfo& info) : Scan(info) {
    Guarded(info.Env(), [&] {
      const Napi::Env env = info.Env();
      const Napi::Object spec = ObjectArg(info[0], "spec");
      avro::ScanOptions options;
      options.codec = static_cast<avro::Codec>(OneOf(spec.Get("codec"), "codec", kAvroCodecs));
      options.limit = RecordLimitArg(spec);
      options.max_block_bytes =
          static_cast<size_t>(IntegerArg(spec.Get("maxBlockBytes"), "maxBlockBytes", 1, kMaxSafeInteger));
      const Napi::Value inflate = spec.Get("inflate");
      if (!inflate.IsFunction()) ThrowNot(env, "inflate", "a function");
      inflate_ = Napi::Persistent(inflate.As<Napi::Function>());
      const size_t most = options.max_block_bytes;
      options.inflate = [this, most](Slice in, std::string* out, bool* is_whole) {
        return Inflate(in, most, out, is_whole);
      };
      const Napi::Value sync = spec.Get("sync");
      const Napi::Value layout = spec.Get("layout");
      const Slice marker = BytesArg(sync, "sync");
      if (marker.size != avro::kSyncBytes) ThrowNot(env, "sync", "16 bytes");
      std::memcpy(options.sync, marker.data, avro::kSyncBytes);
      Check(env, avro::ReadLayout(BytesArg(layout, "layout"), &layout_));
      bool is_same = layout_.schema.size() == schema().size();
      for (size_t i = 0; is_same && i < schema().size(); i++) is_same = layout_.schema[i].type == schema()[i].type;
      if (!is_same) ThrowBadArgument(env, "the scan's columns must be those of the pipeline");
      options.places = places();
      native_ = avro::NewScan(std::move(options), layout_, sink(), bad());
    });
  }

 private:
  static constexpr const char* kAvroCodecs[] = {"null", "deflate", "snappy", "zstandard"};

  // Calls a function of JavaScript, block by block.
  Status Inflate(Slice in, size_t most, std::string* out, bool* is_whole) {
    const Napi::Env env = inflate_.Env();
    const Napi::HandleScope scope(env);
    const Napi::Value result = inflate_.Call({Bytes(env, in), Count(env, most)});
    *is_whole = !result.IsNull();
    if (!*is_whole) return Status::Ok();
    const Slice bytes = BytesArg(result, "result of inflate");
    *is_whole = bytes.size <= most;
    if (*is_whole) out->assign(bytes.data, bytes.size);
    return Status::Ok();
  }

  avro::Layout layout_;
  Napi::FunctionReference inflate_;
};

}  // namespace

void ExportScans(Napi::Object exports) {
  ExportClass<CsvScan>(exports, "createCsvScan");
  ExportClass<JsonScan>(exports, "createJsonScan");
  ExportClass<LineScan>(exports, "createLineScan");
  ExportClass<AvroScan>(exports, "createAvroScan");
}

}  // namespace runjob::addon
