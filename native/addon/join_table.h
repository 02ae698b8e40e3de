// Tables of joins of JavaScript.
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "addon/wrapped.h"
#include "pipeline/join_table.h"
#include "pipeline/shared_table.h"

namespace runjob::addon {

class JoinTable : public Wrapped<JoinTable> {
 public:
  static constexpr const char* kName = "JoinTable";
  static constexpr napi_type_tag kTag = {0x2f86c0d1953be74a, 0x9d4b7e1066a2c358};

  static std::vector<Member> Members() {
    return {Method<&JoinTable::Claim>("claim"), Method<&JoinTable::Add>("add"),
            Method<&JoinTable::KeyBounds>("keyBounds"), Getter<&JoinTable::HeldBytes>("bytes"),
            Method<&JoinTable::Close>("close")};
  }

  explicit JoinTable(const Napi::CallbackInfo& info);
  ~JoinTable() override;

  std::shared_ptr<const runjob::JoinTable> Complete(Napi::Env env) const;

 private:
  Napi::Value Claim(const Napi::CallbackInfo& info);
  Napi::Value Add(const Napi::CallbackInfo& info);
  Napi::Value KeyBounds(const Napi::CallbackInfo& info);
  Napi::Value HeldBytes(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  void RequireOpen(Napi::Env env) const;
  void GiveUp();

  std::shared_ptr<SharedTable> shared_;     // null: closed
  std::unique_ptr<runjob::JoinTable> own_;  // while it takes rows
  std::shared_ptr<const runjob::JoinTable> complete_;
  bool is_mine_ = false;
  bool failed_ = false;
};

}  // namespace runjob::addon
