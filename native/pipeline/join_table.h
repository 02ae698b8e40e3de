// All rows of one side of a join, found by their keys.
//
//   table   schema of the rows, u32 count, u32 key column..., u8 which rows: JoinTable::Keep, u32 count, u32 key with a set..., u64 rows at most
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"
#include "pipeline/join_pairs.h"
#include "pipeline/key_set.h"
#include "record/cursor.h"

namespace runjob {

// What one thread looks up in a table: rows of a batch by their keys (column/keys.h), and the table's rows that belong to them.
class JoinLookup {
 public:
  virtual ~JoinLookup() = default;

  // Looks for the keys, in these columns, of the rows that count. Both must stay where they are.
  virtual Status Find(const Batch& batch, const std::vector<uint32_t>& on) = 0;

  // Of these rows, those that have a match, or those that have none. FILE_IO, as what follows.
  virtual Status Select(bool matched, uint16_t* selection, size_t* count) = 0;
  // Adds the table's columns to the rows of the batch that have a match, or to all (`lone`), if each of them has one row at most; false:
  // some may have more. `selection`, which `batch` gets, and what is added are valid until the next call. `marked`: as Mark().
  virtual bool Extend(Batch* batch, bool lone, bool marked, uint16_t* selection) = 0;
  // All pairs, in the order of the rows, then in that in which the table's were added.
  virtual Status AddPairs(JoinPairs* pairs) = 0;

  // Appends the table's columns of the pairs that are waiting; valid until the next one is added.
  virtual void TakeColumns(size_t pairs, std::vector<Vector>* columns) = 0;

  // The table's row in pair i. Only where nothing else uses the table.
  virtual void Mark(size_t pair) = 0;
  // All rows that have not been marked, in the order in which they were added, as pairs with left row 0. REQUIRES: Keep::kAll.
  virtual Status AddUnmarked(JoinPairs* pairs) = 0;

  virtual size_t bytes() const = 0;
};

// Filled by one thread; then read by any number of them.
class JoinTable {
 public:
  enum class Keep : uint8_t {
    kFound = 0,  // rows that can be found: without a null in their keys
    kAll = 1,
    kKeys = 2,  // of those with one key at least the first; what it has is not asked for
    kSets = 3,  // none: only the sets of keys are of use
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
  // REQUIRES: the table is complete, lives longer, and has rows.
  virtual std::unique_ptr<JoinLookup> NewLookup() const = 0;
};

}  // namespace runjob
