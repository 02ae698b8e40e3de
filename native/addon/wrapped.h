// Shared by all classes of the addon; and how a file of this folder adds to the addon's exports.
#pragma once

#include <napi.h>

#include <new>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "addon/args.h"

namespace runjob::addon {

// Of an instance of the addon: the constructors of our classes, by their tags.
struct Constructors {
  std::unordered_map<const napi_type_tag*, Napi::FunctionReference> of;
};

// Runs `body`; exhausted memory becomes a JavaScript error. node-addon-api reports its own allocations, such as
// objects of our classes, itself: NODE_ADDON_API_CPP_EXCEPTIONS_ALL.
template <class Body>
auto Guarded(Napi::Env env, Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    ThrowOutOfMemory(env, "native memory could not be allocated");
  } catch (const std::length_error&) {
    ThrowOutOfMemory(env, "native memory of that size could not be allocated");
  }
}

// A class of ours. Type tags tell its objects from all others: a method may be called on, or given, anything.
// T declares kName, kTag and Members(): what its class is called, the tag of its objects, what JavaScript sees of them.
template <class T>
class Wrapped : public Napi::ObjectWrap<T> {
 public:
  using Member = Napi::ClassPropertyDescriptor<T>;

  // Call once in each instance of the addon, before Construct.
  static void Define(Napi::Env env) {
    const Napi::Function constructor = Napi::ObjectWrap<T>::DefineClass(env, T::kName, T::Members());
    env.GetInstanceData<Constructors>()->of[&T::kTag] = Napi::Persistent(constructor);
  }
  static Napi::Object Construct(Napi::Env env, const std::vector<napi_value>& args) {
    return env.GetInstanceData<Constructors>()->of.at(&T::kTag).New(args);
  }

  explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {
    info.This().template As<Napi::Object>().TypeTag(&T::kTag);
  }

  static T* Unwrap(Napi::Object object) {
    if (!object.CheckTypeTag(&T::kTag)) ThrowBadArgument(object.Env(), std::string("this is not a ") + T::kName);
    return Napi::ObjectWrap<T>::Unwrap(object);
  }
  static T* FromArg(const Napi::Value& value, const char* name) {
    if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&T::kTag)) {
      ThrowBadArgument(value.Env(), std::string(name) + " must be a " + T::kName);
    }
    return Napi::ObjectWrap<T>::Unwrap(value.As<Napi::Object>());
  }

 protected:
  template <auto call>
  static Member Method(const char* name) {
    return Napi::ObjectWrap<T>::InstanceMethod(name, static_cast<Call>(&Wrapped::template Entry<call>));
  }
  template <auto call>
  static Member Getter(const char* name) {
    return Napi::ObjectWrap<T>::InstanceAccessor(name, static_cast<Call>(&Wrapped::template Entry<call>), nullptr);
  }

 private:
  using Call = Napi::Value (T::*)(const Napi::CallbackInfo&);

  template <auto call>
  Napi::Value Entry(const Napi::CallbackInfo& info) {
    return Guarded(info.Env(), [&] { return (static_cast<T*>(this)->*call)(info); });
  }
};

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
Napi::Value GuardedFunction(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&] { return function(info); });
}
template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<GuardedFunction<function>>(exports.Env(), name));
}

// kernels.createX(...) is `new X(...)`.
template <class T>
Napi::Value Create(const Napi::CallbackInfo& info) {
  std::vector<napi_value> args;
  for (size_t i = 0; i < info.Length(); i++) args.push_back(info[i]);
  return T::Construct(info.Env(), args);
}
template <class T>
void ExportClass(Napi::Object exports, const char* create) {
  T::Define(exports.Env());
  Export<Create<T>>(exports, create);
}

}  // namespace runjob::addon
