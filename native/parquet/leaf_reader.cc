#include "parquet/leaf_reader.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "parquet/failure.h"

namespace runjob::parquet {

namespace {

// Entries of one batch: more would take memory without a bound.
constexpr size_t kMaxEntries = size_t{1} << 27;

uint64_t NextDictionaryId() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

void SetBits(uint64_t* bits, size_t begin, size_t end) {
  for (size_t i = begin; i < end;) {
    const size_t n = std::min(64 - i % 64, end - i);
    const uint64_t ones = n == 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
    bits[i / 64] |= ones << i % 64;
    i += n;
  }
}

// Takes 4 bytes of a length off the front of `bytes`, and then so many.
bool TakeWithLength(Slice* bytes, Slice* taken) {
  uint32_t size = 0;
  if (bytes->size < 4) return false;
  std::memcpy(&size, bytes->data, 4);
  if (size > bytes->size - 4) return false;
  *taken = Slice(bytes->data + 4, size);
  *bytes = Slice(bytes->data + 4 + size, bytes->size - 4 - size);
  return true;
}

bool TakeLevels(int32_t encoding, size_t count, uint8_t most, Slice* bytes, LevelDecoder* decoder) {
  if (most == 0) {
    *decoder = LevelDecoder();
    return true;
  }
  Slice taken;
  if (encoding == static_cast<int32_t>(Encoding::kRle)) {
    if (!TakeWithLength(bytes, &taken)) return false;
    *decoder = LevelDecoder(taken, most);
    return true;
  }
  if (encoding != static_cast<int32_t>(Encoding::kBitPacked)) return false;
  const size_t size = (count * static_cast<size_t>(BitWidth(most)) + 7) / 8;
  if (size > bytes->size) return false;
  *decoder = LevelDecoder::BitPacked(Slice(bytes->data, size), most);
  *bytes = Slice(bytes->data + size, bytes->size - size);
  return true;
}

template <size_t kWidth>
void SpreadWidth(char* values, const uint8_t* definitions, uint8_t most, size_t rows, size_t count) {
  for (size_t i = rows; i > 0; i--) {
    char* to = values + (i - 1) * kWidth;
    if (definitions[i - 1] == most) {
      count--;
      std::memmove(to, values + count * kWidth, kWidth);
    } else {
      std::memset(to, 0, kWidth);
    }
  }
}

template <class T>
void Gather(const char* dictionary, const uint32_t* codes, size_t count, char* out) {
  const auto* from = reinterpret_cast<const T*>(dictionary);
  auto* to = reinterpret_cast<T*>(out);
  for (size_t i = 0; i < count; i++) to[i] = from[codes[i]];
}

struct Wide {
  uint64_t words[2];
};

void GatherValues(const char* dictionary, const uint32_t* codes, size_t count, size_t width, char* out) {
  switch (width) {
    case 1:
      return Gather<uint8_t>(dictionary, codes, count, out);
    case 4:
      return Gather<uint32_t>(dictionary, codes, count, out);
    case 8:
      return Gather<uint64_t>(dictionary, codes, count, out);
    default:
      return Gather<Wide>(dictionary, codes, count, out);
  }
}

}  // namespace

LeafReader::LeafReader(const Leaf& leaf, const Type& type, ByteSource* source, Decompressor* decompressor,
                       size_t max_page_bytes)
    : leaf_(leaf),
      type_(type),
      width_(type.width()),
      converter_(leaf, type),
      pages_(source, decompressor, max_page_bytes) {}

void LeafReader::Open(const Chunk& chunk) {
  pages_.Open(chunk);
  page_left_ = 0;
  is_first_page_ = true;
  has_codes_ = false;
  dictionary_size_ = 0;
  dictionary_id_ = 0;
  has_rows_ = false;
  block_begin_ = 0;
  block_end_ = 0;
}

Status LeafReader::Placed(Status status) const {
  if (status.ok()) return status;
  const bool is_ours = std::string(status.code()).rfind("PARQUET_", 0) == 0;
  if (!is_ours) return status;
  const bool is_corrupt = std::string(status.code()) == "PARQUET_CORRUPT";
  std::string text = "column \"" + leaf_.path + (is_corrupt ? "\": " : "\" ") + status.detail();
  return Status::Error(status.code(), text + " (page at " + std::to_string(page_offset_) + ")");
}

void LeafReader::ReleasePages() {
  for (std::unique_ptr<Buffer>& page : held_) spare_.push_back(std::move(page));
  held_.clear();
  // One is enough, where pages are longer than batches.
  if (spare_.size() > 4) spare_.resize(4);
  decoder_.Release();
}

Status LeafReader::NextPage(bool* found) {
  for (;;) {
    if (page_) held_.push_back(std::move(page_));
    if (spare_.empty()) {
      page_ = std::make_unique<Buffer>();
    } else {
      page_ = std::move(spare_.back());
      spare_.pop_back();
    }
    page_offset_ = pages_.offset();
    Page page;
    RUNJOB_RETURN_IF_ERROR(pages_.Next(page_.get(), &page, found));
    if (!*found) return Status::Ok();
    page_offset_ = page.offset;
    const bool is_first = std::exchange(is_first_page_, false);
    if (page.header.type == static_cast<int>(PageType::kDictionary)) {
      if (!is_first) return Corrupt("a dictionary is not the first page");
      RUNJOB_RETURN_IF_ERROR(ReadDictionary(page));
      continue;
    }
    RUNJOB_RETURN_IF_ERROR(StartPage(page));
    if (page_left_ > 0) return Status::Ok();
  }
}

Status LeafReader::ReadDictionary(const Page& page) {
  const PageHeader& header = page.header;
  const auto encoding = static_cast<Encoding>(header.encoding);
  if (encoding != Encoding::kPlain && encoding != Encoding::kPlainDictionary) {
    return Unsupported("has a dictionary with encoding " + std::to_string(header.encoding));
  }
  // No value takes less than a bit, and no other than a boolean less than 4 bytes, or its own.
  const size_t least = leaf_.physical == Physical::kBoolean     ? 0
                       : leaf_.physical == Physical::kFixed     ? leaf_.length
                       : leaf_.physical == Physical::kByteArray ? 4
                                                                : PhysicalWidth(leaf_.physical);
  if (least == 0) return Unsupported("has a dictionary of booleans");
  if (header.values > page.body.size / least) {
    return Corrupt("its dictionary says that it has " + std::to_string(header.values) + " values, in " +
                   std::to_string(page.body.size) + " bytes");
  }
  // The page becomes the dictionary's own: its values may point there.
  const char* const begin = page_->data();
  std::swap(dictionary_page_, *page_);
  const Slice body(dictionary_page_.data() + (page.body.data - begin), page.body.size);
  RUNJOB_RETURN_IF_ERROR(dictionary_decoder_.Start(leaf_, Encoding::kPlain, body));
  char* physical = physical_.Reserve(header.values * PhysicalWidth(leaf_.physical));
  if (!dictionary_decoder_.Read(header.values, physical)) return Corrupt("its dictionary ends too early");
  char* values = dictionary_.Reserve(header.values * width_);
  RUNJOB_RETURN_IF_ERROR(converter_.Convert(physical, header.values, values));
  dictionary_size_ = header.values;
  dictionary_id_ = NextDictionaryId();
  return Status::Ok();
}

Status LeafReader::StartPage(const Page& page) {
  const PageHeader& header = page.header;
  Slice body = page.body;
  if (header.type == static_cast<int>(PageType::kDataV2)) {
    repetition_decoder_ = LevelDecoder(page.repetitions, leaf_.max_repetition);
    definition_decoder_ = LevelDecoder(page.definitions, leaf_.max_definition);
  } else if (!TakeLevels(header.repetition_encoding, header.values, leaf_.max_repetition, &body,
                         &repetition_decoder_) ||
             !TakeLevels(header.definition_encoding, header.values, leaf_.max_definition, &body,
                         &definition_decoder_)) {
    return Corrupt("the levels of a page are damaged");
  }
  page_left_ = header.values;
  const auto encoding = static_cast<Encoding>(header.encoding);
  has_codes_ = encoding == Encoding::kPlainDictionary || encoding == Encoding::kRleDictionary;
  if (!has_codes_) return decoder_.Start(leaf_, encoding, body);
  // A page without values may lack even this.
  const int width = body.size == 0 ? 0 : static_cast<uint8_t>(body.data[0]);
  if (width > 32) return Corrupt("the codes of a page have " + std::to_string(width) + " bits");
  codes_decoder_ = body.size == 0 ? RleDecoder() : RleDecoder(Slice(body.data + 1, body.size - 1), width);
  return Status::Ok();
}

Status LeafReader::ReadCodes(size_t count, uint32_t* codes) {
  if (count == 0) return Status::Ok();
  if (dictionary_id_ == 0) return Corrupt("it has codes, but no dictionary");
  if (!codes_decoder_.Read(count, codes)) return Corrupt("a page has fewer codes than rows");
  uint32_t highest = 0;
  for (size_t i = 0; i < count; i++) highest = std::max(highest, codes[i]);
  if (highest < dictionary_size_) return Status::Ok();
  return Corrupt("a code is " + std::to_string(highest) + ", but its dictionary has " +
                 std::to_string(dictionary_size_) + " values");
}

Status LeafReader::ReadValues(size_t count, char* out) {
  if (count == 0) return Status::Ok();
  char* physical = converter_.is_copy() ? out : physical_.Reserve(count * PhysicalWidth(leaf_.physical));
  if (!decoder_.Read(count, physical)) {
    if (decoder_.too_large()) return Unsupported("has values that take too much memory");
    return Corrupt("a page has fewer values than rows, or their lengths are wrong");
  }
  return converter_.is_copy() ? Status::Ok() : converter_.Convert(physical, count, out);
}

Status LeafReader::ReadAny(size_t count, char* out) {
  if (!has_codes_) return ReadValues(count, out);
  uint32_t* codes = codes_.As<uint32_t>(std::max(count, kVectorRows));
  RUNJOB_RETURN_IF_ERROR(ReadCodes(count, codes));
  GatherValues(dictionary_.data(), codes, count, width_, out);
  return Status::Ok();
}

void LeafReader::Spread(char* values, const uint8_t* definitions, size_t rows, size_t count) const {
  if (rows == count) return;
  const uint8_t most = leaf_.max_definition;
  switch (width_) {
    case 1:
      return SpreadWidth<1>(values, definitions, most, rows, count);
    case 4:
      return SpreadWidth<4>(values, definitions, most, rows, count);
    case 8:
      return SpreadWidth<8>(values, definitions, most, rows, count);
    default:
      return SpreadWidth<16>(values, definitions, most, rows, count);
  }
}

Status LeafReader::ReadFlat(size_t rows, Vector* vector) {
  ReleasePages();
  std::memset(validity_, 0, sizeof(validity_));
  uint32_t* codes = codes_.As<uint32_t>(kVectorRows);
  char* values = values_.Reserve(kVectorRows * width_);
  // Codes as long as all pages have them.
  enum { kNothing, kCodes, kValues } form = kNothing;
  size_t nulls = 0;
  for (size_t done = 0; done < rows;) {
    if (page_left_ == 0) {
      bool found = false;
      RUNJOB_RETURN_IF_ERROR(Placed(NextPage(&found)));
      if (!found) return Placed(Corrupt("its pages have fewer values than there are rows"));
    }
    const size_t n = std::min(rows - done, page_left_);
    bool all_valid = false;
    if (!definition_decoder_.Read(n, levels_, &all_valid)) return Placed(Corrupt("the levels of a page are damaged"));
    size_t count = n;
    if (all_valid) {
      SetBits(validity_, done, done + n);
    } else {
      count = 0;
      for (size_t i = 0; i < n; i++) {
        const bool is_valid = levels_[i] == leaf_.max_definition;
        count += is_valid;
        validity_[(done + i) / 64] |= uint64_t{is_valid} << (done + i) % 64;
      }
    }
    nulls += n - count;
    if (form == kNothing && count > 0) {
      form = has_codes_ ? kCodes : kValues;
      if (form == kCodes) {
        std::memset(codes, 0, done * sizeof(uint32_t));
      } else {
        std::memset(values, 0, done * width_);
      }
    }
    if (form == kCodes && !has_codes_ && count > 0) {
      GatherValues(dictionary_.data(), codes, done, width_, values);
      form = kValues;
    }
    if (form == kCodes) {
      RUNJOB_RETURN_IF_ERROR(Placed(ReadCodes(count, codes + done)));
      if (count < n) SpreadWidth<4>(reinterpret_cast<char*>(codes + done), levels_, leaf_.max_definition, n, count);
    } else if (form == kValues) {
      char* to = values + done * width_;
      RUNJOB_RETURN_IF_ERROR(Placed(ReadAny(count, to)));
      Spread(to, levels_, n, count);
    }
    done += n;
    page_left_ -= n;
  }
  if (form == kNothing) std::memset(values, 0, rows * width_);
  *vector = Vector();
  vector->type = &type_;
  vector->validity = nulls == 0 ? nullptr : validity_;
  if (form == kCodes) {
    vector->form = VectorForm::kDictionary;
    vector->values = dictionary_.data();
    vector->codes = codes;
    vector->entries = dictionary_size_;
    vector->dictionary = dictionary_id_;
  } else {
    vector->values = values;
  }
  return Status::Ok();
}

Status LeafReader::FillBlock(bool* found) {
  *found = true;
  if (page_left_ == 0) {
    RUNJOB_RETURN_IF_ERROR(NextPage(found));
    if (!*found) return Status::Ok();
  }
  const size_t n = std::min(kBlock, page_left_);
  bool all_most = false;
  bool ok = definition_decoder_.Read(n, block_definitions_, &all_most);
  if (all_most) std::memset(block_definitions_, leaf_.max_definition, n);
  ok = ok && repetition_decoder_.Read(n, block_repetitions_, &all_most);
  if (all_most) std::memset(block_repetitions_, leaf_.max_repetition, n);
  if (!ok) return Corrupt("the levels of a page are damaged");
  page_left_ -= n;
  block_begin_ = 0;
  block_end_ = n;
  return Status::Ok();
}

Status LeafReader::ReadNested(size_t rows) {
  ReleasePages();
  entries_ = 0;
  value_count_ = 0;
  size_t started = 0;
  for (;;) {
    if (block_begin_ == block_end_) {
      bool found = false;
      RUNJOB_RETURN_IF_ERROR(Placed(FillBlock(&found)));
      if (!found) {
        if (started == rows) return Status::Ok();
        return Placed(Corrupt("its pages have fewer values than there are rows"));
      }
    }
    size_t end = block_begin_;
    size_t count = 0;
    for (; end < block_end_; end++) {
      if (block_repetitions_[end] == 0) {
        if (started == rows) break;
        started++;
      } else if (started == 0) {
        return Placed(Corrupt("a row group begins in the middle of a row"));
      }
      count += block_definitions_[end] == leaf_.max_definition;
    }
    const size_t n = end - block_begin_;
    if (entries_ + n > kMaxEntries) return Placed(Unsupported("has lists that are too long"));
    std::memcpy(definitions_.Reserve(entries_ + n, entries_) + entries_, block_definitions_ + block_begin_, n);
    std::memcpy(repetitions_.Reserve(entries_ + n, entries_) + entries_, block_repetitions_ + block_begin_, n);
    char* values = values_.Reserve((value_count_ + count) * width_, value_count_ * width_);
    RUNJOB_RETURN_IF_ERROR(Placed(ReadAny(count, values + value_count_ * width_)));
    entries_ += n;
    value_count_ += count;
    block_begin_ = end;
    if (end < block_end_) return Status::Ok();
  }
}

Status LeafReader::Close() {
  bool found = page_left_ > 0 || block_begin_ < block_end_;
  if (!found && pages_.has_more()) RUNJOB_RETURN_IF_ERROR(Placed(NextPage(&found)));
  return found ? Placed(Corrupt("its pages have more values than there are rows")) : Status::Ok();
}

}  // namespace runjob::parquet
