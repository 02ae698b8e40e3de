// Pipelines of JavaScript.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "addon/args.h"
#include "addon/collector.h"
#include "addon/wrapped.h"
#include "pipeline/pipeline.h"
#include "record/bad_record.h"

namespace runjob::addon {

// The part of a pipeline that its JavaScript object and the scans that feed it share.
struct PipelineState {
  Napi::FunctionReference on_full;
  Napi::FunctionReference compress;
  Napi::FunctionReference on_file;
  std::unique_ptr<BatchSink> records;         // into the collector
  std::unique_ptr<runjob::Pipeline> native;   // null: closed
  std::shared_ptr<CollectorState> collector;  // null: the pipeline gives bytes
  BadRecords bad;                             // of the pipeline, and of scans that feed it
  bool failed = false;
  bool finished = false;
  bool running = false;

  // Whether rows may be added.
  void RequireReady(Napi::Env env) const {
    if (native == nullptr) ThrowBadArgument(env, "the pipeline is closed");
    if (failed) ThrowBadArgument(env, "the pipeline failed before");
    if (finished) ThrowBadArgument(env, "the pipeline is finished");
    if (collector != nullptr) collector->RequireFilling(env);
  }
  // If `work` throws or fails half-way, neither the pipeline nor its collector may be used again.
  template <class Work>
  void Run(Napi::Env env, Work&& work) {
    struct Running {
      bool* flag;
      ~Running() { *flag = false; }
    };
    failed = running = true;
    const Running until_end{&running};
    if (collector != nullptr) collector->failed = true;
    Check(env, work());
    if (collector != nullptr) collector->failed = false;
    failed = false;
  }
  // In the middle of that: JavaScript makes room, and may throw.
  void MakeRoom();
  // Likewise: a file begins, or ends with so many rows.
  void BeginFile(const std::string& folder);
  void EndFile(uint64_t rows);
  // Calls a function of JavaScript, page by page: it has gzip and zstd.
  Status Compress(uint8_t codec, Slice page, std::string* out);
};

class Pipeline : public Wrapped<Pipeline> {
 public:
  static constexpr const char* kName = "Pipeline";
  static constexpr napi_type_tag kTag = {0x71c94ab2e8036d5f, 0xb60d2f9a1475ce83};

  static std::vector<Member> Members() {
    return {Method<&Pipeline::AddRows>("addRows"),
            Method<&Pipeline::Drain>("drain"),
            Method<&Pipeline::SetConstants>("setConstants"),
            Method<&Pipeline::Finish>("finish"),
            Method<&Pipeline::TakeOutput>("takeOutput"),
            Method<&Pipeline::TakeBad>("takeBad"),
            Getter<&Pipeline::RowsIn>("rowsIn"),
            Getter<&Pipeline::RowsOut>("rowsOut"),
            Getter<&Pipeline::RowsMade>("rowsMade"),
            Getter<&Pipeline::RowsLeftOut>("rowsLeftOut"),
            Getter<&Pipeline::HeldBytes>("bytes"),
            Getter<&Pipeline::Done>("done"),
            Getter<&Pipeline::Measures>("measures"),
            Getter<&Pipeline::Sample>("sample"),
            Method<&Pipeline::Close>("close")};
  }

  explicit Pipeline(const Napi::CallbackInfo& info);

  const std::shared_ptr<PipelineState>& state() const { return state_; }

 private:
  Napi::Value AddRows(const Napi::CallbackInfo& info);
  Napi::Value Drain(const Napi::CallbackInfo& info);
  Napi::Value SetConstants(const Napi::CallbackInfo& info);
  Napi::Value Finish(const Napi::CallbackInfo& info);
  Napi::Value TakeOutput(const Napi::CallbackInfo& info);
  Napi::Value TakeBad(const Napi::CallbackInfo& info);
  Napi::Value RowsIn(const Napi::CallbackInfo& info);
  Napi::Value RowsOut(const Napi::CallbackInfo& info);
  Napi::Value RowsMade(const Napi::CallbackInfo& info);
  Napi::Value RowsLeftOut(const Napi::CallbackInfo& info);
  Napi::Value HeldBytes(const Napi::CallbackInfo& info);
  Napi::Value Done(const Napi::CallbackInfo& info);
  Napi::Value Measures(const Napi::CallbackInfo& info);
  Napi::Value Sample(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  runjob::Pipeline& Open(Napi::Env env) const;

  std::shared_ptr<PipelineState> state_;
};

}  // namespace runjob::addon
