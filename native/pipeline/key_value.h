// Values that a state holds as keys, as values of rows.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/keys.h"
#include "column/row_value.h"
#include "column/type.h"

namespace runjob {

class KeyValue {
 public:
  explicit KeyValue(const Type& type) : schema_{Field{"", type, false}}, decoder_(NewKeyDecoder(schema_, {})) {}
  KeyValue(const KeyValue&) = delete;
  KeyValue& operator=(const KeyValue&) = delete;

  // Appends the value of a key, in the default order, as a row has it. RUN_CORRUPT where the bytes do not fit.
  Status Append(Slice key, std::string* out) {
    decoder_->Clear();
    RUNJOB_RETURN_IF_ERROR(decoder_->Add(&key));
    const Vector& value = decoder_->batch().columns[0];
    if (key.size > 0 || !value.valid(0)) return Status::Error("RUN_CORRUPT", "a state has a key that is not a value's");
    AppendRowValue(value, 0, out);
    return Status::Ok();
  }

 private:
  const Schema schema_;
  std::unique_ptr<KeyDecoder> decoder_;
};

}  // namespace runjob
