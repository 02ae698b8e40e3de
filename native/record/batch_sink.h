// A receiver of records in batches: a collector, or another end of a chain.
#pragma once

#include "base/status.h"
#include "record/batch.h"

namespace runjob {

class BatchSink {
 public:
  virtual ~BatchSink() = default;

  // Copies what it needs: the batch may be reused at once.
  virtual Status Add(const RecordBatch& batch) = 0;
  // Whether batches may have key_bounds: keys that need not be copied together first.
  virtual bool takes_bounds() const { return false; }
};

}  // namespace runjob
