#include "avro/layout.h"

#include <algorithm>
#include <utility>

namespace runjob::avro {

namespace {

constexpr int kMaxDepth = 64;

class LayoutReader {
 public:
  LayoutReader(Slice program, Layout* layout) : program_(program), layout_(*layout) {}

  bool Read() {
    return program_.Read(&layout_.schema) && ReadRecord(layout_.schema, "", 0, &layout_.record) && ReadNodes() &&
           program_.at_end();
  }

 private:
  // What one byte at least stands for.
  bool ReadCount(uint32_t* count) { return program_.Read(count) && *count <= program_.rest().size; }

  bool ReadNodes();
  void FindEmpty();
  bool ReadRecord(const std::vector<Field>& fields, const std::string& path, int depth, Record* record);
  bool ReadValue(const Field& field, std::string path, int depth, Value* value);
  bool ReadLeaf(const Type& type, Leaf* leaf);

  ProgramReader program_;
  Layout& layout_;
  uint32_t nodes_ = 0;  // that there must be
};

bool LayoutReader::ReadNodes() {
  uint32_t count = 0;
  if (!ReadCount(&count) || count < nodes_) return false;
  layout_.nodes.resize(count);
  for (Node& node : layout_.nodes) {
    uint8_t wire = 0;
    if (!program_.Read(&wire) || wire > static_cast<uint8_t>(Wire::kRecord)) return false;
    node.wire = static_cast<Wire>(wire);
    uint32_t children = 0;
    switch (node.wire) {
      case Wire::kFixed:
        if (!program_.Read(&node.size)) return false;
        break;
      case Wire::kArray:
        children = 1;
        break;
      case Wire::kUnion:
      case Wire::kRecord:
        if (!ReadCount(&children)) return false;
        break;
      default:
        break;
    }
    node.children.resize(children);
    for (uint32_t& child : node.children) {
      if (!program_.Read(&child) || child >= count) return false;
    }
  }
  FindEmpty();
  return true;
}

// A record is empty if all that is in it is: a record in itself, which has no value, counts as not empty.
void LayoutReader::FindEmpty() {
  for (bool changes = true; changes;) {
    changes = false;
    for (Node& node : layout_.nodes) {
      if (node.is_empty) continue;
      bool is_empty = node.wire == Wire::kNull || (node.wire == Wire::kFixed && node.size == 0);
      if (node.wire == Wire::kRecord) {
        is_empty = true;
        for (const uint32_t child : node.children) is_empty &= layout_.nodes[child].is_empty;
      }
      node.is_empty = is_empty;
      changes |= is_empty;
    }
  }
}

bool LayoutReader::ReadRecord(const std::vector<Field>& fields, const std::string& path, int depth, Record* record) {
  uint32_t count = 0;
  if (depth > kMaxDepth || !ReadCount(&count)) return false;
  std::vector<bool> has_step(fields.size());
  for (uint32_t i = 0; i < count; i++) {
    Record::Step step;
    uint8_t is_read = 0;
    if (!program_.Read(&is_read) || is_read > 1) return false;
    step.is_skipped = is_read == 0;
    if (step.is_skipped) {
      if (!program_.Read(&step.node) || step.node == UINT32_MAX) return false;
      nodes_ = std::max(nodes_, step.node + 1);
    } else {
      if (!program_.Read(&step.field) || step.field >= fields.size() || has_step[step.field]) return false;
      has_step[step.field] = true;
      const Field& field = fields[step.field];
      step.value = std::make_unique<Value>();
      if (!ReadValue(field, path.empty() ? field.name : path + "." + field.name, depth, step.value.get())) return false;
    }
    record->steps.push_back(std::move(step));
  }
  for (uint32_t field = 0; field < fields.size(); field++) {
    if (has_step[field]) continue;
    if (!fields[field].nullable) return false;
    record->lacking.push_back(field);
  }
  return true;
}

bool LayoutReader::ReadValue(const Field& field, std::string path, int depth, Value* value) {
  uint8_t kind = 0;
  if (depth > kMaxDepth || !program_.Read(&kind) || kind > static_cast<uint8_t>(ValueKind::kUnion)) return false;
  const Type& type = field.type;
  value->kind = static_cast<ValueKind>(kind);
  value->field = &field;
  value->path = std::move(path);
  switch (value->kind) {
    case ValueKind::kNull:
      return true;
    case ValueKind::kLeaf:
      return ReadLeaf(type, &value->leaf);
    case ValueKind::kList:
      if (type.id != TypeId::kList) return false;
      value->children.resize(1);
      return ReadValue(type.fields[0], value->path + "[]", depth + 1, &value->children[0]);
    case ValueKind::kStruct:
      if (type.id != TypeId::kStruct) return false;
      value->record = std::make_unique<Record>();
      return ReadRecord(type.fields, value->path, depth + 1, value->record.get());
    case ValueKind::kUnion: {
      uint32_t count = 0;
      if (!ReadCount(&count)) return false;
      value->children.resize(count);
      for (Value& child : value->children) {
        if (!ReadValue(field, value->path, depth + 1, &child) || child.kind == ValueKind::kUnion) return false;
      }
      return true;
    }
  }
  return false;
}

bool LayoutReader::ReadLeaf(const Type& type, Leaf* leaf) {
  uint8_t wire = 0;
  uint8_t read_as = 0;
  if (!program_.Read(&wire) || !program_.Read(&read_as) || !program_.Read(&leaf->precision)) return false;
  if (!program_.Read(&leaf->scale) || read_as > static_cast<uint8_t>(ReadAs::kDecimal)) return false;
  leaf->wire = static_cast<Wire>(wire);
  leaf->read_as = static_cast<ReadAs>(read_as);
  const bool is_number = leaf->wire == Wire::kInt || leaf->wire == Wire::kLong;
  if (leaf->read_as == ReadAs::kDecimal) {
    if (type.id != TypeId::kDecimal || leaf->precision < 1 || leaf->precision > 38) return false;
    if (leaf->scale > type.scale) return false;
  } else if (leaf->read_as != ReadAs::kSame) {
    const bool is_time = type.id == TypeId::kLong || type.id == TypeId::kTimestamp ||
                         type.id == TypeId::kTimestampNtz || type.id == TypeId::kDecimal;
    if (!is_number || !is_time) return false;
  }
  switch (leaf->wire) {
    case Wire::kBoolean:
      return type.id == TypeId::kBoolean;
    case Wire::kInt:
    case Wire::kLong:
      switch (type.id) {
        case TypeId::kInt:
        case TypeId::kDate:
        case TypeId::kDouble:
          return leaf->wire == Wire::kInt;
        case TypeId::kLong:
        case TypeId::kTimestamp:
        case TypeId::kTimestampNtz:
          return true;
        case TypeId::kDecimal:
          return leaf->read_as != ReadAs::kDecimal && leaf->scale == 0;
        default:
          return false;
      }
    case Wire::kFloat:
    case Wire::kDouble:
      return type.id == TypeId::kDouble;
    case Wire::kFixed:
      if (!program_.Read(&leaf->size)) return false;
      [[fallthrough]];
    case Wire::kBytes:
    case Wire::kString:
      return type.is_bytes() || leaf->read_as == ReadAs::kDecimal;
    case Wire::kEnum: {
      uint32_t count = 0;
      if (!ReadCount(&count)) return false;
      leaf->names.resize(count);
      for (std::string& name : leaf->names) {
        if (!program_.Read(&name)) return false;
      }
      return type.id == TypeId::kString;
    }
    default:
      return false;
  }
}

}  // namespace

Status ReadLayout(Slice program, Layout* layout) {
  return LayoutReader(program, layout).Read() ? Status::Ok() : BadProgram();
}

}  // namespace runjob::avro
