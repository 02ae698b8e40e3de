#include "parquet/chunk_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "compress/crc32.h"
#include "compress/snappy_writer.h"
#include "parquet/leaf.h"
#include "parquet/page_header.h"
#include "parquet/rle.h"
#include "parquet/rle_writer.h"

namespace runjob::parquet {

namespace {

// Few enough that a page index saves reading.
constexpr size_t kPageRows = 20'000;
// Of lists.
constexpr size_t kPageEntries = size_t{1} << 17;
constexpr size_t kPieceBytes = size_t{1} << 20;

void WriteLevels(const std::vector<uint8_t>& levels, uint8_t highest, std::string* out) {
  const size_t start = out->size();
  out->append(sizeof(uint32_t), '\0');
  WriteRle(levels.data(), levels.size(), BitWidth(highest), out);
  const auto size = static_cast<uint32_t>(out->size() - start - sizeof(uint32_t));
  std::memcpy(&(*out)[start], &size, sizeof(size));
}

int32_t Number(Encoding encoding) { return static_cast<int32_t>(encoding); }

}  // namespace

Physical PhysicalOf(const Type& type) {
  switch (type.id) {
    case TypeId::kBoolean:
      return Physical::kBoolean;
    case TypeId::kInt:
    case TypeId::kDate:
      return Physical::kInt32;
    case TypeId::kDouble:
      return Physical::kDouble;
    case TypeId::kDecimal:
      return type.is_wide() ? Physical::kFixed : Physical::kInt64;
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return Physical::kInt64;
    default:
      return Physical::kByteArray;
  }
}

ChunkWriter::ChunkWriter(WrittenLeaf leaf, Codec codec, const Compress* compress)
    : leaf_(std::move(leaf)), codec_(codec), compress_(compress), values_(NewValueWriter(leaf_.type)) {}

size_t ChunkWriter::bytes() const { return page_bytes_ + values_->bytes() + repetitions_.size() + definitions_.size(); }

bool ChunkWriter::is_full() const {
  return page_rows_ >= kPageRows || definitions_.size() >= kPageEntries || values_->full();
}

Status ChunkWriter::AddRows(const Vector& vector, const uint32_t* rows, size_t count) {
  for (size_t done = 0; done < count;) {
    const size_t most = std::min(count - done, kPageRows - page_rows_);
    const uint32_t* valid = rows + done;
    size_t valid_count = most;
    if (vector.validity != nullptr) {
      valid_.clear();
      places_.clear();
      for (size_t i = 0; i < most; i++) {
        if (!vector.valid(valid[i])) continue;
        valid_.push_back(valid[i]);
        places_.push_back(static_cast<uint32_t>(i));
      }
      valid = valid_.data();
      valid_count = valid_.size();
      if (valid_count < most && leaf_.max_definition == 0) return Status::Error("INTERNAL", "a null where none may be");
    }
    const size_t added = values_->Add(vector, valid, valid_count);
    const bool stops = added < valid_count || values_->full();
    const size_t used = !stops ? most : vector.validity == nullptr ? added : added == 0 ? most : places_[added - 1] + 1;
    if (leaf_.max_definition > 0) {
      const size_t start = definitions_.size();
      definitions_.resize(start + used, vector.validity == nullptr ? 1 : 0);
      for (size_t i = 0; vector.validity != nullptr && i < added; i++) definitions_[start + places_[i]] = 1;
    }
    entries_ += used;
    page_nulls_ += used - added;
    page_rows_ += used;
    done += used;
    if (is_full()) RUNJOB_RETURN_IF_ERROR(EndPage());
  }
  return Status::Ok();
}

void ChunkWriter::AddValues(const Vector& vector, const std::vector<uint32_t>& rows) {
  // A row is not divided among pages.
  for (size_t done = 0; done < rows.size();) done += values_->Add(vector, rows.data() + done, rows.size() - done);
}

Status ChunkWriter::EndRow() {
  page_rows_++;
  return is_full() ? EndPage() : Status::Ok();
}

Status ChunkWriter::EndPage() {
  if (leaf_.max_repetition > 0) WriteLevels(repetitions_, leaf_.max_repetition, &body_);
  if (leaf_.max_definition > 0) WriteLevels(definitions_, leaf_.max_definition, &body_);
  const ValueWriter::Encoded encoded = values_->TakePage(pages_.empty(), &body_);
  Page page{};
  page.first_row = rows_;
  page.values = std::max(entries_, definitions_.size());
  page.nulls = page_nulls_;
  if (entries_ == 0) {
    page.nulls = static_cast<uint64_t>(std::count_if(definitions_.begin(), definitions_.end(),
                                                     [&](uint8_t level) { return level < leaf_.max_definition; }));
  }
  page.has_codes = encoded.has_codes;
  page.bounds = encoded.bounds;
  RUNJOB_RETURN_IF_ERROR(MakePage(
      Slice(body_),
      [&](ThriftWriter* header) {
        header->I32(1, static_cast<int32_t>(PageType::kData));
        header->I32(2, static_cast<int32_t>(body_.size()));
        header->I32(3, static_cast<int32_t>(compressed_.size()));
        header->I32(4, static_cast<int32_t>(Crc32(Slice(compressed_))));
        header->Struct(5);
        header->I32(1, static_cast<int32_t>(page.values));
        header->I32(2, Number(encoded.has_codes ? Encoding::kRleDictionary : Encoding::kPlain));
        header->I32(3, Number(Encoding::kRle));
        header->I32(4, Number(Encoding::kRle));
        header->End();
        header->End();
      },
      &page));
  page_bytes_ += page.bytes.size();
  pages_.push_back(std::move(page));
  rows_ += page_rows_;
  repetitions_.clear();
  definitions_.clear();
  entries_ = page_rows_ = page_nulls_ = 0;
  return Status::Ok();
}

Status ChunkWriter::MakePage(Slice body, const std::function<void(ThriftWriter*)>& header, Page* page) {
  // What a reader may believe of a page.
  if (body.size > INT32_MAX) return Status::Error("RECORD_TOO_LARGE", "a page of Parquet has at most 2 GiB");
  compressed_.clear();
  switch (codec_) {
    case Codec::kNone:
      compressed_.append(body.data, body.size);
      break;
    case Codec::kSnappy:
      SnappyCompress(body, &compressed_);
      break;
    default:
      RUNJOB_RETURN_IF_ERROR((*compress_)(body, &compressed_));
  }
  if (compressed_.size() > INT32_MAX) return Status::Error("RECORD_TOO_LARGE", "a page of Parquet has at most 2 GiB");
  std::string bytes;
  ThriftWriter writer(&bytes);
  header(&writer);
  page->raw_bytes = bytes.size() + body.size;
  page->bytes.reserve(bytes.size() + compressed_.size());
  page->bytes.append(bytes).append(compressed_);
  body_.clear();
  return Status::Ok();
}

Status ChunkWriter::MakeDictionary() {
  dictionary_ = {};
  dictionary_entries_ = values_->TakeDictionary(&body_);
  if (dictionary_entries_ == 0) return Status::Ok();
  return MakePage(
      Slice(body_),
      [&](ThriftWriter* header) {
        header->I32(1, static_cast<int32_t>(PageType::kDictionary));
        header->I32(2, static_cast<int32_t>(body_.size()));
        header->I32(3, static_cast<int32_t>(compressed_.size()));
        header->I32(4, static_cast<int32_t>(Crc32(Slice(compressed_))));
        header->Struct(7);
        header->I32(1, static_cast<int32_t>(dictionary_entries_));
        header->I32(2, Number(Encoding::kPlain));
        header->End();
        header->End();
      },
      &dictionary_);
}

Status ChunkWriter::Finish() {
  if (page_rows_ > 0) RUNJOB_RETURN_IF_ERROR(EndPage());
  return MakeDictionary();
}

ChunkWriter::Written ChunkWriter::Take(uint64_t start, const std::function<void(Slice)>& pass) {
  Written written;
  written.start = start;
  written.bytes = dictionary_.bytes.size() + page_bytes_;
  written.raw_bytes = dictionary_.raw_bytes;
  for (const Page& page : pages_) written.raw_bytes += page.raw_bytes;
  WriteMetadata(written, &written.metadata);
  WriteColumnIndex(&written.column_index);
  WriteOffsetIndex(start + dictionary_.bytes.size(), &written.offset_index);
  const auto pass_pieces = [&](const std::string& bytes) {
    for (size_t done = 0; done < bytes.size(); done += kPieceBytes) {
      pass(Slice(bytes.data() + done, std::min(kPieceBytes, bytes.size() - done)));
    }
  };
  pass_pieces(dictionary_.bytes);
  for (Page& page : pages_) {
    pass_pieces(page.bytes);
    page.bytes = {};
  }
  pages_.clear();
  dictionary_ = {};
  rows_ = 0;
  page_bytes_ = 0;
  return written;
}

void ChunkWriter::WriteMetadata(const Written& written, std::string* out) {
  uint64_t values = 0, nulls = 0;
  int32_t plain_pages = 0, code_pages = 0;
  for (const Page& page : pages_) {
    values += page.values;
    nulls += page.nulls;
    (page.has_codes ? code_pages : plain_pages)++;
  }
  ThriftWriter writer(out);
  writer.I32(1, static_cast<int32_t>(PhysicalOf(leaf_.type)));
  std::vector<Encoding> encodings{Encoding::kRle};
  if (plain_pages > 0 || dictionary_entries_ > 0) encodings.push_back(Encoding::kPlain);
  if (code_pages > 0) encodings.push_back(Encoding::kRleDictionary);
  writer.List(2, ThriftType::kI32, encodings.size());
  for (const Encoding encoding : encodings) writer.Element(Number(encoding));
  writer.List(3, ThriftType::kBinary, leaf_.path.size());
  for (const std::string& name : leaf_.path) writer.Element(Slice(name));
  writer.I32(4, static_cast<int32_t>(codec_));
  writer.I64(5, static_cast<int64_t>(values));
  writer.I64(6, static_cast<int64_t>(written.raw_bytes));
  writer.I64(7, static_cast<int64_t>(written.bytes));
  writer.I64(9, static_cast<int64_t>(written.start + dictionary_.bytes.size()));
  if (dictionary_entries_ > 0) writer.I64(11, static_cast<int64_t>(written.start));
  const Bounds bounds = values_->TakeBounds();
  writer.Struct(12);
  writer.I64(3, static_cast<int64_t>(nulls));
  if (bounds.has_max) writer.Binary(5, Slice(bounds.max));
  if (bounds.has_min) writer.Binary(6, Slice(bounds.min));
  if (bounds.has_max) writer.Bool(7, bounds.max_is_exact);
  if (bounds.has_min) writer.Bool(8, bounds.min_is_exact);
  writer.End();
  const size_t kinds = size_t{dictionary_entries_ > 0} + size_t{code_pages > 0} + size_t{plain_pages > 0};
  writer.List(13, ThriftType::kStruct, kinds);
  const auto count = [&](PageType type, Encoding encoding, int32_t pages) {
    if (pages == 0) return;
    writer.StructElement();
    writer.I32(1, static_cast<int32_t>(type));
    writer.I32(2, Number(encoding));
    writer.I32(3, pages);
    writer.End();
  };
  count(PageType::kDictionary, Encoding::kPlain, dictionary_entries_ > 0 ? 1 : 0);
  count(PageType::kData, Encoding::kRleDictionary, code_pages);
  count(PageType::kData, Encoding::kPlain, plain_pages);
  writer.End();
}

void ChunkWriter::WriteColumnIndex(std::string* out) const {
  const auto is_null = [](const Page& page) { return page.nulls == page.values; };
  // Pages of NaN have no bounds, and there is no way to say so.
  if (std::any_of(pages_.begin(), pages_.end(),
                  [&](const Page& page) { return !is_null(page) && !page.bounds.known(); }))
    return;
  ThriftWriter writer(out);
  writer.List(1, ThriftType::kTrue, pages_.size());
  for (const Page& page : pages_) writer.Element(is_null(page));
  writer.List(2, ThriftType::kBinary, pages_.size());
  for (const Page& page : pages_) writer.Element(Slice(page.bounds.min));
  writer.List(3, ThriftType::kBinary, pages_.size());
  for (const Page& page : pages_) writer.Element(Slice(page.bounds.max));
  bool ascends = true, descends = true;
  const Page* last = nullptr;
  for (const Page& page : pages_) {
    if (is_null(page)) continue;
    if (last != nullptr) {
      const int least = values_->CompareBounds(last->bounds.min, page.bounds.min);
      const int greatest = values_->CompareBounds(last->bounds.max, page.bounds.max);
      ascends = ascends && least <= 0 && greatest <= 0;
      descends = descends && least >= 0 && greatest >= 0;
    }
    last = &page;
  }
  writer.I32(4, ascends ? 1 : descends ? 2 : 0);
  writer.List(5, ThriftType::kI64, pages_.size());
  for (const Page& page : pages_) writer.Element(static_cast<int64_t>(page.nulls));
  writer.End();
}

void ChunkWriter::WriteOffsetIndex(uint64_t start, std::string* out) const {
  ThriftWriter writer(out);
  writer.List(1, ThriftType::kStruct, pages_.size());
  for (const Page& page : pages_) {
    writer.StructElement();
    writer.I64(1, static_cast<int64_t>(start));
    writer.I32(2, static_cast<int32_t>(page.bytes.size()));
    writer.I64(3, static_cast<int64_t>(page.first_row));
    writer.End();
    start += page.bytes.size();
  }
  writer.End();
}

}  // namespace runjob::parquet
