// The end of a pipeline that groups rows: one state for each group, given to an exchange as (key, state) when memory runs out, and
// at the end. What reads the exchange merges states of equal keys: groups.h.
//
//   end     u8 3, u32 count, u32 column...     by which rows are grouped; none: all rows are one group
//           values                             group_values.h
//
// Without tags (group_values.h) a record's key is that of the grouping columns (column/keys.h). With them, it is composite, as in
// aggregate/distinct.h: tag 0 has the states, tag j a record for each value of the arguments with that tag that is not among the few in the
// state: their key, and as value a varint if someone needs to know how often it came. Where all values count, it has a record for each block
// of them (value_blocks.h). With tags the exchange has prefix grouping.
#pragma once

#include <cstddef>
#include <memory>

#include "base/status.h"
#include "column/program.h"
#include "column/type.h"
#include "column/vector.h"
#include "record/batch_sink.h"

namespace runjob {

class GroupTable : public ColumnSink {
 public:
  // Reads what follows the u8. `input` must stay where it is. `records` gets one column of bytes.
  static Status Compile(ProgramReader* program, const Schema& input, BatchSink* records, size_t memory_bytes,
                        std::unique_ptr<GroupTable>* table);

  virtual size_t bytes() const = 0;  // held; after an Add, not more than memory_bytes and a megabyte for each ValueList
};

}  // namespace runjob
