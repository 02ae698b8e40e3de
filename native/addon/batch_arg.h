// Records of JavaScript as columns.
#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "operator/read.h"
#include "record/batch.h"

namespace runjob::addon {

// A RecordBatch of JavaScript: its typed arrays, found in the constructor (which may run JavaScript) and
// checked and opened by Input or Target (which do not).
class BatchArg {
 public:
  BatchArg(const Napi::Value& value, const Layout& layout);

  // The first `count` records. `partitions`: how many there are, if the batch must carry partitions, else 0.
  // `padded` backs keys whose buffer ends too early for kBatchPadding. The result lives as long as this
  // object.
  const RecordBatch& Input(size_t count, uint32_t partitions, std::vector<char>* padded);
  // Memory to fill, of at most `max_records` records.
  const ReadTarget& Target(size_t max_records);

 private:
  struct BytesHandles {
    Napi::Value bytes;
    Napi::Value ends;
  };
  struct ColumnHandles {
    ValueKind kind;
    Napi::Value numbers;
    BytesHandles bytes;
  };

  const Napi::Env env_;
  BytesHandles keys_;
  std::vector<ColumnHandles> columns_;
  Napi::Value partitions_;
  Napi::Value group_starts_;

  std::vector<ValueColumn> input_columns_;
  RecordBatch input_;
  ReadTarget target_;
};

}  // namespace runjob::addon
