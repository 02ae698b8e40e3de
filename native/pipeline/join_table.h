// All rows of one side of a join, found by their keys.
//
//   table   schema of the rows, u32 count, u32 key column..., u8 which rows: JoinTable::Keep, u32 count, u32 key with a set..., u64 rows at most
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aggregate/table.h"
#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "pipeline/key_set.h"
#include "record/cursor.h"

namespace runjob {

// What one thread looks up in a table.
class JoinLookup {
 public:
  struct Row {
    bool found = false;
    Slice bytes;      // column/rows.h; valid until the next call
    uint64_t id = 0;  // for Mark
  };

  virtual ~JoinLookup() = default;

  // Looks for these keys (column/keys.h), which must stay where they are.
  virtual Status Find(const AggregateTable::Keys& keys) = 0;
  // The first row with key i, and those after it, in the order in which they were added. FILE_IO.
  virtual Status First(size_t i, Row* row) = 0;
  virtual Status Next(Row* row) = 0;

  // Only where nothing else uses the table.
  virtual void Mark(uint64_t id) = 0;
  // All rows that have not been marked, in the order in which they were added. REQUIRES: Keep::kAll.
  virtual Status ForEachUnmarked(const std::function<Status(Slice)>& visit) = 0;

  virtual size_t bytes() const = 0;
};

// Filled by one thread; then read by any number of them.
class JoinTable {
 public:
  enum class Keep : uint8_t {
    kFound = 0,  // rows that can be found: without a null in their keys
    kAll = 1,
    kKeys = 2,  // of those with one key at least the first; what it has is not asked for
  };
  // Where the rows are: in a file without a name in `folder`, while it is made with so much memory; or, without a folder, in
  // memory.
  struct Place {
    std::string folder;
    size_t memory_bytes = 0;
  };

  virtual ~JoinTable() = default;

  static Status Compile(Slice program, const Place& place, std::unique_ptr<JoinTable>* table);

  // Takes the cursor's next rows, up to `max_records`; their keys do not count. The cursor has been started. `steps` is 0 once
  // there are no more, and the table is complete. DISK_FULL, FILE_IO.
  virtual Status Add(Cursor* cursor, size_t max_records, size_t* steps) = 0;
  virtual size_t bytes() const = 0;  // of memory

  virtual const Schema& schema() const = 0;
  virtual const std::vector<Type>& key_types() const = 0;
  virtual Keep keep() const = 0;
  // The values of key i; null: no one has asked for a set of them.
  virtual const KeySet* keys(size_t i) const = 0;
  // REQUIRES: the table is complete, and lives longer.
  virtual std::unique_ptr<JoinLookup> NewLookup() const = 0;
};

}  // namespace runjob
