// Reads the blocks of an Avro file into batches.
//
//   block   long records, long bytes, the records (compressed), the 16 bytes that the header ends with
//
// Source: https://avro.apache.org/docs/1.12.0/specification/#object-container-files
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "avro/layout.h"
#include "base/slice.h"
#include "base/status.h"
#include "column/row_places.h"
#include "column/vector.h"
#include "record/bad_record.h"
#include "record/mapper.h"

namespace runjob::avro {

constexpr size_t kSyncBytes = 16;

// src/io/format/avro/codec.ts has the same numbers.
enum class Codec : uint8_t { kNull = 0, kDeflate = 1, kSnappy = 2, kZstandard = 3 };

struct ScanOptions {
  Codec codec = Codec::kNull;
  char sync[kSyncBytes] = {};
  RecordLimit limit;  // of a record
  size_t max_block_bytes = size_t{1} << 30;
  // Undoes kDeflate, into *out: no more than max_block_bytes. False where the bytes are damaged, or become more.
  std::function<Status(Slice in, std::string* out, bool* is_whole)> inflate;
  RowPlaces* places = nullptr;  // gets those of each batch, without a text
};

// Starts with a block. Blocks that start before the limit are read whole. `position` is where the next block starts; records count as rows.
// Offsets of bad rows are rows, counted from the first; of AVRO_CORRUPT and AVRO_UNSUPPORTED, that of the block. `layout` and `sink` must stay
// where they are. Stops early once the sink is done.
std::unique_ptr<Mapper> NewScan(ScanOptions options, const Layout& layout, ColumnSink* sink, BadRecords* bad = nullptr);

}  // namespace runjob::avro
