// What fuzz targets share: bytes taken apart into decisions, and a stop that libFuzzer reports with the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "record/batch_sink.h"
#include "record/cursor.h"
#include "run/run_block.h"
#include "testing/expect.h"

namespace runjob::fuzz {

// Decisions from the front of the input; what is left is content. An input that has ended decides 0.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(reinterpret_cast<const char*>(data)), left_(size) {}

  uint8_t Byte() { return left_ == 0 ? 0 : static_cast<uint8_t>(*Take(1)); }
  bool Flag() { return (Byte() & 1) != 0; }
  uint32_t Below(uint32_t end) { return Byte() % end; }
  uint32_t Word() {
    uint32_t word = 0;
    for (int i = 0; i < 4; i++) word = word << 8 | Byte();
    return word;
  }
  // Up to 255 bytes.
  std::string Text() {
    const size_t size = std::min<size_t>(Byte(), left_);
    return std::string(Take(size), size);
  }
  std::string Rest() {
    const size_t size = left_;
    return std::string(Take(size), size);
  }
  bool empty() const { return left_ == 0; }

 private:
  const char* Take(size_t size) {
    const char* taken = data_;
    data_ += size;
    left_ -= size;
    return taken;
  }

  const char* data_;
  size_t left_;
};

// Calls push(chunk, is_last) for pieces of a content until it returns false. Each piece is memory of its own,
// exactly as long as it is, so that AddressSanitizer sees every byte read beyond it.
template <class Push>
void ForEachChunk(const std::string& content, size_t chunk_bytes, Push&& push) {
  size_t at = 0;
  do {
    const size_t size = std::min(chunk_bytes == 0 ? content.size() : chunk_bytes, content.size() - at);
    const std::unique_ptr<char[]> copy(new char[size]);
    if (size > 0) std::memcpy(copy.get(), content.data() + at, size);
    at += size;
    if (!push(Slice(copy.get(), size), at == content.size())) return;
  } while (at < content.size());
}

// Keeps the keys it is given, in order.
class KeyRecorder final : public BatchSink {
 public:
  Status Add(const RecordBatch& batch) override {
    for (size_t i = 0; i < batch.count; i++) keys.push_back(batch.key(i).ToString());
    return Status::Ok();
  }

  std::vector<std::string> keys;
};

struct OwnRecord {
  std::string key;
  std::string value;
  bool operator==(const OwnRecord& other) const { return key == other.key && value == other.value; }
};

// A cursor over records in memory. Each key and value is memory of its own.
class RecordsCursor final : public Cursor {
 public:
  explicit RecordsCursor(std::vector<OwnRecord> records) : records_(std::move(records)) {}

 private:
  Status Read() override {
    if (next_ == records_.size()) return Status::Ok();
    Slice key, value;
    Own(records_[next_].key, &key_bytes_, &key);
    Own(records_[next_].value, &value_bytes_, &value);
    SetReady(key, value);
    next_++;
    return Status::Ok();
  }

  static void Own(const std::string& from, std::unique_ptr<char[]>* bytes, Slice* slice) {
    bytes->reset(new char[from.size()]);
    if (!from.empty()) std::memcpy(bytes->get(), from.data(), from.size());
    *slice = Slice(bytes->get(), from.size());
  }

  std::vector<OwnRecord> records_;
  std::unique_ptr<char[]> key_bytes_;
  std::unique_ptr<char[]> value_bytes_;
  size_t next_ = 0;
};

// Reads a cursor to its end, or to its first error.
inline Status ReadAll(Cursor* cursor, std::vector<OwnRecord>* out) {
  RUNJOB_RETURN_IF_ERROR(cursor->Start());
  while (cursor->valid()) {
    out->push_back({cursor->key().ToString(), cursor->value().ToString()});
    RUNJOB_RETURN_IF_ERROR(cursor->Next());
  }
  return Status::Ok();
}

// The payloads of blocks that hold the records, as a run's writer fills them.
inline std::vector<std::string> EncodeBlocks(const std::vector<OwnRecord>& records, size_t capacity) {
  std::vector<std::string> payloads;
  BlockEncoder encoder(capacity);
  const auto finish = [&] {
    payloads.push_back(encoder.Finish().ToString());
    EXPECT(payloads.back().size() <= capacity);
    encoder.Clear();
  };
  for (const OwnRecord& record : records) {
    if (encoder.Add(record.key, record.value)) continue;
    finish();
    if (encoder.Add(record.key, record.value)) continue;
    std::string one(BlockEncoder::SizeOfOne(record.key, record.value), '\0');
    BlockEncoder::PutOne(record.key, record.value, one.data());
    payloads.push_back(std::move(one));
  }
  finish();
  return payloads;
}

}  // namespace runjob::fuzz
