#include "avro/writer.h"

#include <cstring>
#include <utility>

#include "compress/crc32.h"
#include "compress/snappy_writer.h"

namespace runjob::avro {

namespace {

using Int128 = __int128;

// As other writers do.
constexpr size_t kBlockBytes = 64'000;

void AppendLong(int64_t value, std::string* out) {
  uint64_t bits = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 128; bits >>= 7) out->push_back(static_cast<char>(bits | 128));
  out->push_back(static_cast<char>(bits));
}

void AppendBytes(Slice bytes, std::string* out) {
  AppendLong(static_cast<int64_t>(bytes.size), out);
  out->append(bytes.data, bytes.size);
}

// Big endian, two's complement, as few bytes as can be.
void AppendDecimal(Int128 unscaled, std::string* out) {
  char bytes[16];
  size_t size = 0;
  for (bool is_whole = false; !is_whole; size++) {
    const auto byte = static_cast<int8_t>(unscaled & 0xff);
    bytes[15 - size] = static_cast<char>(byte);
    unscaled >>= 8;
    is_whole = unscaled == (byte < 0 ? -1 : 0);
  }
  AppendBytes(Slice(bytes + 16 - size, size), out);
}

void AppendValue(const Field& field, const Vector& column, size_t row, std::string* out) {
  if (field.nullable) {
    const bool is_valid = column.valid(row);
    out->push_back(is_valid ? 2 : 0);  // the second branch, or the first
    if (!is_valid) return;
  }
  switch (field.type.id) {
    case TypeId::kBoolean:
      out->push_back(static_cast<char>(column.at<uint8_t>(row)));
      return;
    case TypeId::kInt:
    case TypeId::kDate:
      AppendLong(column.at<int32_t>(row), out);
      return;
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      AppendLong(column.at<int64_t>(row), out);
      return;
    case TypeId::kDouble: {
      char bytes[sizeof(double)];
      std::memcpy(bytes, &column.at<double>(row), sizeof(bytes));
      out->append(bytes, sizeof(bytes));
      return;
    }
    case TypeId::kDecimal:
      AppendDecimal(field.type.is_wide() ? column.at<Int128>(row) : column.at<int64_t>(row), out);
      return;
    case TypeId::kString:
    case TypeId::kBinary:
      AppendBytes(column.at<StringView>(row).slice(), out);
      return;
    case TypeId::kList: {
      const ListRange range = column.at<ListRange>(row);
      if (range.count > 0) AppendLong(range.count, out);
      for (uint32_t i = 0; i < range.count; i++) {
        AppendValue(field.type.fields[0], column.children[0], range.start + i, out);
      }
      AppendLong(0, out);
      return;
    }
    case TypeId::kStruct:
      for (size_t i = 0; i < field.type.fields.size(); i++) {
        AppendValue(field.type.fields[i], column.children[i], column.index(row), out);
      }
      return;
  }
}

}  // namespace

Writer::Writer(const Schema& schema, WriterOptions options) : schema_(schema), options_(std::move(options)) {}

Status Writer::Add(const Batch& batch) {
  for (size_t i = 0; i < batch.count; i++) {
    for (size_t c = 0; c < schema_.size(); c++) AppendValue(schema_[c], batch.columns[c], batch.row(i), &records_);
    count_++;
    if (records_.size() >= kBlockBytes) RUNJOB_RETURN_IF_ERROR(EndBlock());
  }
  return Status::Ok();
}

Status Writer::Finish() {
  PassHeader();
  return count_ == 0 ? Status::Ok() : EndBlock();
}

Status Writer::EndBlock() {
  PassHeader();
  std::string packed;
  switch (options_.codec) {
    case Codec::kNull:
      packed.swap(records_);
      break;
    case Codec::kSnappy: {
      SnappyCompress(records_, &packed);
      const uint32_t sum = Crc32(records_);
      for (int shift = 24; shift >= 0; shift -= 8) packed.push_back(static_cast<char>(sum >> shift));
      break;
    }
    default:
      RUNJOB_RETURN_IF_ERROR(options_.compress(options_.codec, records_, &packed));
  }
  block_.clear();
  AppendLong(static_cast<int64_t>(count_), &block_);
  AppendBytes(packed, &block_);
  block_.append(options_.header, options_.header.size() - kSyncBytes, kSyncBytes);
  options_.pass(block_);
  records_.clear();
  count_ = 0;
  return Status::Ok();
}

void Writer::PassHeader() {
  if (!std::exchange(has_header_, true)) options_.pass(options_.header);
}

}  // namespace runjob::avro
