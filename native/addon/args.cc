#include "addon/args.h"

#include <cmath>

#include "record/mapper.h"

namespace runjob::addon {

namespace {

constexpr uint64_t kMaxPaths = 1 << 20;
constexpr uint64_t kMaxEntries = 1 << 24;

TypedView View(const Napi::Value& value, napi_typedarray_type type, size_t element_bytes, const char* name,
               const char* wanted) {
  if (!value.IsTypedArray()) ThrowNot(value.Env(), name, wanted);
  napi_typedarray_type actual{};
  TypedView view;
  void* data = nullptr;
  napi_value buffer = nullptr;
  size_t offset = 0;
  if (napi_get_typedarray_info(value.Env(), value, &actual, &view.length, &data, &buffer, &offset) != napi_ok ||
      actual != type) {
    ThrowNot(value.Env(), name, wanted);
  }
  // Another thread could change shared memory between a check and its use.
  bool unshared = false;
  size_t buffer_bytes = 0;
  void* buffer_data = nullptr;
  if (napi_is_arraybuffer(value.Env(), buffer, &unshared) != napi_ok || !unshared ||
      napi_get_arraybuffer_info(value.Env(), buffer, &buffer_data, &buffer_bytes) != napi_ok) {
    ThrowNot(value.Env(), name, std::string(wanted) + ", not on shared memory");
  }
  if (reinterpret_cast<uintptr_t>(data) % element_bytes != 0) ThrowNot(value.Env(), name, "aligned to its elements");
  if (view.length == 0 || data == nullptr || offset > buffer_bytes) {
    // Never null: kernels may point into, or just past, an array of nothing.
    alignas(8) static char nothing[8];
    view.length = 0;
    view.data = nothing;
  } else {
    view.data = static_cast<char*>(data);
    view.readable = buffer_bytes - offset;
  }
  return view;
}

}  // namespace

void Throw(Napi::Env env, const Status& status) {
  const std::string detail = status.detail();
  Napi::Error error = Napi::Error::New(env, std::string(status.code()) + ": " + detail);
  Napi::Object object = error.Value();
  object.Set("code", Napi::String::New(env, status.code()));
  object.Set("detail", Napi::String::New(env, detail));
  if (status.offset() >= 0) object.Set("offset", Napi::Number::New(env, static_cast<double>(status.offset())));
  throw error;
}

void ThrowBadArgument(Napi::Env env, const std::string& detail) { Throw(env, Status::Error("BAD_ARGUMENT", detail)); }

void ThrowNot(Napi::Env env, const char* name, const std::string& wanted) {
  ThrowBadArgument(env, std::string(name) + " must be " + wanted);
}

void ThrowOutOfMemory(Napi::Env env, const char* detail) {
  Napi::Error error = Napi::Error::New(env, detail);
  Napi::Object object = error.Value();
  object.Set("code", Napi::String::New(env, "OUT_OF_MEMORY"));
  object.Set("detail", Napi::String::New(env, detail));
  throw error;
}

double NumberArg(const Napi::Value& value, const char* name) {
  if (!value.IsNumber()) ThrowNot(value.Env(), name, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

uint64_t IntegerArg(const Napi::Value& value, const char* name, uint64_t min, uint64_t max) {
  const double x = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (!(x >= static_cast<double>(min) && x <= static_cast<double>(max)) || x != std::floor(x)) {
    ThrowNot(value.Env(), name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return static_cast<uint64_t>(x);
}

bool BooleanArg(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) ThrowNot(value.Env(), name, "true or false");
  return value.As<Napi::Boolean>().Value();
}

bool OptionalBooleanArg(const Napi::Value& value, const char* name) {
  return !value.IsUndefined() && BooleanArg(value, name);
}

std::string TextArg(const Napi::Value& value, const char* name) {
  if (!value.IsString()) ThrowNot(value.Env(), name, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::string PathArg(const Napi::Value& value, const char* name) {
  std::string path = TextArg(value, name);
  if (path.empty() || path.find('\0') != std::string::npos) ThrowNot(value.Env(), name, "a path");
  return path;
}

std::vector<Napi::Value> ArrayArg(const Napi::Value& value, const char* name, uint64_t max_length) {
  if (!value.IsArray()) ThrowNot(value.Env(), name, "an array");
  const Napi::Array array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  if (length > max_length) {
    ThrowNot(value.Env(), name, "an array of at most " + std::to_string(max_length) + " elements");
  }
  std::vector<Napi::Value> elements;
  elements.reserve(length);
  for (uint32_t i = 0; i < length; i++) elements.push_back(array.Get(i));
  return elements;
}

std::vector<std::string> PathsArg(const Napi::Value& value, const char* name) {
  std::vector<std::string> paths;
  for (const Napi::Value& path : ArrayArg(value, name, kMaxPaths)) paths.push_back(PathArg(path, name));
  return paths;
}

std::vector<std::string> TextsArg(const Napi::Value& value, const char* name) {
  std::vector<std::string> texts;
  for (const Napi::Value& text : ArrayArg(value, name, kMaxEntries)) texts.push_back(TextArg(text, name));
  return texts;
}

std::vector<Napi::Value> ValuesArg(const Napi::Value& value, const char* name) {
  return ArrayArg(value, name, kMaxEntries);
}

Napi::Object ObjectArg(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) ThrowNot(value.Env(), name, "an object");
  return value.As<Napi::Object>();
}

TypedView BytesView(const Napi::Value& value, const char* name) {
  return View(value, napi_uint8_array, 1, name, "a Uint8Array");
}
TypedView Uint32sView(const Napi::Value& value, const char* name) {
  return View(value, napi_uint32_array, sizeof(uint32_t), name, "a Uint32Array");
}
TypedView NumbersView(const Napi::Value& value, const char* name) {
  return View(value, napi_float64_array, sizeof(double), name, "a Float64Array");
}

Slice BytesArg(const Napi::Value& value, const char* name) {
  const TypedView view = BytesView(value, name);
  return Slice(view.data, view.length);
}

Uint32Span Uint32Arg(const Napi::Value& value, const char* name) {
  const TypedView view = Uint32sView(value, name);
  return {reinterpret_cast<const uint32_t*>(view.data), view.length};
}

uint64_t LimitArg(const Napi::Value& value, const char* name) {
  const double x = NumberArg(value, name);
  return std::isinf(x) && x > 0 ? kNoLimit : IntegerArg(value, name, 0, kMaxSafeInteger);
}

}  // namespace runjob::addon
