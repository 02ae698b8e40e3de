// An operator that passes on some of the rows that come in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/operator.h"

namespace runjob {

class RowSelector : public RowOperator {
 protected:
  // The first `count` of selection_.
  Status Pass(const Batch& batch, size_t count) {
    if (count == 0) return Status::Ok();
    if (count == batch.count) return next_->Add(batch);
    selected_ = batch;
    selected_.selection = selection_;
    selected_.count = count;
    return next_->Add(selected_);
  }

  uint16_t selection_[kVectorRows];  // rows of a batch, ascending

 private:
  Batch selected_;
};

}  // namespace runjob
