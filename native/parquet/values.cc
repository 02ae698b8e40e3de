#include "parquet/values.h"

#include <algorithm>
#include <cstring>

#include "column/vector.h"
#include "parquet/failure.h"

namespace runjob::parquet {

size_t PhysicalWidth(Physical physical) {
  switch (physical) {
    case Physical::kBoolean:
      return 1;
    case Physical::kInt32:
    case Physical::kFloat:
      return 4;
    case Physical::kInt64:
    case Physical::kDouble:
      return 8;
    case Physical::kInt96:
      return 12;
    case Physical::kByteArray:
    case Physical::kFixed:
      return sizeof(StringView);
  }
  return 0;
}

Status ValueDecoder::Start(const Leaf& leaf, Encoding encoding, Slice values) {
  physical_ = leaf.physical;
  encoding_ = encoding;
  length_ = physical_ == Physical::kFixed ? leaf.length : PhysicalWidth(physical_);
  next_ = values.data;
  end_ = values.data + values.size;
  bit_ = 0;
  read_ = 0;
  too_large_ = false;
  const bool is_number = physical_ == Physical::kInt32 || physical_ == Physical::kInt64;
  const bool is_bytes = physical_ == Physical::kByteArray || physical_ == Physical::kFixed;
  bool ok = true;
  switch (encoding) {
    case Encoding::kPlain:
      return Status::Ok();
    case Encoding::kRle: {
      if (physical_ != Physical::kBoolean) break;
      uint32_t size = 0;
      if (values.size >= 4) std::memcpy(&size, values.data, 4);
      if (values.size < 4 || size > values.size - 4) return Corrupt("the length of its booleans is wrong");
      rle_ = RleDecoder(Slice(values.data + 4, size), 1);
      return Status::Ok();
    }
    case Encoding::kDeltaBinaryPacked:
      if (!is_number) break;
      ok = delta_.Start(values);
      return ok ? Status::Ok() : Corrupt("its differences are damaged");
    case Encoding::kDeltaLengthByteArray:
      if (physical_ != Physical::kByteArray) break;
      return StartLengths(values) ? Status::Ok() : Corrupt("the lengths of its values are damaged");
    case Encoding::kDeltaByteArray: {
      if (!is_bytes) break;
      size_t end = 0;
      ok = DeltaDecoder::End(values, &end) && prefixes_.Start(values) &&
           StartLengths(Slice(values.data + end, values.size - end));
      last_.clear();
      return ok ? Status::Ok() : Corrupt("the lengths of its values are damaged");
    }
    case Encoding::kByteStreamSplit:
      if (physical_ == Physical::kBoolean || physical_ == Physical::kByteArray || physical_ == Physical::kInt96) break;
      if (values.size % length_ != 0) return Corrupt("its values do not end where a value ends");
      values_ = values.size / length_;
      return Status::Ok();
    default:
      break;
  }
  return Unsupported("has encoding " + std::to_string(static_cast<int>(encoding)) + ", which its type cannot have");
}

bool ValueDecoder::StartLengths(Slice values) {
  size_t end = 0;
  if (!DeltaDecoder::End(values, &end) || !delta_.Start(values)) return false;
  next_ = values.data + end;
  return true;
}

bool ValueDecoder::Read(size_t count, void* out) {
  switch (encoding_) {
    case Encoding::kPlain:
      return ReadPlain(count, out);
    case Encoding::kRle: {
      constexpr size_t kBlock = 256;
      uint32_t block[kBlock];
      auto* bytes = static_cast<uint8_t*>(out);
      for (size_t done = 0; done < count;) {
        const size_t n = std::min(kBlock, count - done);
        if (!rle_.Read(n, block)) return false;
        for (size_t i = 0; i < n; i++) bytes[done + i] = static_cast<uint8_t>(block[i]);
        done += n;
      }
      return true;
    }
    case Encoding::kDeltaBinaryPacked:
      return ReadDelta(count, out);
    case Encoding::kDeltaLengthByteArray:
      return ReadDeltaLengths(count, out);
    case Encoding::kDeltaByteArray:
      return ReadDeltaBytes(count, out);
    default:
      return ReadSplit(count, out);
  }
}

bool ValueDecoder::Skip(size_t count) {
  switch (encoding_) {
    case Encoding::kPlain:
      return SkipPlain(count);
    case Encoding::kRle:
      return rle_.Skip(count);
    case Encoding::kByteStreamSplit:
      if (count > values_ - read_) return false;
      read_ += count;
      return true;
    default:
      break;
  }
  // Each value depends on the one before it.
  constexpr size_t kBlock = 256;
  alignas(16) char values[kBlock * sizeof(StringView)];
  for (size_t done = 0; done < count;) {
    const size_t n = std::min(kBlock, count - done);
    if (!Read(n, values)) return false;
    Release();
    done += n;
  }
  return true;
}

bool ValueDecoder::SkipPlain(size_t count) {
  const size_t left = static_cast<size_t>(end_ - next_);
  if (physical_ == Physical::kBoolean) {
    if (bit_ + count > left * 8) return false;
    bit_ += count;
    return true;
  }
  if (physical_ != Physical::kByteArray) {
    if (count > left / length_) return false;
    next_ += count * length_;
    return true;
  }
  for (size_t i = 0; i < count; i++) {
    if (end_ - next_ < 4) return false;
    uint32_t size;
    std::memcpy(&size, next_, 4);
    next_ += 4;
    if (size > static_cast<size_t>(end_ - next_)) return false;
    next_ += size;
  }
  return true;
}

bool ValueDecoder::has_places() const {
  return encoding_ == Encoding::kPlain && physical_ != Physical::kBoolean && physical_ != Physical::kByteArray &&
         physical_ != Physical::kFixed;
}

bool ValueDecoder::ReadAt(size_t count, const uint16_t* places, size_t n, size_t first, void* out) {
  if (count > static_cast<size_t>(end_ - next_) / length_) return false;
  const auto copy = [&]<class T>(T* to) {
    for (size_t i = 0; i < n; i++) std::memcpy(&to[i], next_ + (places[i] - first) * sizeof(T), sizeof(T));
  };
  switch (length_) {
    case 4:
      copy(static_cast<uint32_t*>(out));
      break;
    case 8:
      copy(static_cast<uint64_t*>(out));
      break;
    default:
      copy(static_cast<Int96*>(out));
  }
  next_ += count * length_;
  return true;
}

bool ValueDecoder::ReadPlain(size_t count, void* out) {
  const size_t left = static_cast<size_t>(end_ - next_);
  if (physical_ == Physical::kBoolean) {
    if (bit_ + count > left * 8) return false;
    auto* bytes = static_cast<uint8_t*>(out);
    for (size_t i = 0; i < count; i++, bit_++) bytes[i] = static_cast<uint8_t>(next_[bit_ / 8]) >> (bit_ % 8) & 1;
    return true;
  }
  if (physical_ == Physical::kByteArray) {
    auto* views = static_cast<StringView*>(out);
    const char* next = next_;
    for (size_t i = 0; i < count; i++) {
      if (end_ - next < 4) return false;
      uint32_t size;
      std::memcpy(&size, next, 4);
      next += 4;
      if (size > static_cast<size_t>(end_ - next)) return false;
      if (size <= StringView::kInline) {
        // Loads past the value are of the page or its padding.
        uint64_t low, high;
        std::memcpy(&low, next, 8);
        std::memcpy(&high, next + 8, 8);
        const uint64_t words[2] = {size >= 8 ? low : low & ((uint64_t{1} << size * 8) - 1),
                                   size <= 8 ? 0 : high & ((uint64_t{1} << (size - 8) * 8) - 1)};
        views[i].size = size;
        std::memcpy(views[i].head, words, 4);
        std::memcpy(views[i].rest, reinterpret_cast<const char*>(words) + 4, 8);
      } else {
        views[i] = StringView(Slice(next, size));
      }
      next += size;
    }
    next_ = next;
    return true;
  }
  if (count > left / length_) return false;
  if (physical_ == Physical::kFixed) {
    auto* views = static_cast<StringView*>(out);
    for (size_t i = 0; i < count; i++) views[i] = StringView(Slice(next_ + i * length_, length_));
  } else if (count > 0) {
    std::memcpy(out, next_, count * length_);
  }
  next_ += count * length_;
  return true;
}

bool ValueDecoder::ReadDelta(size_t count, void* out) {
  if (physical_ == Physical::kInt64) return delta_.Read(count, static_cast<int64_t*>(out));
  auto* numbers = static_cast<int32_t*>(out);
  constexpr size_t kBlock = 256;
  int64_t block[kBlock];
  for (size_t done = 0; done < count;) {
    const size_t n = std::min(kBlock, count - done);
    if (!delta_.Read(n, block)) return false;
    // Differences are modulo 2^32.
    for (size_t i = 0; i < n; i++) numbers[done + i] = static_cast<int32_t>(block[i]);
    done += n;
  }
  return true;
}

bool ValueDecoder::ReadDeltaLengths(size_t count, void* out) {
  auto* views = static_cast<StringView*>(out);
  constexpr size_t kBlock = 256;
  int64_t lengths[kBlock];
  for (size_t done = 0; done < count;) {
    const size_t n = std::min(kBlock, count - done);
    if (!delta_.Read(n, lengths)) return false;
    for (size_t i = 0; i < n; i++) {
      if (lengths[i] < 0 || lengths[i] > end_ - next_) return false;
      views[done + i] = StringView(Slice(next_, static_cast<size_t>(lengths[i])));
      next_ += lengths[i];
    }
    done += n;
  }
  return true;
}

bool ValueDecoder::ReadDeltaBytes(size_t count, void* out) {
  auto* views = static_cast<StringView*>(out);
  constexpr size_t kBlock = 256;
  int64_t prefixes[kBlock];
  int64_t suffixes[kBlock];
  for (size_t done = 0; done < count;) {
    const size_t n = std::min(kBlock, count - done);
    if (!prefixes_.Read(n, prefixes) || !delta_.Read(n, suffixes)) return false;
    for (size_t i = 0; i < n; i++) {
      if (prefixes[i] < 0 || prefixes[i] > static_cast<int64_t>(last_.size())) return false;
      if (suffixes[i] < 0 || suffixes[i] > end_ - next_) return false;
      last_.resize(static_cast<size_t>(prefixes[i]));
      last_.append(next_, static_cast<size_t>(suffixes[i]));
      next_ += suffixes[i];
      if (physical_ == Physical::kFixed && last_.size() != length_) return false;
      if (last_.size() <= StringView::kInline) {
        views[done + i] = StringView(Slice(last_));
        continue;
      }
      char* copy = Allocate(last_.size());
      if (copy == nullptr) return false;
      std::memcpy(copy, last_.data(), last_.size());
      views[done + i] = StringView(Slice(copy, last_.size()));
    }
    done += n;
  }
  return true;
}

bool ValueDecoder::ReadSplit(size_t count, void* out) {
  if (count > values_ - read_) return false;
  const bool is_fixed = physical_ == Physical::kFixed;
  char* to = static_cast<char*>(out);
  if (is_fixed && count > 0) {
    to = Allocate(count * length_);
    if (to == nullptr) return false;
  }
  for (size_t byte = 0; byte < length_; byte++) {
    const char* from = next_ + byte * values_ + read_;
    for (size_t i = 0; i < count; i++) to[i * length_ + byte] = from[i];
  }
  if (is_fixed) {
    auto* views = static_cast<StringView*>(out);
    for (size_t i = 0; i < count; i++) views[i] = StringView(Slice(to + i * length_, length_));
  }
  read_ += count;
  return true;
}

char* ValueDecoder::Allocate(size_t bytes) {
  made_ += bytes;
  if (made_ > kMaxMadeBytes) {
    too_large_ = true;
    return nullptr;
  }
  if (bytes > block_left_) {
    const size_t size = std::max(bytes, kBlockBytes);
    blocks_.push_back(std::unique_ptr<char[]>(new char[size]));
    block_left_ = size;
    block_next_ = blocks_.back().get();
  }
  char* place = block_next_;
  block_next_ += bytes;
  block_left_ -= bytes;
  return place;
}

void ValueDecoder::Release() {
  // Memory that is used again need not be got again; only that of long values is given back.
  if (blocks_.size() > 1) blocks_.clear();
  if (blocks_.empty()) {
    block_left_ = 0;
  } else {
    block_left_ += static_cast<size_t>(block_next_ - blocks_[0].get());
    block_next_ = blocks_[0].get();
  }
  made_ = 0;
}

}  // namespace runjob::parquet
