#include "column/keys.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/simd.h"
#include "column/column_buffer.h"
#include "column/row_buffer.h"
#include "record/key_head.h"

namespace runjob {

namespace {

constexpr char kNullFirst = '\x00';
constexpr char kPresent = '\x01';
constexpr char kNullLast = '\x02';
constexpr char kEscape = '\xFF';
constexpr char kTextEnd = '\x01';
constexpr char kTextEnds[] = {'\0', kTextEnd};
constexpr char kListElement = '\x01';
constexpr char kListEnd = '\x00';
constexpr size_t kTextKeyBytes = 3;  // of a text's key, besides the text
constexpr uint64_t kSign = uint64_t{1} << 63;

void AppendBigEndian32(uint32_t value, std::string* out) {
  value = __builtin_bswap32(value);
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendBigEndian64(uint64_t value, std::string* out) {
  value = __builtin_bswap64(value);
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Calls append(bytes, n) for what follows the null byte of a text.
template <class Append>
void EscapeText(Slice text, const Append& append) {
  const char* p = text.data;
  const char* const end = p + text.size;
  while (p != end) {
    const char* zero = static_cast<const char*>(std::memchr(p, 0, static_cast<size_t>(end - p)));
    if (zero == nullptr) break;
    append(p, static_cast<size_t>(zero + 1 - p));
    append(&kEscape, 1);
    p = zero + 1;
  }
  append(p, static_cast<size_t>(end - p));
  append(kTextEnds, sizeof(kTextEnds));
}

// What short texts of each size have in common.
struct ShortTextMasks {
  struct Of {
    uint64_t after[2];  // the bytes that are not the text's
    uint64_t key[2];    // the key of a text of zeros
  };
  Of of[StringView::kInline + 1] = {};

  constexpr ShortTextMasks() {
    for (uint32_t size = 0; size <= StringView::kInline; size++) {
      const KeyHead after = ~KeyHead{0} << 8 * size;
      const KeyHead key = KeyHead{kTextEnd} << 8 * (size + 2) | KeyHead{kPresent};
      of[size] = {{static_cast<uint64_t>(after), static_cast<uint64_t>(after >> 64)},
                  {static_cast<uint64_t>(key), static_cast<uint64_t>(key >> 64)}};
    }
  }
};
constexpr ShortTextMasks kShortTexts;

// Writes 16 bytes, of which the first are the whole key of a text. False: it is long, or has a zero byte.
inline bool WriteShortText(const StringView& text, char* out) {
  if (text.size > StringView::kInline) return false;
  uint64_t words[2];
  std::memcpy(words, &text, sizeof(words));
  const uint64_t low = words[0] >> 32 | words[1] << 32;
  const uint64_t high = words[1] >> 32;
  // A table, because a branch on the size would be mispredicted.
  const ShortTextMasks::Of& masks = kShortTexts.of[text.size];
  if ((portable::ZeroBytes(low | masks.after[0]) | portable::ZeroBytes(high | masks.after[1])) != 0) return false;
  StoreHead(KeyHead{high << 8 | low >> 56 | masks.key[1]} << 64 | (low << 8 | masks.key[0]), out);
  return true;
}

// Adds the key of such a text by one call.
bool AppendShortText(const StringView& text, std::string* out) {
  char bytes[sizeof(KeyHead)];
  if (!WriteShortText(text, bytes)) return false;
  // All 16, and back: a copy of a fixed size takes one instruction.
  const size_t end = out->size() + text.size + kTextKeyBytes;
  out->append(bytes, sizeof(bytes));
  out->resize(end);
  return true;
}

// Writes the whole key of any text.
char* WriteText(Slice text, char* out) {
  *out++ = kPresent;
  EscapeText(text, [&out](const char* bytes, size_t n) {
    if (n > 0) std::memcpy(out, bytes, n);
    out += n;
  });
  return out;
}

// What follows the null byte, in ascending order.
void AppendValue(const Vector& column, size_t row, std::string* out) {
  switch (column.type->id) {
    case TypeId::kBoolean:
      out->push_back(static_cast<char>(column.at<uint8_t>(row)));
      return;
    case TypeId::kInt:
    case TypeId::kDate:
      return AppendBigEndian32(static_cast<uint32_t>(column.at<int32_t>(row)) ^ (uint32_t{1} << 31), out);
    case TypeId::kLong:
    case TypeId::kTimestamp:
    case TypeId::kTimestampNtz:
      return AppendBigEndian64(static_cast<uint64_t>(column.at<int64_t>(row)) ^ kSign, out);
    case TypeId::kDouble:
      return AppendBigEndian64(DoubleKey(column.at<double>(row)), out);
    case TypeId::kDecimal: {
      if (!column.type->is_wide()) {
        return AppendBigEndian64(static_cast<uint64_t>(column.at<int64_t>(row)) ^ kSign, out);
      }
      const unsigned __int128 value = static_cast<unsigned __int128>(column.at<__int128>(row));
      AppendBigEndian64(static_cast<uint64_t>(value >> 64) ^ kSign, out);
      return AppendBigEndian64(static_cast<uint64_t>(value), out);
    }
    case TypeId::kString:
    case TypeId::kBinary:
      return EscapeText(column.at<StringView>(row).slice(),
                        [out](const char* bytes, size_t n) { out->append(bytes, n); });
    case TypeId::kList: {
      const ListRange range = column.at<ListRange>(row);
      for (size_t i = 0; i < range.count; i++) {
        out->push_back(kListElement);
        AppendKey(column.children[0], range.start + i, KeyOrder(), out);
      }
      out->push_back(kListEnd);
      return;
    }
    case TypeId::kStruct:
      for (const Vector& field : column.children) AppendKey(field, column.index(row), KeyOrder(), out);
      return;
  }
}

// The bytes of a key that have not been read, each of them XORed with `flip`.
struct KeyReader {
  const char* at;
  const char* end;
  char flip;

  size_t left() const { return static_cast<size_t>(end - at); }
  bool Take(char* byte) {
    if (at == end) return false;
    *byte = static_cast<char>(*at++ ^ flip);
    return true;
  }
  bool Take32(uint32_t* value) {
    if (left() < sizeof(*value)) return false;
    std::memcpy(value, at, sizeof(*value));
    *value = __builtin_bswap32(*value) ^ (flip == 0 ? 0 : UINT32_MAX);
    at += sizeof(*value);
    return true;
  }
  bool Take64(uint64_t* value) {
    if (left() < sizeof(*value)) return false;
    std::memcpy(value, at, sizeof(*value));
    *value = __builtin_bswap64(*value) ^ (flip == 0 ? 0 : UINT64_MAX);
    at += sizeof(*value);
    return true;
  }
};

class Decoder : public KeyDecoder {
 public:
  Decoder(const Schema& schema, std::vector<KeyOrder> orders)
      : schema_(schema), orders_(std::move(orders)), rows_(schema_) {
    orders_.resize(schema_.size());
  }

  Status Add(Slice* key) override {
    KeyReader reader{key->data, key->data + key->size, 0};
    for (size_t i = 0; i < orders_.size(); i++) {
      if (!ReadKey(&reader, orders_[i].descending, &rows_.columns()[i])) {
        return Status::Error("RUN_CORRUPT", "a key does not have the columns of its exchange");
      }
    }
    *key = Slice(reader.at, reader.left());
    rows_.EndRow();
    return Status::Ok();
  }

  size_t rows() const override { return rows_.rows(); }
  const Batch& batch() override { return rows_.batch(); }
  void Clear() override { rows_.Clear(); }

 private:
  bool ReadKey(KeyReader* key, bool descending, ColumnBuffer* column) {
    char null;
    if (!key->Take(&null)) return false;
    // All of a descending key is inverted but its own null byte.
    if (descending) key->flip = '\xFF';
    if (null == kNullFirst || null == kNullLast) {
      column->AppendNull();
    } else if (null != kPresent || !ReadValue(key, column)) {
      return false;
    }
    if (descending) key->flip = 0;
    return true;
  }

  bool ReadValue(KeyReader* key, ColumnBuffer* column) {
    switch (column->type().id) {
      case TypeId::kBoolean: {
        char byte;
        if (!key->Take(&byte) || byte < 0 || byte > 1) return false;
        column->Append(static_cast<uint8_t>(byte));
        return true;
      }
      case TypeId::kInt:
      case TypeId::kDate: {
        uint32_t value;
        if (!key->Take32(&value)) return false;
        column->Append(static_cast<int32_t>(value ^ (uint32_t{1} << 31)));
        return true;
      }
      case TypeId::kDouble: {
        uint64_t value;
        if (!key->Take64(&value)) return false;
        column->Append(DoubleOfKey(value));
        return true;
      }
      case TypeId::kLong:
      case TypeId::kTimestamp:
      case TypeId::kTimestampNtz:
      case TypeId::kDecimal: {
        uint64_t high;
        if (!key->Take64(&high)) return false;
        high ^= kSign;
        if (!column->type().is_wide()) {
          column->Append(static_cast<int64_t>(high));
          return true;
        }
        uint64_t low;
        if (!key->Take64(&low)) return false;
        column->Append(static_cast<__int128>(static_cast<unsigned __int128>(high) << 64 | low));
        return true;
      }
      case TypeId::kString:
      case TypeId::kBinary:
        return ReadText(key, column);
      case TypeId::kList: {
        uint32_t count = 0;
        char byte = '\x02';
        for (; key->Take(&byte) && byte == kListElement; count++) {
          if (!ReadKey(key, false, &column->children()[0])) return false;
        }
        if (byte != kListEnd) return false;
        column->AppendList(count);
        return true;
      }
      case TypeId::kStruct:
        for (ColumnBuffer& field : column->children()) {
          if (!ReadKey(key, false, &field)) return false;
        }
        column->AppendStruct();
        return true;
    }
    return false;
  }

  bool ReadText(KeyReader* key, ColumnBuffer* column) {
    text_.clear();
    for (;;) {
      const void* found = std::memchr(key->at, key->flip, key->left());
      if (found == nullptr) return false;
      const char* const zero = static_cast<const char*>(found);
      const size_t start = text_.size();
      text_.append(key->at, static_cast<size_t>(zero - key->at));
      if (key->flip != 0) {
        for (size_t i = start; i < text_.size(); i++) text_[i] = static_cast<char>(~text_[i]);
      }
      key->at = zero + 1;
      char next;
      if (!key->Take(&next)) return false;
      if (next == kTextEnd) break;
      if (next != kEscape) return false;
      text_.push_back('\0');
    }
    column->Append(rows_.heap().Copy(text_));
    return true;
  }

  const Schema schema_;
  std::vector<KeyOrder> orders_;
  RowBuffer rows_;
  std::string text_;
};

}  // namespace

size_t FixedKeySize(const Batch& batch, const std::vector<uint32_t>& columns) {
  size_t size = 0;
  for (const uint32_t column : columns) {
    const Vector& vector = batch.columns[column];
    if (vector.validity != nullptr || vector.type->is_bytes() || vector.type->is_nested()) return 0;
    size += 1 + vector.type->width();
  }
  return size;
}

void WriteFixedKeys(const Batch& batch, const std::vector<uint32_t>& columns, size_t first, size_t n, char* out) {
  const size_t stride = FixedKeySize(batch, columns);
  for (const uint32_t column : columns) {
    const Vector& vector = batch.columns[column];
    const size_t width = vector.type->width();
    for (size_t i = 0; i < n; i++) out[i * stride] = kPresent;
    out++;
    // Writes to_bytes(value), a number, as big endian.
    const auto write = [&]<class T>(const T*, const auto& to_number) {
      for (size_t i = 0; i < n; i++) {
        auto number = to_number(vector.at<T>(batch.row(first + i)));
        if constexpr (sizeof(number) == 4) number = __builtin_bswap32(number);
        if constexpr (sizeof(number) == 8) number = __builtin_bswap64(number);
        std::memcpy(out + i * stride, &number, sizeof(number));
      }
    };
    switch (vector.type->id) {
      case TypeId::kBoolean:
        write(static_cast<const uint8_t*>(nullptr), [](uint8_t x) { return x; });
        break;
      case TypeId::kInt:
      case TypeId::kDate:
        write(static_cast<const int32_t*>(nullptr),
              [](int32_t x) { return static_cast<uint32_t>(x) ^ (uint32_t{1} << 31); });
        break;
      case TypeId::kDouble:
        write(static_cast<const double*>(nullptr), DoubleKey);
        break;
      case TypeId::kDecimal:
        if (vector.type->is_wide()) {
          write(static_cast<const __int128*>(nullptr), [](const __int128& x) {
            const unsigned __int128 bits = static_cast<unsigned __int128>(x);
            const unsigned __int128 high = __builtin_bswap64(static_cast<uint64_t>(bits >> 64) ^ kSign);
            return static_cast<unsigned __int128>(__builtin_bswap64(static_cast<uint64_t>(bits))) << 64 | high;
          });
          break;
        }
        [[fallthrough]];
      default:
        write(static_cast<const int64_t*>(nullptr), [](int64_t x) { return static_cast<uint64_t>(x) ^ kSign; });
    }
    out += width;
  }
}

size_t TextKeyRoom(const Batch& batch, const std::vector<uint32_t>& columns, size_t first, size_t n) {
  if (columns.empty()) return 0;
  size_t room = sizeof(KeyHead);
  for (const uint32_t column : columns) {
    const Vector& vector = batch.columns[column];
    if (!vector.type->is_bytes()) return 0;
    for (size_t i = 0; i < n; i++) {
      const size_t row = batch.row(first + i);
      room += kTextKeyBytes + (vector.valid(row) ? 2 * size_t{vector.at<StringView>(row).size} : 0);
    }
  }
  return room;
}

char* WriteTextKeys(const Batch& batch, const std::vector<uint32_t>& columns, size_t first, size_t n, char* out,
                    uint32_t* ends) {
  const char* const begin = out;
  const auto write = [](const StringView& text, char* to) {
    return WriteShortText(text, to) ? to + text.size + kTextKeyBytes : WriteText(text.slice(), to);
  };
  const Vector& only = batch.columns[columns[0]];
  if (columns.size() == 1 && only.form == VectorForm::kFlat && only.validity == nullptr && batch.selection == nullptr) {
    const StringView* const texts = static_cast<const StringView*>(only.values) + first;
    for (size_t i = 0; i < n; i++) {
      out = write(texts[i], out);
      ends[i] = static_cast<uint32_t>(out - begin);
    }
    return out;
  }
  for (size_t i = 0; i < n; i++) {
    const size_t row = batch.row(first + i);
    for (const uint32_t column : columns) {
      const Vector& vector = batch.columns[column];
      if (vector.valid(row)) {
        out = write(vector.at<StringView>(row), out);
      } else {
        *out++ = kNullFirst;
      }
    }
    ends[i] = static_cast<uint32_t>(out - begin);
  }
  return out;
}

void AppendKey(const Vector& column, size_t row, KeyOrder order, std::string* out) {
  if (!column.valid(row)) {
    out->push_back(order.nulls_first ? kNullFirst : kNullLast);
    return;
  }
  if (column.type->is_bytes() && !order.descending && AppendShortText(column.at<StringView>(row), out)) return;
  out->push_back(kPresent);
  const size_t start = out->size();
  AppendValue(column, row, out);
  if (order.descending) {
    for (size_t i = start; i < out->size(); i++) (*out)[i] = static_cast<char>(~(*out)[i]);
  }
}

std::unique_ptr<KeyDecoder> NewKeyDecoder(const Schema& schema, std::vector<KeyOrder> orders) {
  return std::make_unique<Decoder>(schema, std::move(orders));
}

}  // namespace runjob
