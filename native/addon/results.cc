#include "addon/results.h"

namespace runjob::addon {

Napi::Value Count(Napi::Env env, uint64_t n) { return Napi::Number::New(env, static_cast<double>(n)); }

Napi::Value Bytes(Napi::Env env, Slice bytes) { return Napi::Buffer<char>::Copy(env, bytes.data, bytes.size); }

Napi::Value Bad(Napi::Env env, const std::vector<BadRecord>& records) {
  Napi::Array array = Napi::Array::New(env, records.size());
  for (size_t i = 0; i < records.size(); i++) {
    const auto& [status, excerpt, maker] = records[i];
    Napi::Object record = Napi::Object::New(env);
    record.Set("code", Napi::String::New(env, status.code()));
    record.Set("detail", Napi::String::New(env, status.detail()));
    record.Set("offset", Count(env, static_cast<uint64_t>(status.offset())));
    record.Set("excerpt", Napi::String::New(env, excerpt));
    if (maker >= 0) record.Set("maker", Napi::Number::New(env, maker));
    array.Set(static_cast<uint32_t>(i), record);
  }
  return array;
}

Napi::Value Partitions(Napi::Env env, const std::vector<PartitionCount>& partitions) {
  Napi::Array array = Napi::Array::New(env, partitions.size());
  for (size_t i = 0; i < partitions.size(); i++) {
    Napi::Object count = Napi::Object::New(env);
    count.Set("records", Count(env, partitions[i].records));
    count.Set("bytes", Count(env, partitions[i].bytes));
    array.Set(static_cast<uint32_t>(i), count);
  }
  return array;
}

Napi::Value SpillInfo(Napi::Env env, const runjob::RunWriter& writer) {
  PartitionCount total;
  for (const PartitionCount& partition : writer.partitions()) {
    total.records += partition.records;
    total.bytes += partition.bytes;
  }
  Napi::Object info = Napi::Object::New(env);
  info.Set("records", Count(env, total.records));
  info.Set("bytes", Count(env, total.bytes));
  info.Set("fileBytes", Count(env, writer.file_bytes()));
  info.Set("partitions", Partitions(env, writer.partitions()));
  return info;
}

}  // namespace runjob::addon
