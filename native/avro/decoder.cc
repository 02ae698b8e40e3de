#include "avro/decoder.h"

#include <cstring>
#include <limits>

#include "avro/whole_number.h"
#include "base/power_of_ten.h"

namespace runjob::avro {

namespace {

using Int128 = __int128;

// Of what is passed over: a record may be in itself.
constexpr int kMaxDepth = 1000;

// Big endian, two's complement. False where it has more than 128 bits, or none.
bool ReadUnscaled(Slice bytes, Int128* value) {
  if (bytes.size == 0) return false;
  const char* next = bytes.data;
  const char* const end = next + bytes.size;
  const bool is_negative = static_cast<int8_t>(*next) < 0;
  const char sign = is_negative ? '\xff' : '\0';
  for (; end - next > 16; next++) {
    if (*next != sign) return false;
  }
  if ((static_cast<int8_t>(*next) < 0) != is_negative && bytes.size > 16) return false;
  unsigned __int128 bits = is_negative ? ~static_cast<unsigned __int128>(0) : 0;
  for (; next < end; next++) bits = bits << 8 | static_cast<uint8_t>(*next);
  *value = static_cast<Int128>(bits);
  return true;
}

}  // namespace

Decoder::Result Decoder::Append(Slice* bytes, uint64_t max_bytes, RowBuffer* rows) {
  next_ = bytes->data;
  end_ = bytes->data + bytes->size;
  has_fault_ = false;
  // Where records have no bytes, a count of them could be any number.
  const bool is_whole = DecodeRecord(layout_.record, layout_.schema, &rows->columns()) &&
                        (next_ != bytes->data || Damaged("it has no bytes"));
  const bool is_long = static_cast<size_t>(next_ - bytes->data) > max_bytes;
  *bytes = Slice(next_, static_cast<size_t>(end_ - next_));
  if (is_whole && !is_long && !has_fault_) {
    rows->EndRow();
    return Result::kRow;
  }
  rows->DropRow();
  return !is_whole ? Result::kDamaged : is_long ? Result::kTooLong : Result::kBadRow;
}

bool Decoder::DecodeRecord(const Record& record, const std::vector<Field>& fields, std::vector<ColumnBuffer>* columns) {
  for (const Record::Step& step : record.steps) {
    const bool ok =
        step.is_skipped ? Skip(layout_.nodes[step.node], 0) : DecodeValue(*step.value, &(*columns)[step.field]);
    if (!ok) return false;
  }
  for (const uint32_t field : record.lacking) AppendNull(fields[field], fields[field].name, &(*columns)[field]);
  return true;
}

bool Decoder::DecodeValue(const Value& value, ColumnBuffer* column) {
  switch (value.kind) {
    case ValueKind::kNull:
      AppendNull(*value.field, value.path, column);
      return true;
    case ValueKind::kLeaf:
      return DecodeLeaf(value, column);
    case ValueKind::kList:
      return DecodeList(value, column);
    case ValueKind::kStruct:
      if (!DecodeRecord(*value.record, value.field->type.fields, &column->children())) return false;
      column->AppendStruct();
      return true;
    case ValueKind::kUnion: {
      size_t branch = 0;
      return ReadBranch(value.children.size(), &branch) && DecodeValue(value.children[branch], column);
    }
  }
  return false;
}

bool Decoder::DecodeList(const Value& value, ColumnBuffer* column) {
  ColumnBuffer* const elements = &column->children()[0];
  const size_t start = elements->rows();
  for (;;) {
    uint64_t count = 0;
    uint64_t bytes = 0;
    if (!ReadBlockCount(false, &count, &bytes)) return false;
    if (count == 0) break;
    const char* const first = next_;
    for (uint64_t i = 0; i < count; i++) {
      const char* const start_of_element = next_;
      if (!DecodeValue(value.children[0], elements)) return false;
      // A count of such elements could be any number, too.
      if (next_ == start_of_element) return Damaged("an element of a list has no bytes");
    }
    if (bytes > 0 && static_cast<uint64_t>(next_ - first) != bytes)
      return Damaged("a list does not have the length that it says");
  }
  column->AppendList(static_cast<uint32_t>(elements->rows() - start));
  return true;
}

bool Decoder::DecodeLeaf(const Value& value, ColumnBuffer* column) {
  const Leaf& leaf = value.leaf;
  switch (leaf.wire) {
    case Wire::kBoolean: {
      const char* byte = nullptr;
      if (!Take(1, &byte)) return false;
      if (*byte != 0 && *byte != 1) return Damaged("a boolean is neither 0 nor 1");
      column->Append(static_cast<uint8_t>(*byte));
      return true;
    }
    case Wire::kInt: {
      int32_t number = 0;
      if (!ReadInt(&number)) return false;
      AppendWhole(value, number, column);
      return true;
    }
    case Wire::kLong: {
      int64_t number = 0;
      if (!ReadLong(&number)) return false;
      AppendWhole(value, number, column);
      return true;
    }
    case Wire::kFloat: {
      const char* bytes = nullptr;
      if (!Take(sizeof(float), &bytes)) return false;
      float number = 0;
      std::memcpy(&number, bytes, sizeof(number));
      column->Append(static_cast<double>(number));
      return true;
    }
    case Wire::kDouble: {
      const char* bytes = nullptr;
      if (!Take(sizeof(double), &bytes)) return false;
      double number = 0;
      std::memcpy(&number, bytes, sizeof(number));
      column->Append(number);
      return true;
    }
    case Wire::kEnum: {
      int32_t index = 0;
      if (!ReadInt(&index)) return false;
      if (index < 0 || static_cast<size_t>(index) >= leaf.names.size()) {
        return Damaged("a value of an enum is none of its symbols");
      }
      column->Append(StringView(Slice(leaf.names[static_cast<size_t>(index)])));
      return true;
    }
    case Wire::kFixed:
    case Wire::kBytes:
    case Wire::kString: {
      Slice bytes;
      if (leaf.wire == Wire::kFixed) {
        bytes.size = leaf.size;
        if (!Take(leaf.size, &bytes.data)) return false;
      } else if (!ReadBytes(&bytes)) {
        return false;
      }
      if (leaf.read_as == ReadAs::kDecimal) {
        Int128 unscaled = 0;
        const bool is_number = ReadUnscaled(bytes, &unscaled);
        AppendDecimal(value, is_number, unscaled, column);
      } else {
        column->Append(StringView(bytes));
      }
      return true;
    }
    default:
      return Damaged("a value has no type");
  }
}

void Decoder::AppendWhole(const Value& value, int64_t number, ColumnBuffer* column) {
  if (value.leaf.read_as == ReadAs::kMillis && __builtin_mul_overflow(number, int64_t{1000}, &number)) {
    Fault(value.path, "has a time that microseconds in 64 bits cannot hold");
    number = 0;
  }
  if (value.leaf.read_as == ReadAs::kNanos) {
    if (number % 1000 != 0) Fault(value.path, "has a time with nanoseconds that are not whole microseconds");
    number /= 1000;
  }
  switch (value.field->type.id) {
    case TypeId::kInt:
    case TypeId::kDate:
      return column->Append(static_cast<int32_t>(number));
    case TypeId::kDouble:
      return column->Append(static_cast<double>(number));
    case TypeId::kDecimal:
      return AppendDecimal(value, true, number, column);
    default:
      return column->Append(number);
  }
}

void Decoder::AppendDecimal(const Value& value, bool fits, Int128 unscaled, ColumnBuffer* column) {
  const Type& type = value.field->type;
  const auto is_below = [&unscaled](uint8_t digits) {
    const Int128 limit = kPowersOfTen[digits];
    return unscaled < limit && unscaled > -limit;
  };
  if (value.leaf.read_as == ReadAs::kDecimal) fits = fits && is_below(value.leaf.precision);
  const int more = type.scale - value.leaf.scale;
  fits = fits && is_below(static_cast<uint8_t>(type.precision - more));
  if (!fits) {
    Fault(value.path, "has a decimal of more digits than its type");
    unscaled = 0;
  }
  unscaled *= kPowersOfTen[more];
  if (type.is_wide()) {
    column->Append(unscaled);
  } else {
    column->Append(static_cast<int64_t>(unscaled));
  }
}

void Decoder::AppendNull(const Field& field, const std::string& path, ColumnBuffer* column) {
  if (!field.nullable) Fault(path, "has no value here, and is not nullable");
  column->AppendNull();
}

bool Decoder::Skip(const Node& node, int depth) {
  if (depth > kMaxDepth) return Damaged("records are nested more than 1000 deep");
  // Each record may have the one before twice: there is no end to what has no bytes.
  if (node.is_empty) return true;
  const char* bytes = nullptr;
  int64_t number = 0;
  switch (node.wire) {
    case Wire::kNull:
      return true;
    case Wire::kBoolean:
      return Take(1, &bytes);
    case Wire::kInt:
    case Wire::kLong:
    case Wire::kEnum:
      return ReadLong(&number);
    case Wire::kFloat:
      return Take(sizeof(float), &bytes);
    case Wire::kDouble:
      return Take(sizeof(double), &bytes);
    case Wire::kBytes:
    case Wire::kString: {
      Slice text;
      return ReadBytes(&text);
    }
    case Wire::kFixed:
      return Take(node.size, &bytes);
    case Wire::kArray:
      return SkipItems(layout_.nodes[node.children[0]], depth);
    case Wire::kUnion: {
      size_t branch = 0;
      if (!ReadBranch(node.children.size(), &branch)) return false;
      return Skip(layout_.nodes[node.children[branch]], depth + 1);
    }
    case Wire::kRecord:
      for (const uint32_t child : node.children) {
        if (!Skip(layout_.nodes[child], depth + 1)) return false;
      }
      return true;
  }
  return false;
}

bool Decoder::SkipItems(const Node& item, int depth) {
  for (;;) {
    uint64_t count = 0;
    uint64_t bytes = 0;
    if (!ReadBlockCount(item.is_empty, &count, &bytes)) return false;
    if (count == 0) return true;
    if (bytes > 0) {
      const char* skipped = nullptr;
      if (!Take(static_cast<size_t>(bytes), &skipped)) return false;
      continue;
    }
    for (uint64_t i = 0; !item.is_empty && i < count; i++) {
      if (!Skip(item, depth + 1)) return false;
    }
  }
}

bool Decoder::ReadLong(int64_t* value) {
  switch (ReadWholeNumber(&next_, end_, value)) {
    case Found::kYes:
      return true;
    case Found::kTooShort:
      return Damaged("a record goes on after the end of its block");
    case Found::kDamaged:
      break;
  }
  return Damaged("a whole number has more than 64 bits");
}

bool Decoder::ReadInt(int32_t* value) {
  int64_t number = 0;
  if (!ReadLong(&number)) return false;
  *value = static_cast<int32_t>(number);
  return *value == number || Damaged("an int has more than 32 bits");
}

bool Decoder::ReadBytes(Slice* bytes) {
  int64_t size = 0;
  if (!ReadLong(&size)) return false;
  if (size < 0) return Damaged("the length of a text is negative");
  bytes->size = static_cast<size_t>(size);
  return Take(bytes->size, &bytes->data);
}

bool Decoder::Take(size_t size, const char** bytes) {
  if (size > static_cast<size_t>(end_ - next_)) return Damaged("a record goes on after the end of its block");
  *bytes = next_;
  next_ += size;
  return true;
}

bool Decoder::ReadBlockCount(bool is_empty, uint64_t* count, uint64_t* bytes) {
  int64_t number = 0;
  *bytes = 0;
  if (!ReadLong(&number)) return false;
  if (number < 0) {
    // Its bytes follow, so that it can be passed over.
    int64_t size = 0;
    if (!ReadLong(&size)) return false;
    if (size < 0 || number == std::numeric_limits<int64_t>::min()) return Damaged("a list has a negative length");
    *bytes = static_cast<uint64_t>(size);
    number = -number;
  }
  *count = static_cast<uint64_t>(number);
  // An element has one byte at least.
  if (!is_empty && *count > static_cast<uint64_t>(end_ - next_)) return Damaged("a list is longer than its block");
  return true;
}

bool Decoder::ReadBranch(size_t branches, size_t* branch) {
  int64_t number = 0;
  if (!ReadLong(&number)) return false;
  if (number < 0 || static_cast<uint64_t>(number) >= branches) return Damaged("a value is of no branch of its union");
  *branch = static_cast<size_t>(number);
  return true;
}

bool Decoder::Damaged(const char* problem) {
  problem_ = problem;
  return false;
}

void Decoder::Fault(const std::string& path, const char* problem) {
  if (has_fault_) return;
  has_fault_ = true;
  problem_ = "column \"" + path + "\" " + problem;
}

}  // namespace runjob::avro
