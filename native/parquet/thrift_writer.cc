#include "parquet/thrift_writer.h"

namespace runjob::parquet {

namespace {

constexpr int kMostInByte = 15;

}  // namespace

void ThriftWriter::Field(int id, ThriftType type) {
  const int step = id - last_;
  if (step > 0 && step <= kMostInByte) {
    out_->push_back(static_cast<char>(step << 4 | static_cast<int>(type)));
  } else {
    out_->push_back(static_cast<char>(type));
    Signed(id);
  }
  last_ = id;
}

void ThriftWriter::List(int id, ThriftType element, size_t count) {
  Field(id, ThriftType::kList);
  const bool is_short = count < kMostInByte;
  out_->push_back(static_cast<char>((is_short ? count : kMostInByte) << 4 | static_cast<size_t>(element)));
  if (!is_short) Varint(count);
}

void ThriftWriter::Varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_->push_back(static_cast<char>(value | 0x80));
  out_->push_back(static_cast<char>(value));
}

}  // namespace runjob::parquet
