#include "run/run_block.h"

namespace runjob {
namespace {

struct Masks {
  KeyHead of[kHeadBytes + 1] = {};  // of the first n bytes

  constexpr Masks() {
    for (size_t n = 0; n <= kHeadBytes; n++) of[n] = (KeyHead{1} << 8 * n) - 1;
  }
};
constexpr Masks kMasks;

// A long key that shares less than one byte in four is cheaper to write and read whole.
constexpr size_t kWorthSharing = 4;
constexpr size_t kPrefetched = 512;    // bytes
constexpr size_t kLongKeyRoom = 4096;  // for those of a batch; one key may have more

char* PutKeySizes(char* p, size_t shared, size_t rest) {
  *p++ = static_cast<char>(std::min(shared, kMuch) << 4 | std::min(rest, kMuch));
  if (shared >= kMuch) p = PutVarint(p, shared - kMuch);
  if (rest >= kMuch) p = PutVarint(p, rest - kMuch);
  return p;
}

}  // namespace

bool BlockEncoder::Prepare(Slice key, Slice value) {
  if ((value.size & size_mask_) != value_size_) {
    if (!empty()) return false;
    if (has_form_) {
      SetForm(kOwnSizes, 0);
    } else if (value.size == sizeof(uint64_t) && Load64(value.data) >> kLargeNumberBits == 0) {
      SetForm(kNumbers, value.size);
    } else if (value.size <= limit_) {
      SetForm(kSameSize, value.size);
    } else {
      return false;
    }
  }
  return key.size + value.size < free_;
}

void BlockEncoder::SetForm(uint32_t form, size_t value_size) {
  has_form_ = true;
  form_ = form;
  size_mask_ = form == kOwnSizes ? 0 : SIZE_MAX;
  value_size_ = value_size;
}

char* BlockEncoder::PutLongKey(Slice key, KeyHead head) {
  const bool after_long = last_size_ > kHeadBytes;
  size_t shared = std::min(SharedBytes(head), last_size_);
  if (shared == kHeadBytes && after_long) shared = CommonPrefix(key, last_long_, kHeadBytes, key.size);
  if (shared < key.size / kWorthSharing) shared = 0;
  const size_t rest = key.size - shared;
  char* const p = PutKeySizes(end_, shared, rest);
  char* const end = CopyBytes(p, key.data + shared, rest);
  if (shared == 0) {
    last_long_ = Slice(p, rest);
  } else {
    held_key_.assign(key.data, key.size);
    last_long_ = held_key_;
  }
  return end;
}

Slice BlockEncoder::Finish() {
  std::memset(end_, 0, kBlockPadding);
  std::memcpy(buffer_.get(), &form_, sizeof(form_));
  if (form_ == kSameSize) {
    const uint32_t form = kSameSize + static_cast<uint32_t>(value_size_);
    std::memcpy(buffer_.get(), &form, sizeof(form));
  }
  return Slice(buffer_.get(), static_cast<size_t>(end_ - buffer_.get()) + kBlockPadding);
}

void BlockEncoder::Clear() {
  if (form_ == kNumbers && large_numbers_ > records_ / 2) SetForm(kSameSize, value_size_);
  end_ = buffer_.get() + kFormBytes;
  free_ = limit_ - std::min(limit_, kFormBytes + kMaxRecordOverhead + kBlockPadding);
  records_ = 0;
  large_numbers_ = 0;
  last_head_[0] = last_head_[1] = 0;
  last_size_ = 0;
}

size_t BlockEncoder::SizeOfOne(Slice key, Slice value) {
  char sizes[kMaxRecordOverhead];
  const size_t overhead = static_cast<size_t>(PutKeySizes(sizes, 0, key.size) - sizes) + VarintSize(value.size);
  return kFormBytes + overhead + key.size + value.size + kBlockPadding;
}

void BlockEncoder::PutOne(Slice key, Slice value, char* payload) {
  const uint32_t form = kOwnSizes;
  std::memcpy(payload, &form, sizeof(form));
  char* p = CopyBytes(PutKeySizes(payload + kFormBytes, 0, key.size), key.data, key.size);
  p = CopyBytes(PutVarint(p, value.size), value.data, value.size);
  std::memset(p, 0, kBlockPadding);
}

bool BlockDecoder::Begin(Slice payload) {
  if (payload.size < kFormBytes + kBlockPadding) return false;
  std::memcpy(&form_, payload.data, sizeof(form_));
  p_ = payload.data + kFormBytes;
  end_ = payload.data + payload.size - kBlockPadding;
  last_head_ = 0;
  last_key_ = Slice();
  return true;
}

bool BlockDecoder::Read(const SortedRecord** begin, const SortedRecord** end) {
  *begin = *end = records_.get();
  if (p_ == end_) return true;
  switch (form_) {
    case kOwnSizes:
      return ReadBatch<kOwnSizes>(end);
    case kNumbers:
      return ReadBatch<kNumbers>(end);
    default:
      return ReadBatch<kSameSize>(end);
  }
}

template <uint32_t form>
bool BlockDecoder::ReadBatch(const SortedRecord** end) {
  const ptrdiff_t same_size = static_cast<ptrdiff_t>(form_) - kSameSize;
  const char* p = p_;
  const char* const stop = end_;
  KeyHead head = last_head_;
  size_t size = last_key_.size;
  SortedRecord* const records = records_.get();
  size_t n = 0;
  long_used_ = 0;
  const char* const enough = p + std::min<ptrdiff_t>(stop - p, kBatchBytes);
  for (; n < kBatch && p < enough; n++) {
    SortedRecord* const record = records + n;
    const size_t shared = static_cast<uint8_t>(*p) >> 4;
    const size_t rest = static_cast<uint8_t>(*p) & 15;
    if (shared == kMuch || rest == kMuch || shared + rest > kHeadBytes) {
      const Found found = ReadLongKey(&p, n);
      if (found == Found::kNoRoom) break;
      if (found == Found::kNothing) return false;
      size = record->key.size;
      head = HeadOf(record->key);
    } else {
      if (shared > size) return false;
      KeyHead added;
      std::memcpy(&added, p + 1, sizeof(added));  // there are as many after every record
      size = shared + rest;
      head = ((head & kMasks.of[shared]) | added << 8 * shared) & kMasks.of[size];
      p += 1 + rest;
      StoreHead(head, &short_keys_[n]);
      record->key = Slice(reinterpret_cast<const char*>(&short_keys_[n]), size);
    }
    record->head = OrderedHeadOf(head, size);

    if constexpr (form == kSameSize) {
      if (stop - p < same_size) return false;
      record->value = Slice(p, static_cast<size_t>(same_size));
      p += same_size;
    } else {
      uint64_t number;
      if (p < stop && static_cast<uint8_t>(*p) < 128) {
        number = static_cast<uint8_t>(*p++);
      } else {
        if (p >= stop) return false;
        p = GetVarint(p, stop, &number);
        if (p == nullptr) return false;
      }
      if constexpr (form == kNumbers) {
        numbers_[n] = number;
        record->value = Slice(reinterpret_cast<const char*>(&numbers_[n]), sizeof(number));
      } else {
        if (number > static_cast<size_t>(stop - p)) return false;
        record->value = Slice(p, number);
        p += number;
      }
    }
  }
  // For the next batch: the processor only prefetches some of a wide merge's many streams on its own.
  for (size_t ahead = 0; ahead < kPrefetched; ahead += 64) __builtin_prefetch(p + ahead);
  p_ = p;
  last_head_ = head;
  if (n > 0) last_key_ = records[n - 1].key;
  *end = records + n;
  return true;
}

// One that is longer than a head, or that shares or adds more bytes than fit into half a byte.
BlockDecoder::Found BlockDecoder::ReadLongKey(const char** from, size_t index) {
  const char* p = *from;
  uint64_t shared = static_cast<uint8_t>(*p) >> 4;
  uint64_t rest = static_cast<uint8_t>(*p++) & 15;
  for (uint64_t* part : {&shared, &rest}) {
    if (*part < kMuch) continue;
    p = GetVarint(p, end_, part);
    if (p == nullptr || *part > SIZE_MAX / 4) return Found::kNothing;
    *part += kMuch;
  }
  SortedRecord* const record = &records_[index];
  const Slice last = index == 0 ? last_key_ : record[-1].key;
  if (shared > last.size || rest > static_cast<size_t>(end_ - p)) return Found::kNothing;
  if (shared == 0) {
    record->key = Slice(p, rest);
  } else {
    const size_t size = shared + rest;
    if (size > long_keys_.size() - long_used_) {
      if (index > 0) return Found::kNoRoom;
      std::vector<char> larger(std::max(size, kLongKeyRoom));
      std::memcpy(larger.data(), last.data, shared);
      long_keys_.swap(larger);
    } else {
      // The last key of the batch before may lie here.
      std::memmove(long_keys_.data() + long_used_, last.data, shared);
    }
    char* const key = long_keys_.data() + long_used_;
    std::memcpy(key + shared, p, rest);
    long_used_ += size;
    record->key = Slice(key, size);
  }
  *from = p + rest;
  __builtin_prefetch(*from + kPrefetched);
  __builtin_prefetch(*from + kPrefetched + 64);
  return Found::kKey;
}

}  // namespace runjob
