// Records of a key and one column of bytes, on their way to a sink.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aggregate/distinct.h"
#include "base/status.h"
#include "record/batch.h"
#include "record/batch_sink.h"

namespace runjob {

class RecordList {
 public:
  explicit RecordList(BatchSink* sink) : sink_(sink) {}

  // The next record is built at the ends of these, and closed by End, which gives the list to the sink when it is long.
  std::string* key() { return keys_.buffer(); }
  std::string* value() { return &values_; }
  Status End() {
    RUNJOB_RETURN_IF_ERROR(keys_.End());
    if (values_.size() > UINT32_MAX) return Status::Error("RECORD_TOO_LARGE", "a record has more than 4 GiB");
    value_ends_.push_back(static_cast<uint32_t>(values_.size()));
    if (keys_.count() < kRecords && keys_.size() + values_.size() < kBytes) return Status::Ok();
    return Flush();
  }
  Status Flush() {
    if (keys_.count() == 0) return Status::Ok();
    ValueColumn column;
    column.kind = ValueKind::kBytes;
    column.bytes = values_.data();
    column.ends = value_ends_.data();
    RecordBatch batch;
    batch.count = keys_.count();
    batch.key_bytes = keys_.Padded();
    batch.key_ends = keys_.ends();
    batch.columns = &column;
    batch.column_count = 1;
    const Status status = sink_->Add(batch);
    keys_.Clear();
    values_.clear();
    value_ends_.clear();
    return status;
  }

 private:
  static constexpr size_t kRecords = 1024;
  static constexpr size_t kBytes = size_t{1} << 18;

  BatchSink* const sink_;
  KeyList keys_;
  std::string values_;
  std::vector<uint32_t> value_ends_;
};

}  // namespace runjob
