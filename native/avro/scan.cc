#include "avro/scan.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "avro/decoder.h"
#include "avro/failure.h"
#include "avro/whole_number.h"
#include "base/buffer.h"
#include "column/add_rows.h"
#include "column/row_buffer.h"
#include "compress/crc32.h"
#include "compress/snappy.h"
#include "compress/zstd.h"

namespace runjob::avro {

namespace {

// Two longs.
constexpr size_t kMaxHeaderBytes = 20;
constexpr size_t kChecksumBytes = 4;
// Of records between two batches, unless these are full before: texts are views of the blocks, and a list of small numbers
// takes fifteen times its size.
constexpr size_t kBatchBytes = 512 << 10;
constexpr size_t kKeepBytes = 4 << 20;

struct BlockHeader {
  int64_t records = 0;
  int64_t bytes = 0;
  size_t size = 0;  // of the header itself
};

Found ReadHeader(Slice bytes, BlockHeader* header) {
  const char* next = bytes.data;
  const char* const end = bytes.data + bytes.size;
  const Found first = ReadWholeNumber(&next, end, &header->records);
  if (first != Found::kYes) return first;
  if (header->records < 0) return Found::kDamaged;
  const Found second = ReadWholeNumber(&next, end, &header->bytes);
  if (second != Found::kYes) return second;
  header->size = static_cast<size_t>(next - bytes.data);
  return header->bytes < 0 ? Found::kDamaged : Found::kYes;
}

bool ReadSnappySize(Slice bytes, uint64_t* size) {
  *size = 0;
  for (size_t i = 0; i < bytes.size && i < 5; i++) {
    const auto byte = static_cast<uint8_t>(bytes.data[i]);
    *size |= uint64_t{byte & 0x7fu} << (7 * i);
    if (byte < 0x80) return true;
  }
  return false;
}

class Scan final : public Mapper {
 public:
  Scan(ScanOptions options, const Layout& layout, ColumnSink* sink, BadRecords* bad)
      : Mapper(bad), options_(std::move(options)), sink_(sink), decoder_(layout), rows_(layout.schema) {}

  Status Push(Slice chunk, uint64_t limit, bool last, bool* done) override;

 private:
  Status TakeBlocks(Slice chunk, uint64_t limit, bool* cut);
  // Takes what is missing of the block that earlier chunks began. *is_whole: all of it is there.
  Status Complete(Slice* rest, bool* is_whole);
  // *size is that of the block, 0 where its header is not whole.
  Status SizeOf(Slice bytes, BlockHeader* header, size_t* size) const;
  Status TakeBlock(Slice block, const BlockHeader& header);
  // The records of a block, in *content.
  Status Unpack(Slice packed, Slice* content);
  Status TakeRecords(Slice content, uint64_t count);
  Status Reject(Status status);
  Status AddRowsSoFar();
  // Then no row refers to a block.
  Status Flush();

  Status Damaged(const std::string& reason) const { return Corrupt(reason, position_); }
  Status TooLarge(uint64_t bytes) const {
    return Unsupported("it has a block of " + std::to_string(bytes) + " bytes; the limit is " +
                           std::to_string(options_.max_block_bytes),
                       position_);
  }

  const ScanOptions options_;
  ColumnSink* const sink_;
  Decoder decoder_;
  RowBuffer rows_;
  std::vector<uint64_t> numbers_;  // of the rows
  uint64_t seen_ = 0;              // records, good and bad
  size_t in_batch_ = 0;            // bytes of the rows
  size_t held_ = 0;                // of the records since the last flush

  uint64_t taken_ = 0;                             // bytes
  std::string unfinished_;                         // the beginning of the block at position_
  Buffer packed_;                                  // with the padding that decompressors need
  std::vector<std::unique_ptr<Buffer>> contents_;  // to which rows refer until they are flushed
  size_t contents_used_ = 0;
  std::string inflated_;
};

Status Scan::Push(Slice chunk, uint64_t limit, bool last, bool* done) {
  taken_ += chunk.size;
  bool cut = false;
  Status status = TakeBlocks(chunk, limit, &cut);
  // What was read before a bad row is passed on.
  Status flushed = Flush();
  if (!flushed.ok()) {
    status = std::move(flushed);
  } else if (sink_->done()) {
    // What is wrong behind the last row that is needed does not matter.
    status = Status::Ok();
  } else if (status.ok() && last && !cut && position_ < taken_) {
    status = Damaged("it ends in the middle of a block");
  }
  RUNJOB_RETURN_IF_ERROR(status);
  if (position_ == taken_ && unfinished_.capacity() > kKeepBytes) std::string().swap(unfinished_);
  *done = cut || last || sink_->done();
  return Status::Ok();
}

Status Scan::TakeBlocks(Slice chunk, uint64_t limit, bool* cut) {
  Slice rest = chunk;
  BlockHeader header;
  size_t size = 0;
  if (!unfinished_.empty()) {
    bool is_whole = false;
    RUNJOB_RETURN_IF_ERROR(Complete(&rest, &is_whole));
    if (!is_whole) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(SizeOf(unfinished_, &header, &size));
    RUNJOB_RETURN_IF_ERROR(TakeBlock(unfinished_, header));
  }
  while (!sink_->done()) {
    *cut = position_ >= limit;
    if (*cut || rest.size == 0) break;
    RUNJOB_RETURN_IF_ERROR(SizeOf(rest, &header, &size));
    if (size == 0 || size > rest.size) break;
    RUNJOB_RETURN_IF_ERROR(TakeBlock(Slice(rest.data, size), header));
    rest = Slice(rest.data + size, rest.size - size);
  }
  if (*cut || sink_->done()) return Status::Ok();
  // Rows may refer to the block that was whole before.
  RUNJOB_RETURN_IF_ERROR(Flush());
  unfinished_.assign(rest.data, rest.size);
  return Status::Ok();
}

Status Scan::Complete(Slice* rest, bool* is_whole) {
  *is_whole = false;
  const auto take = [&](size_t wanted) {
    const size_t bytes = std::min(wanted, rest->size);
    unfinished_.append(rest->data, bytes);
    *rest = Slice(rest->data + bytes, rest->size - bytes);
  };
  BlockHeader header;
  size_t size = 0;
  RUNJOB_RETURN_IF_ERROR(SizeOf(unfinished_, &header, &size));
  while (size == 0 && rest->size > 0) {
    take(1);
    RUNJOB_RETURN_IF_ERROR(SizeOf(unfinished_, &header, &size));
  }
  if (size == 0) return Status::Ok();
  take(size - unfinished_.size());
  *is_whole = unfinished_.size() == size;
  return Status::Ok();
}

Status Scan::SizeOf(Slice bytes, BlockHeader* header, size_t* size) const {
  *size = 0;
  switch (ReadHeader(Slice(bytes.data, std::min(bytes.size, kMaxHeaderBytes)), header)) {
    case Found::kTooShort:
      return Status::Ok();
    case Found::kDamaged:
      return Damaged("the header of a block is damaged");
    case Found::kYes:
      break;
  }
  if (static_cast<uint64_t>(header->bytes) > options_.max_block_bytes) {
    return TooLarge(static_cast<uint64_t>(header->bytes));
  }
  *size = header->size + static_cast<size_t>(header->bytes) + kSyncBytes;
  return Status::Ok();
}

Status Scan::TakeBlock(Slice block, const BlockHeader& header) {
  const Slice packed(block.data + header.size, static_cast<size_t>(header.bytes));
  if (std::memcmp(packed.data + packed.size, options_.sync, kSyncBytes) != 0) {
    return Damaged("a block does not end with the sync marker");
  }
  Slice content;
  RUNJOB_RETURN_IF_ERROR(Unpack(packed, &content));
  RUNJOB_RETURN_IF_ERROR(TakeRecords(content, static_cast<uint64_t>(header.records)));
  if (!sink_->done()) position_ += block.size;
  return Status::Ok();
}

Status Scan::Unpack(Slice packed, Slice* content) {
  if (options_.codec == Codec::kNull) {
    *content = packed;
    return Status::Ok();
  }
  uint64_t size = 0;
  bool ok = true;
  Slice in = packed;
  if (options_.codec == Codec::kDeflate) {
    RUNJOB_RETURN_IF_ERROR(options_.inflate(packed, &inflated_, &ok));
    size = inflated_.size();
  } else {
    char* const copy = packed_.Reserve(packed.size);
    if (packed.size > 0) std::memcpy(copy, packed.data, packed.size);
    in = Slice(copy, packed.size);
    if (options_.codec == Codec::kSnappy) {
      ok = in.size > kChecksumBytes;
      if (ok) in.size -= kChecksumBytes;
      ok = ok && ReadSnappySize(in, &size);
    } else {
      ok = ZstdBound(in, &size);
    }
  }
  if (!ok) return Damaged("a block cannot be decompressed");
  if (size > options_.max_block_bytes) return TooLarge(size);
  if (contents_used_ == contents_.size()) contents_.push_back(std::make_unique<Buffer>());
  char* const out = contents_[contents_used_++]->Reserve(static_cast<size_t>(size));
  size_t own = static_cast<size_t>(size);
  switch (options_.codec) {
    case Codec::kDeflate:
      if (own > 0) std::memcpy(out, inflated_.data(), own);
      break;
    case Codec::kSnappy: {
      ok = SnappyDecompress(in, out, own);
      uint32_t sum = 0;
      for (size_t i = 0; i < kChecksumBytes; i++) sum = sum << 8 | static_cast<uint8_t>(in.data[in.size + i]);
      if (ok && Crc32(Slice(out, own)) != sum) return Damaged("the checksum of a block is wrong");
      break;
    }
    default:
      ok = ZstdDecompressUpTo(in, out, own, &own);
  }
  if (!ok) return Damaged("a block cannot be decompressed");
  *content = Slice(out, own);
  return Status::Ok();
}

Status Scan::TakeRecords(Slice content, uint64_t count) {
  for (uint64_t i = 0; i < count && !sink_->done(); i++) {
    const char* const start = content.data;
    const Decoder::Result result = decoder_.Append(&content, options_.limit.max_bytes, &rows_);
    if (result == Decoder::Result::kDamaged) {
      return Damaged("record " + std::to_string(i + 1) + " of a block: " + decoder_.problem());
    }
    const auto size = static_cast<size_t>(content.data - start);
    held_ += size;
    const uint64_t number = seen_++;
    if (result == Decoder::Result::kTooLong) {
      RUNJOB_RETURN_IF_ERROR(Reject(options_.limit.TooLong("a record", number)));
    } else if (result == Decoder::Result::kBadRow) {
      RUNJOB_RETURN_IF_ERROR(
          Reject(Status::BadRecord("CELL_INVALID", decoder_.problem(), static_cast<int64_t>(number))));
    } else {
      numbers_.push_back(number);
      in_batch_ += size;
      if (rows_.rows() == kVectorRows || in_batch_ >= kBatchBytes) RUNJOB_RETURN_IF_ERROR(AddRowsSoFar());
    }
  }
  if (content.size > 0 && !sink_->done()) return Damaged("a block has more bytes than its records");
  // What rows refer to must not grow without end.
  return held_ < kBatchBytes ? Status::Ok() : Flush();
}

Status Scan::Reject(Status status) {
  if (!options_.limit.keep_bad) return status;
  // Bad rows are noted in order, and the sink may reject some of those before.
  RUNJOB_RETURN_IF_ERROR(AddRowsSoFar());
  if (sink_->done()) return Status::Ok();
  bad_.Add({std::move(status), std::string()});
  records_in_++;
  return Status::Ok();
}

Status Scan::AddRowsSoFar() {
  if (rows_.rows() == 0) return Status::Ok();
  const auto place_of = [this](size_t row) { return RecordPlace{numbers_[row], Slice()}; };
  if (options_.places != nullptr) {
    options_.places->clear();
    for (size_t row = 0; row < rows_.rows(); row++) options_.places->push_back(place_of(row));
  }
  Status status = AddRows(rows_.batch(), place_of, sink_, options_.limit.keep_bad ? &bad_ : nullptr, &records_out_);
  records_in_ += rows_.rows();
  rows_.Clear();
  numbers_.clear();
  in_batch_ = 0;
  return status;
}

Status Scan::Flush() {
  Status status = AddRowsSoFar();
  held_ = 0;
  contents_used_ = 0;
  std::erase_if(contents_, [](const auto& content) { return content->capacity() > kKeepBytes; });
  if (packed_.capacity() > kKeepBytes) packed_ = Buffer();
  if (inflated_.capacity() > kKeepBytes) std::string().swap(inflated_);
  return status;
}

}  // namespace

std::unique_ptr<Mapper> NewScan(ScanOptions options, const Layout& layout, ColumnSink* sink, BadRecords* bad) {
  return std::make_unique<Scan>(std::move(options), layout, sink, bad);
}

}  // namespace runjob::avro
