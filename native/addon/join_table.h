// Tables of joins of JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "addon/wrapped.h"
#include "pipeline/join_table.h"

namespace runjob::addon {

class JoinTable : public Wrapped<JoinTable> {
 public:
  static constexpr const char* kName = "JoinTable";
  static constexpr napi_type_tag kTag = {0x2f86c0d1953be74a, 0x9d4b7e1066a2c358};

  static std::vector<Member> Members() {
    return {Method<&JoinTable::Add>("add"), Getter<&JoinTable::Rows>("rows"), Getter<&JoinTable::HeldBytes>("bytes"),
            Method<&JoinTable::Close>("close")};
  }

  explicit JoinTable(const Napi::CallbackInfo& info);

  // The table, which takes no more rows from now on.
  std::shared_ptr<const runjob::JoinTable> Take(Napi::Env env);

 private:
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value Rows(const Napi::CallbackInfo& info);
  Napi::Value HeldBytes(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  runjob::JoinTable& Open(Napi::Env env) const;

  std::shared_ptr<runjob::JoinTable> native_;  // null: closed
  bool is_taken_ = false;
  bool failed_ = false;
};

}  // namespace runjob::addon
