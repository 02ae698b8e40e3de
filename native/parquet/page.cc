#include "parquet/page.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "compress/crc32.h"
#include "compress/lz4.h"
#include "compress/snappy.h"
#include "compress/zstd.h"
#include "parquet/failure.h"

namespace runjob::parquet {

namespace {

constexpr size_t kReadBytes = 128 << 10;
constexpr size_t kHeaderBytes = 256;  // of most headers
// A header holds two values of the column at most, as statistics.
constexpr size_t kMaxHeaderBytes = 64 << 20;

}  // namespace

void PageReader::Open(const Chunk& chunk) {
  codec_ = chunk.codec;
  start_ = chunk.start;
  offset_ = chunk.start;
  page_offset_ = chunk.start;
  counted_end_ = chunk.start + chunk.bytes;
  end_ = counted_end_ + chunk.uncounted;
  begin_ = 0;
  size_ = 0;
}

Status PageReader::Fill(size_t size, size_t ahead) {
  const uint64_t left = end_ - offset_;
  size = static_cast<size_t>(std::min<uint64_t>(size, left));
  if (size <= size_) return Status::Ok();
  const size_t want = static_cast<size_t>(std::min<uint64_t>(std::max(size, ahead), left));
  if (begin_ + want > in_.capacity()) {
    if (size_ > 0 && begin_ > 0) std::memmove(in_.data(), in_.data() + begin_, size_);
    begin_ = 0;
    in_.Reserve(want, size_);
  }
  RUNJOB_RETURN_IF_ERROR(source_->Read(offset_ + size_, want - size_, in_.data() + begin_ + size_));
  size_ = want;
  return Status::Ok();
}

Status PageReader::ReadInto(size_t size, char* out) {
  const size_t known = std::min(size, size_);
  if (known > 0) std::memcpy(out, in_.data() + begin_, known);
  if (size > known) RUNJOB_RETURN_IF_ERROR(source_->Read(offset_ + known, size - known, out + known));
  Drop(size);
  return Status::Ok();
}

void PageReader::Drop(uint64_t size) {
  offset_ += size;
  const size_t known = static_cast<size_t>(std::min<uint64_t>(size, size_));
  size_ -= known;
  begin_ = size_ == 0 ? 0 : begin_ + known;
}

void PageReader::Seek(uint64_t offset) {
  if (offset < offset_) {
    size_ = 0;
    begin_ = 0;
    offset_ = std::max(offset, start_);
  } else {
    Drop(std::min(offset, end_) - offset_);
  }
}

Status PageReader::ReadHeader(bool is_passed, PageHeader* header) {
  for (size_t size = kHeaderBytes;; size *= 8) {
    RUNJOB_RETURN_IF_ERROR(Fill(size, is_passed ? size : kReadBytes));
    size_t used = 0;
    RUNJOB_RETURN_IF_ERROR(ReadPageHeader(Slice(in_.data() + begin_, size_), header, &used));
    if (used > 0) {
      Drop(used);
      return Status::Ok();
    }
    if (size_ == end_ - offset_ || size > kMaxHeaderBytes) return Corrupt("the header of a page does not end");
  }
}

Status PageReader::Next(bool is_passed, PageHeader* header, bool* found) {
  for (;;) {
    *found = offset_ < end_;
    if (!*found) return Status::Ok();
    page_offset_ = offset_;
    *header = PageHeader();
    RUNJOB_RETURN_IF_ERROR(ReadHeader(is_passed, header));
    const uint64_t left = end_ - offset_;
    if (header->stored_bytes > left) {
      return Corrupt("a page says that it has " + std::to_string(header->stored_bytes) + " bytes, but " +
                     std::to_string(left) + " are left");
    }
    if (std::max(header->bytes, header->stored_bytes) > max_page_bytes_) {
      return Unsupported("has a page of " + std::to_string(std::max(header->bytes, header->stored_bytes)) +
                         " bytes; the limit is " + std::to_string(max_page_bytes_));
    }
    const int type = header->type;
    if (type == static_cast<int>(PageType::kData) || type == static_cast<int>(PageType::kDataV2) ||
        type == static_cast<int>(PageType::kDictionary)) {
      return Status::Ok();
    }
    Pass(*header);
  }
}

Status PageReader::Read(const PageHeader& header, Buffer* buffer, Page* page) {
  page->header = header;
  const bool is_v2 = header.type == static_cast<int>(PageType::kDataV2);
  // The levels of version 2 are not compressed.
  const uint64_t levels = is_v2 ? uint64_t{header.repetition_bytes} + header.definition_bytes : 0;
  if (levels > header.stored_bytes || levels > header.bytes) {
    return Corrupt("the levels of a page are longer than the page");
  }
  const bool is_stored = codec_ == Codec::kNone || (is_v2 && !header.is_compressed);
  if (is_stored && header.stored_bytes != header.bytes) {
    return Corrupt("a page that is not compressed has two sizes");
  }
  char* out = nullptr;
  const auto is_damaged = [&header](Slice stored) { return header.has_crc && Crc32(stored) != header.crc; };
  if (is_stored) {
    out = buffer->Reserve(header.bytes);
    RUNJOB_RETURN_IF_ERROR(ReadInto(header.bytes, out));
    if (is_damaged(Slice(out, header.bytes))) return Corrupt("the checksum of a page is wrong");
  } else {
    RUNJOB_RETURN_IF_ERROR(Fill(header.stored_bytes, header.stored_bytes));
    const Slice stored(in_.data() + begin_, header.stored_bytes);
    if (is_damaged(stored)) return Corrupt("the checksum of a page is wrong");
    out = buffer->Reserve(header.bytes);
    if (levels > 0) std::memcpy(out, stored.data, levels);
    const Slice packed(stored.data + levels, stored.size - levels);
    const size_t size = header.bytes - levels;
    if (size > 0 || packed.size > 0) RUNJOB_RETURN_IF_ERROR(Decompress(packed, out + levels, size));
    Drop(header.stored_bytes);
  }
  page->repetitions = Slice(out, is_v2 ? header.repetition_bytes : 0);
  page->definitions = Slice(out + page->repetitions.size, is_v2 ? header.definition_bytes : 0);
  page->body = Slice(out + levels, header.bytes - levels);
  return Status::Ok();
}

Status PageReader::Decompress(Slice in, char* out, size_t size) {
  bool ok = false;
  switch (codec_) {
    case Codec::kSnappy:
      ok = SnappyDecompress(in, out, size);
      break;
    case Codec::kLz4Raw:
      ok = Lz4Decompress(in, out, size);
      break;
    case Codec::kLz4Hadoop:
      ok = HadoopLz4Decompress(in, out, size);
      break;
    case Codec::kZstd:
      ok = ZstdDecompress(in, out, size);
      break;
    case Codec::kGzip:
    case Codec::kBrotli:
      if (decompressor_ == nullptr) return Unsupported("is compressed in a way that is not read here");
      return decompressor_->Decompress(codec_, in, out, size);
    case Codec::kLzo:
      return Unsupported("is compressed with LZO");
    default:
      return Unsupported("is compressed with codec " + std::to_string(static_cast<int>(codec_)));
  }
  return ok ? Status::Ok() : Corrupt("a page cannot be decompressed");
}

}  // namespace runjob::parquet
