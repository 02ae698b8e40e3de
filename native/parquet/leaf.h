// What a scan needs to know of the columns of a file; src/io/format/parquet/program.ts writes it:
//
//   scan   schema of the rows that come out, u32 count, leaf..., and a node for each column
//   leaf   text path, u8 physical type, u32 length, u8 max definition, u8 max repetition, u8 read as, type
//   node   u8 0                                              all values are null
//          u8 1, u32 leaf                                    values of a leaf
//          u8 2, u8 definition, node...                      struct: a node for each field
//          u8 3, u8 definition, u8 entry, u8 repetition, node  list
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/type.h"

namespace runjob::parquet {

// Parquet's numbers.
enum class Physical : uint8_t {
  kBoolean = 0,
  kInt32 = 1,
  kInt64 = 2,
  kInt96 = 3,
  kFloat = 4,
  kDouble = 5,
  kByteArray = 6,
  kFixed = 7,
};

// How stored values become values of the leaf's type (src/io/format/parquet/schema.ts).
enum class ReadAs : uint8_t {
  kSame = 0,
  kUnsigned = 1,
  kFloat = 2,
  kHalf = 3,
  kInt96 = 4,
  kMillis = 5,
  kNanos = 6,
  kDecimal = 7,
};

// A column as the file has it.
struct Leaf {
  std::string path;
  Physical physical = Physical::kBoolean;
  uint32_t length = 0;  // kFixed: bytes of a value
  uint8_t max_definition = 0;
  uint8_t max_repetition = 0;
  ReadAs read_as = ReadAs::kSame;
  Type type;
};

enum class NodeKind : uint8_t { kNull = 0, kLeaf = 1, kStruct = 2, kList = 3 };

// How values are put together. It is not null from `definition` on.
struct Node {
  NodeKind kind = NodeKind::kNull;
  uint32_t leaf = 0;
  uint8_t definition = 0;
  uint8_t entry = 0;       // kList: from this definition level on it has an element
  uint8_t repetition = 0;  // kList: the level at which an element continues the list
  std::vector<Node> children;
};

struct ScanSpec {
  Schema schema;
  std::vector<Leaf> leaves;
  std::vector<Node> nodes;
};

// BAD_ARGUMENT where the bytes are not such a spec, or types do not fit each other.
Status ReadScanSpec(Slice bytes, ScanSpec* spec);

// Whether `leaf` may be read as values of `type`, which holds all of them.
bool CanRead(const Leaf& leaf, const Type& type);

}  // namespace runjob::parquet
