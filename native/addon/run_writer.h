// Writers of runs.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/wrapped.h"
#include "run/run_writer.h"

namespace runjob::addon {

class RunWriter : public Wrapped<RunWriter> {
 public:
  static constexpr const char* kName = "RunWriter";
  static constexpr napi_type_tag kTag = {0x91b8e47d25c64fa0, 0xb6f3a018c9d24e71};

  static std::vector<Member> Members() {
    return {Method<&RunWriter::Add>("add"), Method<&RunWriter::Finish>("finish"), Method<&RunWriter::Abort>("abort")};
  }

  explicit RunWriter(const Napi::CallbackInfo& info);

  // The writer, for records of a partition: the last one used or a later one. A writer that is not given back is
  // destroyed, and its file with it, because half a write cannot be finished.
  std::unique_ptr<runjob::RunWriter> Borrow(Napi::Env env, uint32_t partition);
  void GiveBack(std::unique_ptr<runjob::RunWriter> writer) { native_ = std::move(writer); }

 private:
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Finish(const Napi::CallbackInfo& info);
  Napi::Value Abort(const Napi::CallbackInfo& info);

  void RequireOpen(Napi::Env env) const;

  std::unique_ptr<runjob::RunWriter> native_;
  uint32_t partitions_ = 0;
  uint32_t partition_ = 0;
  std::string value_;
  std::vector<char> padded_;
};

}  // namespace runjob::addon
