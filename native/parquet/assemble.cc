#include "parquet/assemble.h"

#include <cstring>
#include <string>

#include "parquet/failure.h"

namespace runjob::parquet {

Assembler::Assembler(const Node& node, const Type& type, const std::vector<std::unique_ptr<LeafReader>>& readers)
    : node_(node), type_(type) {
  if (node.kind == NodeKind::kLeaf) leaves_.push_back(readers[node.leaf].get());
  // A null has children as well: their types are needed.
  static const Node kNull;
  for (size_t i = 0; i < type.fields.size(); i++) {
    const Node& child = node.kind == NodeKind::kNull ? kNull : node.children[i];
    children_.push_back(std::make_unique<Assembler>(child, type.fields[i].type, readers));
    for (const LeafReader* leaf : children_.back()->leaves_) leaves_.push_back(leaf);
  }
}

Status Assembler::Inconsistent() const {
  return Corrupt("column \"" + leaves_[0]->leaf().path + "\": its levels do not fit those of its neighbours");
}

uint64_t* Assembler::NewValidity(size_t count) {
  const size_t words = count / 64 + 1;
  uint64_t* bits = validity_.As<uint64_t>(words);
  std::memset(bits, 0, words * sizeof(uint64_t));
  return bits;
}

Status Assembler::Build(uint8_t definition, uint8_t repetition, size_t count, Vector* vector) {
  *vector = Vector();
  vector->type = &type_;
  switch (node_.kind) {
    case NodeKind::kNull:
      BuildNulls(count, vector);
      return Status::Ok();
    case NodeKind::kLeaf:
      return BuildLeaf(definition, count, vector);
    case NodeKind::kStruct:
      return BuildStruct(definition, repetition, count, vector);
    case NodeKind::kList:
      return BuildList(definition, repetition, count, vector);
  }
  return Status::Ok();
}

Status Assembler::BuildLeaf(uint8_t definition, size_t count, Vector* vector) {
  const LeafReader& reader = *leaves_[0];
  const uint8_t most = reader.leaf().max_definition;
  if (reader.entries() == count && reader.value_count() == count) {
    vector->values = reader.values();
    return Status::Ok();
  }
  const size_t width = type_.width();
  uint64_t* validity = NewValidity(count);
  char* values = values_.Reserve(count * width);
  const uint8_t* definitions = reader.definitions();
  const char* next = reader.values();
  size_t slot = 0;
  for (size_t i = 0; i < reader.entries(); i++) {
    if (definitions[i] < definition) continue;
    if (slot == count) return Inconsistent();
    char* to = values + slot * width;
    if (definitions[i] == most) {
      std::memcpy(to, next, width);
      next += width;
      validity[slot / 64] |= uint64_t{1} << slot % 64;
    } else {
      std::memset(to, 0, width);
    }
    slot++;
  }
  if (slot != count) return Inconsistent();
  vector->validity = validity;
  vector->values = values;
  return Status::Ok();
}

Status Assembler::BuildStruct(uint8_t definition, uint8_t repetition, size_t count, Vector* vector) {
  const LeafReader& reader = *leaves_[0];
  const uint8_t* definitions = reader.definitions();
  const uint8_t* repetitions = reader.repetitions();
  uint64_t* validity = NewValidity(count);
  size_t slot = 0;
  for (size_t i = 0; i < reader.entries(); i++) {
    if (definitions[i] < definition || repetitions[i] > repetition) continue;
    if (slot == count) return Inconsistent();
    validity[slot / 64] |= uint64_t{definitions[i] >= node_.definition} << slot % 64;
    slot++;
  }
  if (slot != count) return Inconsistent();
  vector->validity = validity;
  vector->children.resize(children_.size());
  for (size_t i = 0; i < children_.size(); i++) {
    RUNJOB_RETURN_IF_ERROR(children_[i]->Build(definition, repetition, count, &vector->children[i]));
  }
  return Status::Ok();
}

bool Assembler::Ranges(const LeafReader& reader, uint8_t definition, uint8_t repetition, size_t count,
                       ListRange* ranges, uint64_t* validity, size_t* elements) const {
  const uint8_t* definitions = reader.definitions();
  const uint8_t* repetitions = reader.repetitions();
  size_t slot = 0;
  uint32_t element = 0;
  for (size_t i = 0; i < reader.entries(); i++) {
    if (definitions[i] < definition) continue;
    const bool has_element = definitions[i] >= node_.entry;
    if (repetitions[i] <= repetition) {
      if (slot == count) return false;
      ranges[slot] = ListRange{element, 0};
      if (validity != nullptr) validity[slot / 64] |= uint64_t{definitions[i] >= node_.definition} << slot % 64;
      slot++;
    } else if (slot == 0 || !has_element) {
      return false;
    }
    if (has_element && repetitions[i] <= node_.repetition) {
      ranges[slot - 1].count++;
      element++;
    }
  }
  *elements = element;
  return slot == count;
}

Status Assembler::BuildList(uint8_t definition, uint8_t repetition, size_t count, Vector* vector) {
  uint64_t* validity = NewValidity(count);
  auto* ranges = values_.As<ListRange>(count);
  size_t elements = 0;
  if (!Ranges(*leaves_[0], definition, repetition, count, ranges, validity, &elements)) return Inconsistent();
  for (size_t i = 1; i < leaves_.size(); i++) {
    auto* others = others_.As<ListRange>(count);
    size_t other_elements = 0;
    if (!Ranges(*leaves_[i], definition, repetition, count, others, nullptr, &other_elements)) return Inconsistent();
    if (other_elements != elements || std::memcmp(others, ranges, count * sizeof(ListRange)) != 0)
      return Inconsistent();
  }
  vector->validity = validity;
  vector->values = ranges;
  vector->child_rows = elements;
  vector->children.resize(1);
  return children_[0]->Build(node_.entry, node_.repetition, elements, &vector->children[0]);
}

void Assembler::BuildNulls(size_t count, Vector* vector) {
  *vector = Vector();
  vector->type = &type_;
  vector->validity = NewValidity(count);
  const size_t bytes = count * type_.width();
  char* values = values_.Reserve(bytes);
  std::memset(values, 0, bytes);
  vector->values = values;
  vector->children.resize(children_.size());
  // Lists have no elements; a struct's fields are as long as it is.
  const size_t child_count = type_.id == TypeId::kList ? 0 : count;
  for (size_t i = 0; i < children_.size(); i++) children_[i]->BuildNulls(child_count, &vector->children[i]);
}

}  // namespace runjob::parquet
