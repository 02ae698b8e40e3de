// Replaces the table if keys hardly repeat: an item for every record, without lookups. At the end the items are
// sorted, equal keys are neighbours, and their states merge.
//
// A table of many keys costs a cache miss for each record, and twice the memory of its keys, all of it zeroed; and
// in the end its keys are sorted anyway. That pays off if records find their key there. If not, it is cheaper to
// sort the records: the item of a key of up to 15 bytes holds the whole key, so sorting reads memory front to back,
// and never looks elsewhere to compare two keys.
// Source: Mueller, Sanders, Lacurie, Lehner, Faerber, "Cache-Efficient Aggregation: Hashing Is Sorting", SIGMOD
// 2015.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "aggregate/aggregate.h"
#include "base/slice.h"
#include "record/batch.h"

namespace runjob {

class AggregateBuffer {
 public:
  // Whether states can be kept in items: numbers only, and not many.
  static bool Serves(const AggregateLayout& layout);

  // Items are kept apart by HashKey in `partitions` lists. `layout` must outlive the buffer. REQUIRES:
  // Serves(layout).
  static std::unique_ptr<AggregateBuffer> New(const AggregateLayout* layout, uint32_t partitions, bool descending);

  virtual ~AggregateBuffer() = default;

  // Adds an item for each of the records first .. first + n - 1, with an initial state, and sets states[0 .. n - 1] to
  // these states; valid until the next call. The keys have kBatchPadding readable bytes after them.
  virtual void Add(const RecordBatch& batch, size_t first, size_t n, char** states) = 0;
  // A key with a state of its own, which comes before those that are added later. 16 bytes can be read from
  // key.data, whatever the key's size.
  virtual void Add(Slice key, const char* state) = 0;

  // Items held.
  virtual uint64_t size() const = 0;
  // How many of the items have the same key, on average: estimated from a sample of keys.
  virtual double items_per_key() const = 0;
  // Memory held, and memory that sorting will take.
  virtual size_t bytes() const = 0;

  // Goes to the next key, in the order of partitions and keys. False after the last one. After the first call
  // nothing can be added.
  virtual bool Next() = 0;
  Slice key() const { return key_; }
  // In its serialized form, too.
  Slice state() const { return state_; }
  uint32_t partition() const { return partition_; }

 protected:
  Slice key_;
  Slice state_;
  uint32_t partition_ = 0;
};

}  // namespace runjob
