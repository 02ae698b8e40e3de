// Gathers a task's output records until they are sorted and written to a run file.
// Not thread-safe; one per task.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aggregate/aggregate.h"
#include "base/status.h"
#include "record/batch.h"
#include "record/batch_sink.h"
#include "record/cursor.h"
#include "record/partition.h"

namespace runjob {

class RunWriter;

struct CollectorOptions : Partitioning {
  bool hash = false;                      // true: records of one key make one aggregate state; false: keep every record
  std::vector<AggregateSpec> aggregates;  // hash only; empty keeps distinct keys. kDistinct: see distinct.h
  Layout layout;                          // columns of the batches that come in
  uint64_t take = 0;                      // append only, > 0: keep only the first `take` records in sort order
  // Hash only: from this many keys on, re-checks whether lookups pay off.
  uint64_t table_keys = 65536;
};

// Of a collector that needs only the first of all records by their keys.
class FirstRecords {
 public:
  virtual ~FirstRecords() = default;

  // A record is needed only if its key comes before this one. Null: all may be. Valid until the collector's next call.
  virtual const std::string* floor() const = 0;
  // Counts records as if they had been added.
  virtual void LeaveOut(uint64_t records) = 0;
};

class Collector : public BatchSink {
 public:
  // Null: it needs others as well.
  virtual FirstRecords* first() { return nullptr; }
  // Memory held, including what sorting it will need.
  virtual size_t bytes() const = 0;
  // Whether to spill: over budget; or over `enough`, where holding more would not combine more.
  virtual bool IsFull(size_t budget_bytes, size_t enough_bytes) const = 0;
  virtual uint64_t records_in() const = 0;   // since construction
  virtual uint64_t entries() const = 0;      // held now; what a spill writes may be fewer
  virtual uint64_t records_out() const = 0;  // handed to writers since construction
  // Sorts all records by (partition, key), stable, writes them, and empties itself. Only adds to `writer`: the caller
  // opens and finishes it.
  virtual Status SpillTo(RunWriter* writer) = 0;
  // Sorts what is held by (partition, key) and returns it as a cursor over this collector's memory; `partition_of`
  // tells the current record's partition. Valid until Clear(). For combiners that run outside.
  virtual std::unique_ptr<Cursor> Sorted(const uint32_t** partition_of) = 0;
  virtual void Clear() = 0;
};

std::unique_ptr<Collector> NewHashCollector(const CollectorOptions& options);
std::unique_ptr<Collector> NewAppendCollector(const CollectorOptions& options);

}  // namespace runjob
