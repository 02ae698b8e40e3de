#include "addon/batch_arg.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "addon/args.h"

namespace runjob::addon {

namespace {

void RequireLength(Napi::Env env, size_t length, size_t count, const char* name) {
  if (length < count) {
    ThrowNot(env, name, "at least " + std::to_string(count) + " long, not " + std::to_string(length));
  }
}

// Checks that `count` ends ascend within `size` bytes; returns the last one.
size_t CheckEnds(Napi::Env env, const uint32_t* ends, size_t count, size_t size, const char* name) {
  uint32_t last = 0;
  bool rising = true;
  for (size_t i = 0; i < count; i++) {
    rising &= ends[i] >= last;
    last = ends[i];
  }
  if (!rising) ThrowNot(env, name, "rising");
  if (last > size) {
    ThrowNot(env, name, "within its " + std::to_string(size) + " bytes, not " + std::to_string(last));
  }
  return last;
}

}  // namespace

BatchArg::BatchArg(const Napi::Value& value, const Layout& layout) : env_(value.Env()) {
  const Napi::Object batch = ObjectArg(value, "batch");
  const auto bytes_handles = [](const Napi::Value& column, const char* name) {
    const Napi::Object object = ObjectArg(column, name);
    return BytesHandles{object.Get("bytes"), object.Get("ends")};
  };
  keys_ = bytes_handles(batch.Get("keys"), "batch.keys");
  const std::vector<Napi::Value> columns = ArrayArg(batch.Get("columns"), "batch.columns", kMaxColumns);
  if (columns.size() != layout.size()) {
    ThrowNot(env_, "batch.columns", std::to_string(layout.size()) + " columns, not " + std::to_string(columns.size()));
  }
  columns_.reserve(layout.size());
  for (size_t c = 0; c < layout.size(); c++) {
    ColumnHandles handles{layout[c], columns[c], {}};
    if (layout[c] == ValueKind::kBytes) handles.bytes = bytes_handles(columns[c], "batch.columns[]");
    columns_.push_back(handles);
  }
  partitions_ = batch.Get("partitions");
  group_starts_ = batch.Get("groupStarts");
}

const RecordBatch& BatchArg::Input(size_t count, uint32_t partitions, std::vector<char>* padded) {
  const TypedView key_bytes = BytesView(keys_.bytes, "batch.keys.bytes");
  const TypedView key_ends = Uint32sView(keys_.ends, "batch.keys.ends");
  RequireLength(env_, key_ends.length, count, "batch.keys.ends");
  input_.count = count;
  input_.key_bytes = key_bytes.data;
  input_.key_ends = reinterpret_cast<const uint32_t*>(key_ends.data);
  const size_t used = CheckEnds(env_, input_.key_ends, count, key_bytes.length, "batch.keys.ends");
  if (key_bytes.readable < used + kBatchPadding) {
    padded->assign(used + kBatchPadding, '\0');
    if (used > 0) std::memcpy(padded->data(), key_bytes.data, used);
    input_.key_bytes = padded->data();
  }

  input_columns_.clear();
  for (const ColumnHandles& handles : columns_) {
    ValueColumn column;
    column.kind = handles.kind;
    if (handles.kind == ValueKind::kNumber) {
      const TypedView numbers = NumbersView(handles.numbers, "batch.columns[]");
      RequireLength(env_, numbers.length, count, "batch.columns[]");
      column.numbers = reinterpret_cast<const double*>(numbers.data);
    } else {
      const TypedView bytes = BytesView(handles.bytes.bytes, "batch.columns[].bytes");
      const TypedView ends = Uint32sView(handles.bytes.ends, "batch.columns[].ends");
      RequireLength(env_, ends.length, count, "batch.columns[].ends");
      column.ends = reinterpret_cast<const uint32_t*>(ends.data);
      CheckEnds(env_, column.ends, count, bytes.length, "batch.columns[].ends");
      column.bytes = bytes.data;
    }
    input_columns_.push_back(column);
  }
  input_.columns = input_columns_.data();
  input_.column_count = input_columns_.size();

  if (partitions > 0) {
    const TypedView view = Uint32sView(partitions_, "batch.partitions");
    RequireLength(env_, view.length, count, "batch.partitions");
    input_.partitions = reinterpret_cast<const uint32_t*>(view.data);
    const bool in_range = std::all_of(input_.partitions, input_.partitions + count,
                                      [partitions](uint32_t partition) { return partition < partitions; });
    if (!in_range) ThrowNot(env_, "batch.partitions", "below " + std::to_string(partitions));
  }
  return input_;
}

const ReadTarget& BatchArg::Target(size_t max_records) {
  target_.max_records = max_records;
  const auto bytes_target = [this](const BytesHandles& handles, const char* bytes_name, const char* ends_name) {
    const TypedView bytes = BytesView(handles.bytes, bytes_name);
    const TypedView ends = Uint32sView(handles.ends, ends_name);
    target_.max_records = std::min(target_.max_records, ends.length);
    return BytesTarget{bytes.data, std::min(bytes.length, size_t{UINT32_MAX}), reinterpret_cast<uint32_t*>(ends.data)};
  };
  target_.keys = bytes_target(keys_, "batch.keys.bytes", "batch.keys.ends");
  target_.columns.clear();
  for (const ColumnHandles& handles : columns_) {
    ReadTarget::Column column;
    if (handles.kind == ValueKind::kNumber) {
      const TypedView numbers = NumbersView(handles.numbers, "batch.columns[]");
      target_.max_records = std::min(target_.max_records, numbers.length);
      column.numbers = reinterpret_cast<double*>(numbers.data);
    } else {
      column.bytes = bytes_target(handles.bytes, "batch.columns[].bytes", "batch.columns[].ends");
    }
    target_.columns.push_back(column);
  }
  if (!group_starts_.IsUndefined()) {
    const TypedView starts = BytesView(group_starts_, "batch.groupStarts");
    target_.max_records = std::min(target_.max_records, starts.length);
    target_.group_starts = reinterpret_cast<uint8_t*>(starts.data);
  }
  if (target_.max_records == 0) ThrowNot(env_, "batch", "room for at least one record");
  return target_;
}

}  // namespace runjob::addon
