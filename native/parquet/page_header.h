// The header of a page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/slice.h"
#include "base/status.h"

namespace runjob::parquet {

enum class PageType { kData = 0, kIndex = 1, kDictionary = 2, kDataV2 = 3 };

enum class Encoding {
  kPlain = 0,
  kPlainDictionary = 2,
  kRle = 3,
  kBitPacked = 4,
  kDeltaBinaryPacked = 5,
  kDeltaLengthByteArray = 6,
  kDeltaByteArray = 7,
  kRleDictionary = 8,
  kByteStreamSplit = 9,
};

struct PageHeader {
  int32_t type = -1;  // a PageType, or one that is new
  uint32_t bytes = 0;
  uint32_t stored_bytes = 0;
  bool has_crc = false;
  uint32_t crc = 0;
  uint32_t values = 0;
  int32_t encoding = -1;
  // Version 1.
  int32_t definition_encoding = -1;
  int32_t repetition_encoding = -1;
  // Version 2.
  uint32_t nulls = 0;
  uint32_t definition_bytes = 0;
  uint32_t repetition_bytes = 0;
  bool is_compressed = true;
};

// Reads the header at the start of `bytes`. Where they end too early, *used is 0; else its length.
Status ReadPageHeader(Slice bytes, PageHeader* header, size_t* used);

}  // namespace runjob::parquet
