// Where a task's output records gather until they are sorted and written to a run file.
// Not thread-safe; one per task.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aggregate.h"
#include "batch.h"
#include "cursor.h"
#include "status.h"

namespace runjob {

class RunWriter;

enum class PartitionBy : uint8_t {
  kHash = 0,   // PartitionOf(hash of the group key, partitions): see hash.h
  kRange = 1,  // bounds[p-1] <= key < bounds[p] in sort order; with `descending`, bounds descend
  kGiven = 2,  // the batch carries a partition per record
};

struct CollectorOptions {
  bool hash = false;                      // true: records of one key make one aggregate state; false: keep every record
  std::vector<AggregateSpec> aggregates;  // hash only; empty keeps distinct keys. kDistinct: see distinct.h
  Layout layout;                          // columns of the batches that come in
  PartitionBy partition_by = PartitionBy::kHash;
  uint32_t partitions = 1;
  std::vector<std::string> bounds;        // kRange: partitions - 1 of them
  bool descending = false;                // keys in descending memcmp order
  bool prefix_grouping = false;           // keys are composite (key_encoding.h): partition by the group part alone
  uint64_t take = 0;                      // append only, > 0: keep only the first `take` records in sort order
  // Hash only: from so many keys on, whether looking them up pays is looked at again and again.
  uint64_t table_keys = 65536;
};

class Collector {
 public:
  virtual ~Collector() = default;

  // Copies what it needs: the batch may be reused at once.
  virtual Status Add(const RecordBatch& batch) = 0;
  // Whether batches may have key_bounds: keys that need not be copied together first.
  virtual bool takes_bounds() const { return false; }
  // Memory held, including what sorting it will need.
  virtual size_t bytes() const = 0;
  // Whether to spill: it holds more than its budget or, if it has nothing of holding more, than enough.
  virtual bool IsFull(size_t budget_bytes, size_t enough_bytes) const = 0;
  virtual uint64_t records_in() const = 0;   // since construction
  virtual uint64_t entries() const = 0;      // held now; what a spill writes may be fewer
  virtual uint64_t records_out() const = 0;  // handed to writers since construction
  // Sorts what is held by (partition, key), stable, and writes it all; then empties itself. Adds to `writer` only:
  // the caller opens and finishes it.
  virtual Status SpillTo(RunWriter* writer) = 0;
  // Sorts what is held by (partition, key) and returns it as a cursor over this collector's memory; `partition_of`
  // tells the current record's partition. Valid until Clear(). For combiners that run outside.
  virtual std::unique_ptr<Cursor> Sorted(const uint32_t** partition_of) = 0;
  virtual void Clear() = 0;
};

std::unique_ptr<Collector> NewHashCollector(const CollectorOptions& options);    // hash_aggregate.cc
std::unique_ptr<Collector> NewAppendCollector(const CollectorOptions& options);  // collect.cc

}  // namespace runjob
