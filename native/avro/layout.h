// How the records of an Avro file become rows, as src/io/format/avro/program.ts says it. Little endian.
//
//   layout      schema of the columns (column/program.h), record, u32 count, node...
//   node        u8 Wire; fixed: u32 bytes; array: u32 node; union, record: u32 count, u32 node...
//   record      u32 count, step...            the fields of the file, in its order
//   step        u8 0, u32 node                passed over
//               u8 1, u32 field, value        becomes this column, or field of a struct
//   value       u8 0                          null
//               u8 1, leaf
//               u8 2, value                   a list of these; a map is one of records: a key and a value
//               u8 3, record
//               u8 4, u32 count, value...     a union of these
//   leaf        u8 Wire, u8 ReadAs, u8 precision, u8 scale; fixed: u32 bytes; enum: u32 count, text...
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/slice.h"
#include "base/status.h"
#include "column/program.h"
#include "column/type.h"

namespace runjob::avro {

enum class Wire : uint8_t {
  kNull = 0,
  kBoolean = 1,
  kInt = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kBytes = 6,
  kString = 7,
  kFixed = 8,
  kEnum = 9,
  kArray = 10,
  kUnion = 11,
  kRecord = 12,
};

enum class ReadAs : uint8_t {
  kSame = 0,
  kMillis = 1,  // whole numbers, which become microseconds
  kNanos = 2,
  kDecimal = 3,  // the bytes of a whole number, big endian
};

struct Node {
  Wire wire = Wire::kNull;
  uint32_t size = 0;  // kFixed
  std::vector<uint32_t> children;
  bool is_empty = false;  // its values take no bytes
};

struct Leaf {
  Wire wire = Wire::kNull;
  ReadAs read_as = ReadAs::kSame;
  uint8_t precision = 0;  // of decimals
  uint8_t scale = 0;
  uint32_t size = 0;               // kFixed
  std::vector<std::string> names;  // kEnum
};

enum class ValueKind : uint8_t { kNull = 0, kLeaf = 1, kList = 2, kStruct = 3, kUnion = 4 };

struct Value;

struct Record {
  struct Step {
    bool is_skipped = true;
    uint32_t node = 0;             // skipped
    uint32_t field = 0;            // else
    std::unique_ptr<Value> value;  // else
  };
  std::vector<Step> steps;
  std::vector<uint32_t> lacking;  // fields without a step: they are null
};

struct Value {
  ValueKind kind = ValueKind::kNull;
  const Field* field = nullptr;    // what it becomes
  std::string path;                // for errors
  Leaf leaf;                       // kLeaf
  std::vector<Value> children;     // kList: the element; kUnion: the branches
  std::unique_ptr<Record> record;  // kStruct
};

struct Layout {
  Schema schema;
  std::vector<Node> nodes;
  Record record;
};

// BAD_ARGUMENT for a program that is not well formed, or reads values as what they cannot become. The layout must stay where it is.
Status ReadLayout(Slice program, Layout* layout);

}  // namespace runjob::avro
