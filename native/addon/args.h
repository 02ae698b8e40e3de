// Checks JavaScript values and converts them for the kernels. No argument may crash the process: anything that is
// not exactly as src/kernels/kernels.ts says throws BAD_ARGUMENT, with the argument's name.
//
// Reading a property may run JavaScript (getters, proxies), which may close an object or detach a buffer. So
// every function here that reads objects runs first; native state and typed arrays are read after it.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"

namespace runjob::addon {

constexpr uint64_t kMaxColumns = 1 << 16;
constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;  // Number.MAX_SAFE_INTEGER

// Throws the JavaScript error of a failed status: an Error with `code`, `detail` and, if known, `offset`.
[[noreturn]] void Throw(Napi::Env env, const Status& status);
[[noreturn]] void ThrowBadArgument(Napi::Env env, const std::string& detail);
// "`name` must be `wanted`".
[[noreturn]] void ThrowNot(Napi::Env env, const char* name, const std::string& wanted);
// Allocates nothing itself: there may be no memory left.
[[noreturn]] void ThrowOutOfMemory(Napi::Env env, const char* detail);
inline void Check(Napi::Env env, const Status& status) {
  if (!status.ok()) Throw(env, status);
}

double NumberArg(const Napi::Value& value, const char* name);
// A whole number in min..max.
uint64_t IntegerArg(const Napi::Value& value, const char* name, uint64_t min, uint64_t max);
bool BooleanArg(const Napi::Value& value, const char* name);
// undefined is false.
bool OptionalBooleanArg(const Napi::Value& value, const char* name);
std::string TextArg(const Napi::Value& value, const char* name);
// Index of the text among `names`.
template <size_t N>
size_t OneOf(const Napi::Value& value, const char* name, const char* const (&names)[N]) {
  const std::string text = TextArg(value, name);
  for (size_t i = 0; i < N; i++) {
    if (text == names[i]) return i;
  }
  std::string wanted = "one of";
  for (const char* known : names) wanted += std::string(" '") + known + "'";
  ThrowNot(value.Env(), name, wanted);
}
// Not empty, without NUL.
std::string PathArg(const Napi::Value& value, const char* name);
// The elements of an array. A proxy is not an array here, so nothing can grow without end.
std::vector<Napi::Value> ArrayArg(const Napi::Value& value, const char* name, uint64_t max_length);
// An array of texts, or of Uint8Arrays, as values, because bytes may move until all are fetched.
std::vector<std::string> TextsArg(const Napi::Value& value, const char* name);
std::vector<Napi::Value> ValuesArg(const Napi::Value& value, const char* name);
std::vector<std::string> PathsArg(const Napi::Value& value, const char* name);
Napi::Object ObjectArg(const Napi::Value& value, const char* name);
// Typed arrays in place; invalid once JavaScript runs again.
struct TypedView {
  char* data = nullptr;
  size_t length = 0;    // in elements
  size_t readable = 0;  // bytes from `data` to the end of its buffer
};
TypedView BytesView(const Napi::Value& value, const char* name);
TypedView Uint32sView(const Napi::Value& value, const char* name);
TypedView NumbersView(const Napi::Value& value, const char* name);
// The bytes of a Uint8Array.
Slice BytesArg(const Napi::Value& value, const char* name);
struct Uint32Span {
  const uint32_t* data;
  size_t size;
};
Uint32Span Uint32Arg(const Napi::Value& value, const char* name);
// Bytes from the start of the first chunk; Infinity is kNoLimit.
uint64_t LimitArg(const Napi::Value& value, const char* name);

}  // namespace runjob::addon
