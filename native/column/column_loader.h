// Columns that a source reads only once they are needed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "column/vector.h"

namespace runjob {

class ColumnLoader {
 public:
  virtual ~ColumnLoader() = default;

  // `batch` is the source's last one, or what filters have left of it: gives it these columns, at least for the rows that count. They are
  // valid until the source's next batch.
  virtual Status Load(const std::vector<uint32_t>& columns, Batch* batch) = 0;
};

}  // namespace runjob
