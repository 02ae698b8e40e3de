// All rows of one side of a join, found by their keys.
//
//   table   schema of the rows, u32 count, u32 key column...
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "aggregate/table.h"
#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "record/cursor.h"

namespace runjob {

// Filled by one thread; then read by any number of them.
class JoinTable {
 public:
  // A row (column/rows.h), and the next one with its key, in the order in which they were added. Its bytes follow.
  struct Row {
    Row* next;
    uint64_t size;

    Slice bytes() const { return Slice(reinterpret_cast<const char*>(this + 1), size); }
  };

  virtual ~JoinTable() = default;

  static Status Compile(Slice program, std::unique_ptr<JoinTable>* table);

  // Takes the cursor's next rows, up to `max_records`; their keys do not count. The cursor has been started. `records` is 0 at
  // the end.
  virtual Status Add(Cursor* cursor, size_t max_records, size_t* records) = 0;
  virtual size_t bytes() const = 0;
  virtual size_t rows() const = 0;  // that can be found: without a null in their keys

  virtual const Schema& schema() const = 0;
  virtual const std::vector<Type>& key_types() const = 0;
  // Sets rows[i] to the first row with key i (column/keys.h), or to null.
  virtual void Find(const AggregateTable::Keys& keys, const Row** rows) const = 0;
};

}  // namespace runjob
