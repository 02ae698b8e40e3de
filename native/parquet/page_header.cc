#include "parquet/page_header.h"

#include <string>

#include "parquet/failure.h"
#include "parquet/thrift.h"

namespace runjob::parquet {

namespace {

// Sizes and counts are signed, but never negative.
bool ReadCount(ThriftReader* reader, ThriftType type, uint32_t* value) {
  int32_t number = 0;
  if (!reader->Read(type, &number) || number < 0) return false;
  *value = static_cast<uint32_t>(number);
  return true;
}

bool ReadDataHeader(ThriftReader* reader, PageHeader* header) {
  return ReadFields(reader, [&](int id, ThriftType type) {
    switch (id) {
      case 1:
        return ReadCount(reader, type, &header->values);
      case 2:
        return reader->Read(type, &header->encoding);
      case 3:
        return reader->Read(type, &header->definition_encoding);
      case 4:
        return reader->Read(type, &header->repetition_encoding);
      default:
        return reader->Skip(type);
    }
  });
}

bool ReadDictionaryHeader(ThriftReader* reader, PageHeader* header) {
  return ReadFields(reader, [&](int id, ThriftType type) {
    switch (id) {
      case 1:
        return ReadCount(reader, type, &header->values);
      case 2:
        return reader->Read(type, &header->encoding);
      default:
        return reader->Skip(type);
    }
  });
}

bool ReadDataHeaderV2(ThriftReader* reader, PageHeader* header) {
  return ReadFields(reader, [&](int id, ThriftType type) {
    switch (id) {
      case 1:
        return ReadCount(reader, type, &header->values);
      case 2:
        return ReadCount(reader, type, &header->nulls);
      case 4:
        return reader->Read(type, &header->encoding);
      case 5:
        return ReadCount(reader, type, &header->definition_bytes);
      case 6:
        return ReadCount(reader, type, &header->repetition_bytes);
      case 7:
        return reader->Read(type, &header->is_compressed);
      default:
        return reader->Skip(type);
    }
  });
}

}  // namespace

Status ReadPageHeader(Slice bytes, PageHeader* header, size_t* used) {
  *header = PageHeader();
  *used = 0;
  ThriftReader reader(bytes);
  int members = 0;  // bit i: field i was there
  const bool ok = ReadFields(&reader, [&](int id, ThriftType type) {
    if (id >= 1 && id <= 8) members |= 1 << id;
    switch (id) {
      case 1:
        return reader.Read(type, &header->type);
      case 2:
        return ReadCount(&reader, type, &header->bytes);
      case 3:
        return ReadCount(&reader, type, &header->stored_bytes);
      case 4: {
        int32_t crc = 0;
        header->has_crc = reader.Read(type, &crc);
        header->crc = static_cast<uint32_t>(crc);
        return header->has_crc;
      }
      case 5:
        return type == ThriftType::kStruct && ReadDataHeader(&reader, header);
      case 7:
        return type == ThriftType::kStruct && ReadDictionaryHeader(&reader, header);
      case 8:
        return type == ThriftType::kStruct && ReadDataHeaderV2(&reader, header);
      default:
        return reader.Skip(type);
    }
  });
  if (!ok && reader.needs_more()) return Status::Ok();
  constexpr int kNeeded = 1 << 1 | 1 << 2 | 1 << 3;
  if (!ok || (members & kNeeded) != kNeeded) return Corrupt("the header of a page is damaged");
  const int own = header->type == static_cast<int>(PageType::kData)         ? 1 << 5
                  : header->type == static_cast<int>(PageType::kDictionary) ? 1 << 7
                  : header->type == static_cast<int>(PageType::kDataV2)     ? 1 << 8
                                                                            : 0;
  if ((members & own) != own) return Corrupt("the header of a page lacks its part");
  *used = reader.used();
  return Status::Ok();
}

}  // namespace runjob::parquet
