#include <napi.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/pipeline.h"
#include "addon/results.h"
#include "addon/wrapped.h"
#include "base/file.h"
#include "parquet/failure.h"
#include "parquet/scan.h"

namespace runjob::addon {
namespace {

// A file that JavaScript has opened, and closes.
class DescriptorSource : public parquet::ByteSource {
 public:
  explicit DescriptorSource(int fd) : fd_(fd) {}

  Status Read(uint64_t offset, size_t size, char* out) override {
    errno = 0;
    if (ReadAt(fd_, out, size, offset)) return Status::Ok();
    if (errno == 0) return Status::Error("INPUT_CHANGED", "it became shorter");
    return Status::Error("FILE_IO", std::string("reading failed: ") + std::strerror(errno));
  }

 private:
  const int fd_;
};

// Calls a function of JavaScript, page by page: it has gzip and brotli.
class FunctionDecompressor : public parquet::Decompressor {
 public:
  explicit FunctionDecompressor(Napi::Function function) : function_(Napi::Persistent(function)) {}

  Status Decompress(parquet::Codec codec, Slice in, char* out, size_t size) override {
    const Napi::Env env = function_.Env();
    const Napi::HandleScope scope(env);
    const Napi::Value result =
        function_.Call({Napi::Number::New(env, static_cast<int>(codec)), Bytes(env, in), Count(env, size)});
    if (result.IsNull()) return parquet::Corrupt("a page cannot be decompressed");
    const Slice bytes = BytesArg(result, "result of decompress");
    if (bytes.size != size) return parquet::Corrupt("a page has another size when it is decompressed");
    if (size > 0) std::memcpy(out, bytes.data, size);
    return Status::Ok();
  }

 private:
  Napi::FunctionReference function_;
};

class ParquetScan : public Wrapped<ParquetScan> {
 public:
  static constexpr const char* kName = "ParquetScan";
  static constexpr napi_type_tag kTag = {0x4be19a7706f2d835, 0x9c3e50d1b8a7642f};

  static std::vector<Member> Members() {
    return {Method<&ParquetScan::Open>("open"), Method<&ParquetScan::Read>("read"),
            Getter<&ParquetScan::RowsIn>("rowsIn"), Method<&ParquetScan::Close>("close")};
  }

  explicit ParquetScan(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const Napi::Env env = info.Env();
      const Napi::Object object = ObjectArg(info[3], "options");
      parquet::ScanOptions options;
      options.max_page_bytes =
          static_cast<size_t>(IntegerArg(object.Get("maxPageBytes"), "maxPageBytes", 1, kMaxSafeInteger));
      const Napi::Value decompress = object.Get("decompress");
      if (!decompress.IsFunction()) ThrowNot(env, "decompress", "a function");
      decompressor_ = std::make_unique<FunctionDecompressor>(decompress.As<Napi::Function>());
      source_ = std::make_unique<DescriptorSource>(static_cast<int>(IntegerArg(info[1], "fd", 0, INT32_MAX)));
      pipeline_ = Pipeline::FromArg(info[2], "pipeline")->state();
      if (OptionalBooleanArg(object.Get("keepBad"), "keepBad")) options.bad = &pipeline_->bad;
      const Slice spec = BytesArg(info[0], "spec");
      pipeline_->RequireReady(env);
      runjob::Pipeline& pipeline = *pipeline_->native;
      options.places = pipeline.places();
      Check(env, parquet::Scan::Create(spec, options, source_.get(), decompressor_.get(), pipeline.head(), &native_));
      const Schema& own = native_->schema();
      const Schema& input = pipeline.input();
      bool is_same = own.size() == input.size();
      for (size_t i = 0; is_same && i < own.size(); i++) is_same = own[i].type == input[i].type;
      if (!is_same) ThrowBadArgument(env, "the scan's columns must be those of the pipeline");
      if (OptionalBooleanArg(object.Get("readAll"), "readAll")) {
        pipeline.LoadLate(nullptr);
      } else {
        native_->LoadLate(pipeline.LoadLate(native_.get()));
      }
    });
  }

 private:
  Napi::Value Open(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Slice group = BytesArg(info[0], "group");
    RequireReady(env);
    Check(env, native_->Open(group));
    return env.Undefined();
  }

  Napi::Value Read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const size_t rows = static_cast<size_t>(IntegerArg(info[0], "rows", 1, kMaxSafeInteger));
    RequireReady(env);
    size_t read = 0;
    pipeline_->Run(env, [&] { return native_->Read(rows, &read); });
    return Count(env, read);
  }

  Napi::Value RowsIn(const Napi::CallbackInfo& info) { return Count(info.Env(), native_ ? native_->rows_in() : 0); }
  Napi::Value Close(const Napi::CallbackInfo& info) {
    if (native_ && pipeline_->native) pipeline_->native->LoadLate(nullptr);
    native_.reset();
    return info.Env().Undefined();
  }

  void RequireReady(Napi::Env env) const {
    if (!native_) ThrowBadArgument(env, "the scan is closed");
    pipeline_->RequireReady(env);
  }

  std::shared_ptr<PipelineState> pipeline_;
  std::unique_ptr<DescriptorSource> source_;
  std::unique_ptr<FunctionDecompressor> decompressor_;
  std::unique_ptr<parquet::Scan> native_;  // null: closed
};

}  // namespace

void ExportParquetScan(Napi::Object exports) { ExportClass<ParquetScan>(exports, "createParquetScan"); }

}  // namespace runjob::addon
