// Converts the results of kernels to JavaScript values.
#pragma once

#include <napi.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/slice.h"
#include "record/bad_record.h"
#include "run/run_file.h"
#include "run/run_writer.h"

namespace runjob::addon {

Napi::Value Count(Napi::Env env, uint64_t n);
Napi::Value Bytes(Napi::Env env, Slice bytes);  // a copy
template <class Array, class Number>
Napi::Value Numbers(Napi::Env env, const std::vector<Number>& numbers) {
  Array array = Array::New(env, numbers.size());
  std::copy(numbers.begin(), numbers.end(), array.Data());
  return array;
}
Napi::Value Bad(Napi::Env env, const std::vector<BadRecord>& records);
Napi::Value Partitions(Napi::Env env, const std::vector<PartitionCount>& partitions);
// REQUIRES: the writer is finished.
Napi::Value SpillInfo(Napi::Env env, const runjob::RunWriter& writer);

}  // namespace runjob::addon
