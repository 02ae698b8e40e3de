#include "parquet/leaf.h"

#include <algorithm>

#include "column/program.h"

namespace runjob::parquet {

namespace {

constexpr uint8_t kMaxLevel = 127;

// Whether a leaf is as src/io/format/parquet/schema.ts makes them.
bool IsSound(const Leaf& leaf) {
  if (leaf.max_definition > kMaxLevel || leaf.max_repetition > leaf.max_definition) return false;
  const Physical physical = leaf.physical;
  const TypeId id = leaf.type.id;
  const bool is_time = id == TypeId::kTimestamp || id == TypeId::kTimestampNtz || id == TypeId::kLong;
  if (physical == Physical::kFixed && leaf.length == 0) return false;
  switch (leaf.read_as) {
    case ReadAs::kSame:
      switch (physical) {
        case Physical::kBoolean:
          return id == TypeId::kBoolean;
        case Physical::kInt32:
          return id == TypeId::kInt || id == TypeId::kDate;
        case Physical::kInt64:
          return is_time;
        case Physical::kDouble:
          return id == TypeId::kDouble;
        case Physical::kByteArray:
          return leaf.type.is_bytes();
        case Physical::kFixed:
          return id == TypeId::kBinary;
        default:
          return false;
      }
    case ReadAs::kUnsigned:
      if (physical == Physical::kInt32) return id == TypeId::kLong;
      return physical == Physical::kInt64 && leaf.type.is_wide() && leaf.type.scale == 0;
    case ReadAs::kFloat:
      return physical == Physical::kFloat && id == TypeId::kDouble;
    case ReadAs::kHalf:
      return physical == Physical::kFixed && leaf.length == 2 && id == TypeId::kDouble;
    case ReadAs::kInt96:
      return physical == Physical::kInt96 && id == TypeId::kTimestamp;
    case ReadAs::kMillis:
      return (physical == Physical::kInt32 || physical == Physical::kInt64) && is_time;
    case ReadAs::kNanos:
      return physical == Physical::kInt64 && is_time;
    case ReadAs::kDecimal:
      if (physical == Physical::kInt32 || physical == Physical::kInt64) return id == TypeId::kDecimal;
      return (physical == Physical::kByteArray || physical == Physical::kFixed) && id == TypeId::kDecimal;
  }
  return false;
}

bool ReadLeaf(ProgramReader* reader, Leaf* leaf) {
  uint8_t physical = 0;
  uint8_t read_as = 0;
  if (!reader->Read(&leaf->path) || !reader->Read(&physical) || !reader->Read(&leaf->length)) return false;
  if (!reader->Read(&leaf->max_definition) || !reader->Read(&leaf->max_repetition) || !reader->Read(&read_as))
    return false;
  if (!reader->Read(&leaf->type) || physical > 7 || read_as > 7) return false;
  leaf->physical = static_cast<Physical>(physical);
  leaf->read_as = static_cast<ReadAs>(read_as);
  return IsSound(*leaf);
}

bool ReadNode(ProgramReader* reader, const Type& type, const ScanSpec& spec, uint8_t definition, uint8_t repetition,
              Node* node) {
  uint8_t kind = 0;
  if (!reader->Read(&kind) || kind > 3) return false;
  node->kind = static_cast<NodeKind>(kind);
  switch (node->kind) {
    case NodeKind::kNull:
      return true;
    case NodeKind::kLeaf: {
      if (!reader->Read(&node->leaf) || node->leaf >= spec.leaves.size()) return false;
      const Leaf& leaf = spec.leaves[node->leaf];
      node->definition = leaf.max_definition;
      return leaf.max_repetition == repetition && leaf.max_definition >= definition && CanRead(leaf, type);
    }
    case NodeKind::kStruct: {
      if (type.id != TypeId::kStruct || !reader->Read(&node->definition) || node->definition < definition) return false;
      node->children.resize(type.fields.size());
      bool has_leaf = false;
      for (size_t i = 0; i < type.fields.size(); i++) {
        if (!ReadNode(reader, type.fields[i].type, spec, node->definition, repetition, &node->children[i]))
          return false;
        has_leaf = has_leaf || node->children[i].kind != NodeKind::kNull;
      }
      return has_leaf;
    }
    case NodeKind::kList:
      if (type.id != TypeId::kList || !reader->Read(&node->definition) || !reader->Read(&node->entry)) return false;
      if (!reader->Read(&node->repetition) || node->repetition != repetition + 1) return false;
      if (node->definition < definition || node->entry != node->definition + 1) return false;
      node->children.resize(1);
      return ReadNode(reader, type.fields[0].type, spec, node->entry, node->repetition, &node->children[0]) &&
             node->children[0].kind != NodeKind::kNull;
  }
  return false;
}

}  // namespace

bool CanRead(const Leaf& leaf, const Type& type) {
  const Type& own = leaf.type;
  if (own == type) return true;
  switch (type.id) {
    case TypeId::kLong:
    case TypeId::kDouble:
      return own.id == TypeId::kInt;
    case TypeId::kString:
      return own.id == TypeId::kBinary && leaf.physical == Physical::kByteArray;
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return own.id == TypeId::kTimestamp || own.id == TypeId::kTimestampNtz;
    case TypeId::kDecimal: {
      const int precision = own.id == TypeId::kInt ? 10 : own.id == TypeId::kLong ? 19 : own.precision;
      if (own.id != TypeId::kInt && own.id != TypeId::kLong && own.id != TypeId::kDecimal) return false;
      return type.scale >= own.scale && type.precision - type.scale >= precision - own.scale;
    }
    default:
      return false;
  }
}

Status ReadScanSpec(Slice bytes, ScanSpec* spec) {
  ProgramReader reader(bytes);
  uint32_t count = 0;
  bool ok = reader.Read(&spec->schema) && reader.Read(&count) && count <= bytes.size;
  if (ok) {
    spec->leaves.resize(count);
    for (Leaf& leaf : spec->leaves) ok = ok && ReadLeaf(&reader, &leaf);
  }
  if (ok) {
    spec->nodes.resize(spec->schema.size());
    for (size_t i = 0; i < spec->nodes.size(); i++) {
      ok = ok && ReadNode(&reader, spec->schema[i].type, *spec, 0, 0, &spec->nodes[i]);
    }
  }
  if (!ok || !reader.at_end()) return Status::Error("BAD_ARGUMENT", "the spec of a Parquet scan is malformed");
  return Status::Ok();
}

}  // namespace runjob::parquet
