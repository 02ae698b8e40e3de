#include "parquet/leaf_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "column/dictionary.h"
#include "parquet/bit_unpack.h"
#include "parquet/failure.h"

namespace runjob::parquet {

namespace {

// Entries of one batch: more would take memory without a bound.
constexpr size_t kMaxEntries = size_t{1} << 27;
// Rows of lists that are read at a time where they are only passed over.
constexpr uint64_t kSkippedRows = 64;
// Where less than this part of the values is wanted, the others are not converted.
constexpr size_t kSparse = 8;

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

void LeafReader::Open(Chunk chunk, uint64_t rows) {
  pages_.Open(chunk);
  page_left_ = 0;
  is_first_page_ = true;
  has_codes_ = false;
  dictionary_size_ = 0;
  dictionary_id_ = 0;
  block_begin_ = 0;
  block_end_ = 0;
  skipped_dictionary_ = 0;
  start_ = chunk.start;
  places_ = std::move(chunk.pages);
  next_place_ = 0;
  group_rows_ = rows;
  row_ = 0;
  skip_ = 0;
}

Status LeafReader::Placed(Status status) const {
  if (status.ok()) return status;
  const bool is_ours = std::string(status.code()).rfind("PARQUET_", 0) == 0;
  if (!is_ours) return status;
  const bool is_corrupt = std::string(status.code()) == "PARQUET_CORRUPT";
  std::string text = "column \"" + leaf_.path + (is_corrupt ? "\": " : "\" ") + status.detail();
  return Status::Error(status.code(), text + " (page at " + std::to_string(pages_.page_offset()) + ")");
}

void LeafReader::ReleasePages() {
  for (std::unique_ptr<Buffer>& page : held_) spare_.push_back(std::move(page));
  held_.clear();
  // One is enough, where pages are longer than batches.
  if (spare_.size() > 4) spare_.resize(4);
  decoder_.Release();
}

void LeafReader::NewPage() {
  if (page_) held_.push_back(std::move(page_));
  if (spare_.empty()) {
    page_ = std::make_unique<Buffer>();
  } else {
    page_ = std::move(spare_.back());
    spare_.pop_back();
  }
}

void LeafReader::Jump() {
  if (skip_ == 0 || places_.empty()) return;
  const uint64_t wanted = row_ + skip_;
  const auto after = std::upper_bound(places_.begin(), places_.end(), wanted,
                                      [](uint64_t row, const PagePlace& place) { return row < place.first_row; });
  const size_t place = static_cast<size_t>(after - places_.begin()) - 1;
  if (place < next_place_) return;
  if (is_first_page_ && start_ < places_[0].offset) skipped_dictionary_ = start_;
  is_first_page_ = false;
  page_left_ = 0;
  block_begin_ = 0;
  block_end_ = 0;
  next_place_ = place;
  row_ = places_[place].first_row;
  skip_ = wanted - row_;
  pages_.Seek(places_[place].offset);
}

Status LeafReader::NextPage(bool* found) {
  for (;;) {
    PageHeader header;
    RUNJOB_RETURN_IF_ERROR(pages_.Next(skip_ > 0, &header, found));
    if (!*found) return Status::Ok();
    const uint64_t offset = pages_.page_offset();
    const bool is_first = std::exchange(is_first_page_, false);
    if (header.type == static_cast<int>(PageType::kDictionary)) {
      if (!is_first) return Corrupt("a dictionary is not the first page");
      if (skip_ > 0) {
        skipped_dictionary_ = offset;
        pages_.Pass(header);
      } else {
        RUNJOB_RETURN_IF_ERROR(ReadDictionary(header));
      }
      continue;
    }
    if (leaf_.max_repetition == 0 && skip_ > 0 && header.values <= skip_) {
      if (!IsInPlace(header)) return Corrupt("its offset index is wrong");
      skip_ -= header.values;
      row_ += header.values;
      pages_.Pass(header);
      if (skip_ == 0) return Status::Ok();
      continue;
    }
    if (skipped_dictionary_ != 0) {
      pages_.Seek(std::exchange(skipped_dictionary_, 0));
      PageHeader first;
      RUNJOB_RETURN_IF_ERROR(pages_.Next(false, &first, found));
      if (*found && first.type == static_cast<int>(PageType::kDictionary))
        RUNJOB_RETURN_IF_ERROR(ReadDictionary(first));
      pages_.Seek(offset);
      continue;
    }
    if (!IsInPlace(header)) return Corrupt("its offset index is wrong");
    NewPage();
    Page page;
    RUNJOB_RETURN_IF_ERROR(pages_.Read(header, page_.get(), &page));
    RUNJOB_RETURN_IF_ERROR(StartPage(page));
    if (page_left_ > 0) return Status::Ok();
  }
}

bool LeafReader::IsInPlace(const PageHeader& header) {
  if (places_.empty()) return true;
  if (next_place_ == places_.size() || places_[next_place_].offset != pages_.page_offset()) return false;
  const uint64_t first = places_[next_place_++].first_row;
  const uint64_t end = next_place_ < places_.size() ? places_[next_place_].first_row : group_rows_;
  return leaf_.max_repetition > 0 || header.values == end - first;
}

Status LeafReader::FinishSkip() {
  Jump();
  while (skip_ > 0) {
    if (leaf_.max_repetition > 0) {
      // Where rows end is only known by their levels.
      const uint64_t rows = std::min(skip_, kSkippedRows);
      skip_ -= rows;
      RUNJOB_RETURN_IF_ERROR(ReadNestedRows(static_cast<size_t>(rows)));
      ReleasePages();
      continue;
    }
    size_t n = 0;
    if (block_begin_ < block_end_) {
      n = static_cast<size_t>(std::min<uint64_t>(skip_, block_end_ - block_begin_));
      const uint8_t* const levels = block_definitions_ + block_begin_;
      RUNJOB_RETURN_IF_ERROR(SkipValues(static_cast<size_t>(std::count(levels, levels + n, leaf_.max_definition))));
      block_begin_ += n;
    } else if (page_left_ > 0) {
      n = static_cast<size_t>(std::min<uint64_t>(skip_, page_left_));
      if (n < page_left_) RUNJOB_RETURN_IF_ERROR(SkipInPage(n));
      page_left_ -= n;
    } else {
      bool found = false;
      RUNJOB_RETURN_IF_ERROR(NextPage(&found));
      if (!found) return Corrupt("its pages have fewer values than there are rows");
    }
    skip_ -= n;
    row_ += n;
  }
  return Status::Ok();
}

Status LeafReader::SkipInPage(size_t rows) {
  for (size_t done = 0; done < rows;) {
    const size_t n = std::min(kVectorRows, rows - done);
    bool all_valid = false;
    if (!definition_decoder_.Read(n, levels_, &all_valid)) return Corrupt("the levels of a page are damaged");
    RUNJOB_RETURN_IF_ERROR(
        SkipValues(all_valid ? n : static_cast<size_t>(std::count(levels_, levels_ + n, leaf_.max_definition))));
    done += n;
  }
  return Status::Ok();
}

Status LeafReader::SkipValues(size_t count) {
  if (has_codes_ ? codes_decoder_.Skip(count) : decoder_.Skip(count)) return Status::Ok();
  return Corrupt("a page has fewer values than rows, or their lengths are wrong");
}

Status LeafReader::ReadDictionary(const PageHeader& header) {
  const auto encoding = static_cast<Encoding>(header.encoding);
  if (encoding != Encoding::kPlain && encoding != Encoding::kPlainDictionary) {
    return Unsupported("has a dictionary with encoding " + std::to_string(header.encoding));
  }
  Page page;
  RUNJOB_RETURN_IF_ERROR(pages_.Read(header, &dictionary_page_, &page));
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
  RUNJOB_RETURN_IF_ERROR(dictionary_decoder_.Start(leaf_, Encoding::kPlain, page.body));
  char* physical = physical_.Reserve(header.values * PhysicalWidth(leaf_.physical));
  if (!dictionary_decoder_.Read(header.values, physical)) return Corrupt("its dictionary ends too early");
  char* values = dictionary_.Reserve(header.values * width_);
  RUNJOB_RETURN_IF_ERROR(converter_.Convert(physical, header.values, values));
  dictionary_size_ = header.values;
  dictionary_id_ = NewDictionary();
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
  const uint32_t highest = Highest(codes, count);
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

Status LeafReader::ReadSelected(size_t count, const uint16_t* selection, size_t selected, size_t first, char* out) {
  const uint16_t* const begin = std::lower_bound(selection, selection + selected, first);
  const uint16_t* const end = std::lower_bound(begin, selection + selected, first + count);
  const size_t n = static_cast<size_t>(end - begin);
  char* physical = physical_.Reserve(n * PhysicalWidth(leaf_.physical));
  if (!decoder_.ReadAt(count, begin, n, first, physical)) {
    return Corrupt("a page has fewer values than rows, or their lengths are wrong");
  }
  char* converted = converted_.Reserve(n * width_);
  RUNJOB_RETURN_IF_ERROR(converter_.Convert(physical, n, converted));
  // Others may be looked at, as long as it makes no difference.
  std::memset(out + first * width_, 0, count * width_);
  for (size_t i = 0; i < n; i++) std::memcpy(out + begin[i] * width_, converted + i * width_, width_);
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

Status LeafReader::ReadFlat(size_t rows, const uint16_t* selection, size_t count, Vector* vector) {
  ReleasePages();
  RUNJOB_RETURN_IF_ERROR(Placed(FinishSkip()));
  std::memset(validity_, 0, sizeof(validity_));
  uint32_t* codes = codes_.As<uint32_t>(kVectorRows);
  char* values = values_.Reserve(kVectorRows * width_);
  const bool is_sparse = selection != nullptr && count < rows / kSparse && !converter_.is_copy();
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
    size_t present = n;
    if (all_valid) {
      SetBits(validity_, done, done + n);
    } else {
      present = 0;
      for (size_t i = 0; i < n; i++) {
        const bool is_valid = levels_[i] == leaf_.max_definition;
        present += is_valid;
        validity_[(done + i) / 64] |= uint64_t{is_valid} << (done + i) % 64;
      }
    }
    nulls += n - present;
    if (form == kNothing && present > 0) {
      form = has_codes_ ? kCodes : kValues;
      if (form == kCodes) {
        std::memset(codes, 0, done * sizeof(uint32_t));
      } else {
        std::memset(values, 0, done * width_);
      }
    }
    if (form == kCodes && !has_codes_ && present > 0) {
      GatherValues(dictionary_.data(), codes, done, width_, values);
      form = kValues;
    }
    if (form == kCodes) {
      RUNJOB_RETURN_IF_ERROR(Placed(ReadCodes(present, codes + done)));
      if (present < n) SpreadWidth<4>(reinterpret_cast<char*>(codes + done), levels_, leaf_.max_definition, n, present);
    } else if (form == kValues && is_sparse && present == n && !has_codes_ && decoder_.has_places()) {
      RUNJOB_RETURN_IF_ERROR(Placed(ReadSelected(n, selection, count, done, values)));
    } else if (form == kValues) {
      char* to = values + done * width_;
      RUNJOB_RETURN_IF_ERROR(Placed(ReadAny(present, to)));
      Spread(to, levels_, n, present);
    }
    done += n;
    page_left_ -= n;
    row_ += n;
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
  RUNJOB_RETURN_IF_ERROR(Placed(FinishSkip()));
  return Placed(ReadNestedRows(rows));
}

Status LeafReader::ReadNestedRows(size_t rows) {
  row_ += rows;
  entries_ = 0;
  value_count_ = 0;
  size_t started = 0;
  for (;;) {
    if (block_begin_ == block_end_) {
      bool found = false;
      RUNJOB_RETURN_IF_ERROR(FillBlock(&found));
      if (!found) {
        if (started == rows) return Status::Ok();
        return Corrupt("its pages have fewer values than there are rows");
      }
    }
    size_t end = block_begin_;
    size_t count = 0;
    for (; end < block_end_; end++) {
      if (block_repetitions_[end] == 0) {
        if (started == rows) break;
        started++;
      } else if (started == 0) {
        return Corrupt("a row group begins in the middle of a row");
      }
      count += block_definitions_[end] == leaf_.max_definition;
    }
    const size_t n = end - block_begin_;
    if (entries_ + n > kMaxEntries) return Unsupported("has lists that are too long");
    std::memcpy(definitions_.Reserve(entries_ + n, entries_) + entries_, block_definitions_ + block_begin_, n);
    std::memcpy(repetitions_.Reserve(entries_ + n, entries_) + entries_, block_repetitions_ + block_begin_, n);
    char* values = values_.Reserve((value_count_ + count) * width_, value_count_ * width_);
    RUNJOB_RETURN_IF_ERROR(ReadAny(count, values + value_count_ * width_));
    entries_ += n;
    value_count_ += count;
    block_begin_ = end;
    if (end < block_end_) return Status::Ok();
  }
}

Status LeafReader::Close() {
  if (skip_ > 0) return Status::Ok();
  bool found = page_left_ > 0 || block_begin_ < block_end_;
  if (!found && pages_.has_more()) RUNJOB_RETURN_IF_ERROR(Placed(NextPage(&found)));
  return found ? Placed(Corrupt("its pages have more values than there are rows")) : Status::Ok();
}

}  // namespace runjob::parquet
