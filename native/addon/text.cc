#include <napi.h>

#include <string>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/wrapped.h"
#include "base/utf16.h"

namespace runjob::addon {
namespace {

constexpr size_t kKeepBytes = 1 << 20;

// Room that is used again: fresh memory for each block of a file would take longer than decoding it.
struct Room {
  std::string narrow;
  std::u16string wide;

  void Trim() {
    if (narrow.capacity() > kKeepBytes) std::string().swap(narrow);
    if (wide.capacity() > kKeepBytes) std::u16string().swap(wide);
    wide.clear();
  }
};

Napi::Value DecodeText(const Napi::CallbackInfo& info) {
  static thread_local Room room;
  const Slice bytes = BytesArg(info[0], "bytes");
  napi_value text = nullptr;
  napi_status status;
  if (DecodeLatin1(bytes, &room.narrow)) {
    status = napi_create_string_latin1(info.Env(), room.narrow.data(), room.narrow.size(), &text);
  } else {
    AppendUtf16(bytes, &room.wide);
    status = napi_create_string_utf16(info.Env(), room.wide.data(), room.wide.size(), &text);
  }
  room.Trim();
  if (status != napi_ok) throw Napi::Error::New(info.Env());
  return Napi::Value(info.Env(), text);
}

}  // namespace

void ExportText(Napi::Object exports) { Export<DecodeText>(exports, "decodeUtf8"); }

}  // namespace runjob::addon
