// The layout of a run file, for its writer and its reader. Little endian, except for LMDB's keys.
//
//   LMDB database
//     key: partition u32 BE, block u32 BE      value: a block
//       u32 records | u32 payload bytes | u64 XXH64 of the payload | payload (run_block.h)
//     key: FFFFFFFF 00000000                   value: the meta entry
//       u64 XXH64 of the rest | u32 version | u32 partitions
//       | per partition: u64 records, u64 key and value bytes | u64 blocks | u32 records of each | JSON of the caller's
//   seal, after the database's last page
//     u64 page number, for each page that is not a block's
//     u64 XXH64 | u64 pages of the database | u64 length of the list | u32 page size | u32 version | "RUNJRUN1"
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "base/status.h"
#include "run/run_file.h"

namespace runjob {

constexpr uint32_t kMetaPartition = UINT32_MAX;  // sorts after every block

struct BlockHeader {
  uint32_t records;
  uint32_t payload_bytes;
  uint64_t checksum;  // Xxh64 of the payload
};
static_assert(sizeof(BlockHeader) == 16);

struct MetaHeader {
  uint64_t checksum;  // Xxh64 of what follows
  uint32_t version;
  uint32_t partitions;
};
static_assert(sizeof(MetaHeader) == 16 && sizeof(PartitionCount) == 16);

// LMDB trusts the pages of its tree: one flipped bit there and it reads wherever that points to. So the file
// ends with a list of these pages and their checksum, verified before LMDB opens the file. Written last, it
// is the commit, too.
struct Seal {
  uint64_t checksum;    // Xxh64 over the tree pages, the list and the rest of this struct
  uint64_t file_pages;  // all of the database's
  uint64_t list_size;
  uint32_t page_bytes;
  uint32_t version;
  uint64_t magic;
};
static_assert(sizeof(Seal) == 40);
constexpr uint64_t kSealMagic = 0x314e55524a4e5552;  // "RUNJRUN1"

// The start of an LMDB page, data format 1 (MDB_page in mdb.c).
struct PageHeader {
  uint64_t number;
  uint16_t pad;
  uint16_t flags;
  uint32_t pages;  // of an overflow page: how many it runs over
};
static_assert(sizeof(PageHeader) == 16);
constexpr uint16_t kOverflowPage = 0x04;

// With its own and LMDB's header, a full block fills 1 MiB of pages exactly.
constexpr size_t kPayloadBytes = kBlockBytes - sizeof(BlockHeader) - sizeof(PageHeader);
// One write(2) moves at most 2 GiB less a page, and LMDB writes a block by one.
constexpr size_t kMaxRecordBytes = (size_t{1} << 31) - (size_t{64} << 10);
// LMDB holds what a transaction has written in memory until it commits.
constexpr size_t kTransactionBytes = size_t{4} << 20;

struct BlockKey {
  unsigned char bytes[8];

  BlockKey(uint32_t partition, uint32_t block) {
    const uint32_t words[2] = {__builtin_bswap32(partition), __builtin_bswap32(block)};
    std::memcpy(bytes, words, 8);
  }
};

// The checksum that the seal of these pages should have. False as ReadAt.
bool SealChecksum(int fd, const Seal& seal, const std::vector<uint64_t>& tree_pages, uint64_t* checksum);

// `error`: an errno or a code of LMDB's. DISK_FULL where it means that, else RUN_IO.
Status RunIoError(const std::string& path, const char* what, int error);
Status RunCorrupt(const std::string& path, const std::string& what);

}  // namespace runjob
