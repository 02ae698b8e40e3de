#include "run/held_runs.h"

#include <napi.h>

#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/results.h"
#include "addon/wrapped.h"
#include "run/run_writer.h"

namespace runjob::addon {
namespace {

// Writes a run to its file in a thread of its own.
class Save : public Napi::AsyncWorker {
 public:
  Save(Napi::Env env, std::string path, std::shared_ptr<const HeldRun> run)
      : AsyncWorker(env), path_(std::move(path)), run_(std::move(run)), promise_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return promise_.Promise(); }

 private:
  void Execute() override {
    try {
      status_ = RunWriter::Save(*run_, path_, &file_bytes_);
    } catch (const std::bad_alloc&) {
      status_ = Status::Error("OUT_OF_MEMORY", "native memory could not be allocated");
    }
  }
  void OnOK() override {
    run_.reset();
    if (status_.ok()) return promise_.Resolve(Count(Env(), file_bytes_));
    try {
      Throw(Env(), status_);
    } catch (const Napi::Error& error) {
      promise_.Reject(error.Value());
    }
  }

  const std::string path_;
  std::shared_ptr<const HeldRun> run_;
  const Napi::Promise::Deferred promise_;
  Status status_ = Status::Ok();
  uint64_t file_bytes_ = 0;
};

class HeldRuns : public Wrapped<HeldRuns> {
 public:
  static constexpr const char* kName = "HeldRuns";
  static constexpr napi_type_tag kTag = {0x6be2d17f09c34a58, 0x97a1f4c2e3580d6b};

  static std::vector<Member> Members() {
    return {Method<&HeldRuns::Has>("has"), Method<&HeldRuns::Names>("names"), Method<&HeldRuns::Drop>("drop"),
            Method<&HeldRuns::SaveRun>("save"), Method<&HeldRuns::Close>("close")};
  }

  explicit HeldRuns(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      dir_ = PathArg(info[0], "dir");
      const uint64_t limit_bytes = IntegerArg(info[1], "limitBytes", 0, kMaxSafeInteger);
      const uint64_t duration_ms = IntegerArg(info[2], "durationMs", 0, UINT32_MAX);
      native_ = runjob::HeldRuns::Open(dir_, limit_bytes, std::chrono::milliseconds(duration_ms));
    });
  }
  ~HeldRuns() override {
    if (native_ != nullptr) native_->Close();
  }

 private:
  Napi::Value Has(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), native_->Has(TextArg(info[0], "name")));
  }
  Napi::Value Names(const Napi::CallbackInfo& info) {
    const std::vector<std::string> names = native_->Names();
    Napi::Array array = Napi::Array::New(info.Env(), names.size());
    for (size_t i = 0; i < names.size(); i++) {
      array.Set(static_cast<uint32_t>(i), Napi::String::New(info.Env(), names[i]));
    }
    return array;
  }
  Napi::Value Drop(const Napi::CallbackInfo& info) {
    native_->Drop(TextArg(info[0], "name"));
    return info.Env().Undefined();
  }
  Napi::Value SaveRun(const Napi::CallbackInfo& info) {
    const std::string path = dir_ + "/" + TextArg(info[0], "name");
    std::shared_ptr<const HeldRun> run = runjob::HeldRuns::Find(path);
    if (run == nullptr) ThrowBadArgument(info.Env(), path + " is not in memory");
    auto* const save = new Save(info.Env(), path, std::move(run));  // deletes itself
    const Napi::Promise promise = save->promise();
    save->Queue();
    return promise;
  }
  Napi::Value Close(const Napi::CallbackInfo& info) {
    native_->Close();
    return info.Env().Undefined();
  }

  std::string dir_;
  std::shared_ptr<runjob::HeldRuns> native_;
};

}  // namespace

void ExportHeldRuns(Napi::Object exports) { ExportClass<HeldRuns>(exports, "holdRuns"); }

}  // namespace runjob::addon
