#include "compress/crc32.h"

#include <array>
#include <bit>
#include <cstring>

namespace runjob {

namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    tables[0][byte] = crc;
  }
  for (size_t t = 1; t < 8; t++) {
    for (size_t byte = 0; byte < 256; byte++) {
      tables[t][byte] = tables[t - 1][byte] >> 8 ^ tables[0][tables[t - 1][byte] & 255];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();
static_assert(std::endian::native == std::endian::little);

}  // namespace

// Eight bytes at a time. Source: Kounavis and Berry, "A systematic approach to building high performance software-based CRC generators".
uint32_t Crc32(Slice bytes) {
  uint32_t crc = 0xffffffff;
  const char* p = bytes.data;
  const char* const end = p + bytes.size;
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < 8; i++) crc ^= kTables[7 - i][word >> (8 * i) & 255];
  }
  for (; p < end; p++) crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<uint8_t>(*p)) & 255];
  return ~crc;
}

}  // namespace runjob
