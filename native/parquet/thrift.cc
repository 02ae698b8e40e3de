#include "parquet/thrift.h"

namespace runjob::parquet {

namespace {

constexpr int kMaxDepth = 16;

int64_t FromZigzag(uint64_t value) { return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1); }

}  // namespace

bool ThriftReader::ReadByte(uint8_t* value) {
  if (!ok_) return false;
  if (next_ == end_) return FailShort();
  *value = static_cast<uint8_t>(*next_++);
  return true;
}

bool ThriftReader::ReadVarint(uint64_t* value) {
  *value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    uint8_t byte = 0;
    if (!ReadByte(&byte)) return false;
    *value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return Fail();
}

bool ThriftReader::Next(int* id, ThriftType* type) {
  uint8_t byte = 0;
  if (!ReadByte(&byte)) return false;
  *type = static_cast<ThriftType>(byte & 15);
  if (*type == ThriftType::kStop) return false;
  if (byte >> 4 != 0) {
    *id += byte >> 4;
    return true;
  }
  uint64_t value = 0;
  if (!ReadVarint(&value)) return false;
  *id = static_cast<int16_t>(FromZigzag(value));
  return true;
}

bool ThriftReader::Read(ThriftType type, int32_t* value) {
  if (type != ThriftType::kI32) return Fail();
  uint64_t bits = 0;
  if (!ReadVarint(&bits)) return false;
  const int64_t wide = FromZigzag(bits);
  *value = static_cast<int32_t>(wide);
  return *value == wide || Fail();
}

bool ThriftReader::Read(ThriftType type, int64_t* value) {
  if (type == ThriftType::kByte) {
    uint8_t byte = 0;
    if (!ReadByte(&byte)) return false;
    *value = static_cast<int8_t>(byte);
    return true;
  }
  if (type != ThriftType::kI16 && type != ThriftType::kI32 && type != ThriftType::kI64) return Fail();
  uint64_t bits = 0;
  if (!ReadVarint(&bits)) return false;
  *value = FromZigzag(bits);
  return true;
}

bool ThriftReader::Read(ThriftType type, Slice* value) {
  uint64_t size = 0;
  if (type != ThriftType::kBinary) return Fail();
  if (!ReadVarint(&size)) return false;
  if (size > static_cast<uint64_t>(end_ - next_)) return FailShort();
  *value = Slice(next_, static_cast<size_t>(size));
  next_ += size;
  return true;
}

bool ThriftReader::Read(ThriftType type, bool* value) {
  if (type != ThriftType::kTrue && type != ThriftType::kFalse) return Fail();
  *value = type == ThriftType::kTrue;
  return ok_;
}

bool ThriftReader::ReadList(ThriftType* element, uint64_t* count) {
  uint8_t byte = 0;
  if (!ReadByte(&byte)) return false;
  *element = static_cast<ThriftType>(byte & 15);
  *count = byte >> 4;
  if (*count == 15 && !ReadVarint(count)) return false;
  return *count <= static_cast<uint64_t>(end_ - next_) || FailShort();
}

bool ThriftReader::SkipElement(ThriftType type, int depth) {
  const bool is_flag = type == ThriftType::kTrue || type == ThriftType::kFalse;
  return Skip(is_flag ? ThriftType::kByte : type, depth);
}

bool ThriftReader::Skip(ThriftType type, int depth) {
  if (!ok_ || depth > kMaxDepth) return Fail();
  uint64_t count = 0;
  uint8_t byte = 0;
  switch (type) {
    case ThriftType::kTrue:
    case ThriftType::kFalse:
      return true;
    case ThriftType::kByte:
      return ReadByte(&byte);
    case ThriftType::kI16:
    case ThriftType::kI32:
    case ThriftType::kI64:
      return ReadVarint(&count);
    case ThriftType::kDouble:
      count = 8;
      break;
    case ThriftType::kBinary:
      if (!ReadVarint(&count)) return false;
      break;
    case ThriftType::kList:
    case ThriftType::kSet: {
      ThriftType element;
      if (!ReadList(&element, &count)) return false;
      for (; count > 0; count--) {
        if (!SkipElement(element, depth + 1)) return false;
      }
      return true;
    }
    case ThriftType::kStruct: {
      int id = 0;
      ThriftType field;
      while (Next(&id, &field)) {
        if (!Skip(field, depth + 1)) return false;
      }
      return ok_;
    }
    default:
      return Fail();
  }
  if (count > static_cast<uint64_t>(end_ - next_)) return FailShort();
  next_ += count;
  return true;
}

}  // namespace runjob::parquet
