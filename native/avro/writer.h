// Writes rows as a file of Avro: a header, then blocks (scan.h).
//
// What is in a block depends on the rows alone, not on the batches in which they come: the same rows are the same bytes. A nullable value is of
// the union of null and its type; a decimal is bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "avro/scan.h"
#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"
#include "column/vector.h"

namespace runjob::avro {

struct WriterOptions {
  std::string header;  // with the schema; its last 16 bytes end each block
  Codec codec = Codec::kSnappy;
  std::function<Status(Codec codec, Slice records, std::string* out)> compress;  // for kDeflate and kZstandard
  std::function<void(Slice)> pass;  // takes the bytes of the file, in pieces
};

class Writer : public ColumnSink {
 public:
  // REQUIRES: a header of 16 bytes at least. The schema must stay where it is.
  Writer(const Schema& schema, WriterOptions options);

  Status Add(const Batch& batch) override;
  // The last block. Without a row, there is only the header.
  Status Finish() override;

 private:
  Status EndBlock();
  void PassHeader();

  const Schema& schema_;
  const WriterOptions options_;
  bool has_header_ = false;
  std::string records_;  // of the block
  uint64_t count_ = 0;
  std::string block_;
};

}  // namespace runjob::avro
