#include <napi.h>

#include <climits>
#include <memory>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/results.h"
#include "addon/wrapped.h"
#include "base/file_writer.h"

namespace runjob::addon {
namespace {

class FileWriter : public Wrapped<FileWriter> {
 public:
  static constexpr const char* kName = "FileWriter";
  static constexpr napi_type_tag kTag = {0x2f9a41c68de7503b, 0xa47d0e5b91c3f862};

  static std::vector<Member> Members() {
    return {Method<&FileWriter::Write>("write"), Method<&FileWriter::Finish>("finish"),
            Method<&FileWriter::Digest>("digest"), Getter<&FileWriter::WrittenBytes>("bytes"),
            Method<&FileWriter::Close>("close")};
  }

  explicit FileWriter(const Napi::CallbackInfo& info) : Wrapped(info) {
    Guarded(info.Env(), [&] {
      const int fd = static_cast<int>(IntegerArg(info[0], "fd", 0, INT_MAX));
      native_ = std::make_unique<runjob::FileWriter>(fd);
    });
  }

 private:
  Napi::Value Write(const Napi::CallbackInfo& info) {
    const Slice bytes = BytesArg(info[0], "bytes");
    if (finished_) ThrowBadArgument(info.Env(), "the file is finished");
    return Napi::Number::New(info.Env(), Open(info.Env()).Write(bytes));
  }
  Napi::Value Finish(const Napi::CallbackInfo& info) {
    finished_ = true;
    return Napi::Number::New(info.Env(), Open(info.Env()).Finish());
  }
  Napi::Value WrittenBytes(const Napi::CallbackInfo& info) { return Count(info.Env(), Open(info.Env()).bytes()); }
  Napi::Value Digest(const Napi::CallbackInfo& info) {
    return Napi::BigInt::New(info.Env(), Open(info.Env()).Digest());
  }
  Napi::Value Close(const Napi::CallbackInfo& info) {
    native_.reset();
    return info.Env().Undefined();
  }

  runjob::FileWriter& Open(Napi::Env env) const {
    if (native_ == nullptr) ThrowBadArgument(env, "the writer is closed");
    return *native_;
  }

  std::unique_ptr<runjob::FileWriter> native_;
  bool finished_ = false;
};

}  // namespace

void ExportFileWriter(Napi::Object exports) { ExportClass<FileWriter>(exports, "createFileWriter"); }

}  // namespace runjob::addon
