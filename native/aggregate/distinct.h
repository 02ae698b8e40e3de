// How a count of distinct values stays exact in bounded memory: the values become part of the keys.
//
// With kDistinct among the aggregates, every record of group g gives several keys (key_encoding.h), all of
// which sort next to each other and go to the partition of prefix(g):
//
//   prefix(g) 00           the states of all aggregates (those of kDistinct take no bytes)
//   prefix(g) j  value     one for each value that aggregate j saw; j counts the kDistinct aggregates from 1.
//                          Values: 8 bytes of a number, little endian, -0 as 0; or bytes as they are.
//                          No state: stored with an empty value. A missing value gives no key.
//
// Hash tables and merges drop duplicate keys as they always do; NewAggregate (operators.h) then counts, group by
// group, the keys with tag j and gives the group its plain key back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "aggregate/aggregate.h"
#include "base/status.h"
#include "record/batch.h"

namespace runjob {

constexpr size_t kMaxDistinctAggregates = 255;  // the tag is one byte

// Keys laid out as a RecordBatch wants them, padding included.
class KeyList {
 public:
  void Clear();
  // The next key is built at the end of buffer() and closed by End.
  std::string* buffer() { return &bytes_; }
  // Fails if the keys together have more bytes than a batch can hold.
  Status End() {
    if (bytes_.size() > UINT32_MAX) return TooLarge();
    ends_.push_back(static_cast<uint32_t>(bytes_.size()));
    return Status::Ok();
  }
  // Room for n keys of `size` bytes each, one after another, which the caller fills. REQUIRES: all keys are below 4 GiB.
  char* AddFixed(size_t n, size_t size) {
    const size_t start = bytes_.size();
    bytes_.resize(start + n * size);
    for (size_t i = 1; i <= n; i++) ends_.push_back(static_cast<uint32_t>(start + i * size));
    return bytes_.data() + start;
  }

  // The first n keys, of `room` bytes at most: write(out, ends) puts them there, one after another, and their ends, and returns the last
  // one. REQUIRES: there are no keys yet; room < 4 GiB.
  template <class Write>
  void AddFirst(size_t n, size_t room, const Write& write) {
    bytes_.resize(room);
    ends_.resize(n);
    char* const out = bytes_.data();
    bytes_.resize(static_cast<size_t>(write(out, ends_.data()) - out));
  }

  size_t count() const { return ends_.size(); }
  size_t size() const { return bytes_.size(); }
  // Adds the padding. REQUIRES: nothing is added after it, before Clear.
  const char* Padded();
  const uint32_t* ends() const { return ends_.data(); }

 private:
  Status TooLarge() const;

  std::string bytes_;
  std::vector<uint32_t> ends_;
};

// Appends the key that carries the states of record i's group.
void AppendGroupKey(const RecordBatch& batch, size_t i, std::string* out);
// Appends the key that carries record i's value for the kDistinct aggregate `spec` with tag `tag`. False if
// there is none: the value is missing.
bool AppendValueKey(const RecordBatch& batch, size_t i, const AggregateSpec& spec, uint8_t tag, std::string* out);

bool HasDistinct(const std::vector<AggregateSpec>& specs);

}  // namespace runjob
