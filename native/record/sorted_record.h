// Sorted records as a merge reads them: a batch at a time, with the heads of their keys.
#pragma once

#include "base/slice.h"
#include "base/status.h"
#include "record/key_head.h"

namespace runjob {

struct SortedRecord {
  OrderedHead head;  // the key's
  Slice key;
  Slice value;
};

// A stream of records in key order.
class RecordSource {
 public:
  virtual ~RecordSource() = default;

  // Sets begin to end to the next records, to none at the end of all. Invalidates those of the batch before.
  virtual Status Read(const SortedRecord** begin, const SortedRecord** end) = 0;
};

}  // namespace runjob
