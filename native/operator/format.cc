#include "operator/format.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "aggregate/aggregate.h"
#include "base/number.h"
#include "record/key_encoding.h"
#include "record/number_key.h"
#include "record/packed_record.h"
#include "record/record.h"
#include "text/text_write.h"

namespace runjob {

namespace {

// Writes the fields of one row after another into memory that is large enough by promise: see RowBound.
class RowWriter {
 public:
  explicit RowWriter(const FormatOptions& options)
      : options_(options), separator_(options.kind == FormatKind::kCsv ? options.delimiter : '\t') {}

  void Begin(char* out) {
    out_ = out;
    row_ = out;
    fields_ = 0;
  }

  void Bytes(Slice bytes) {
    NextField();
    if (options_.kind == FormatKind::kCsv) {
      out_ = WriteCsvField(bytes, options_.delimiter, out_);
    } else if (options_.kind == FormatKind::kTsv && options_.escape) {
      out_ = WriteTsvField(bytes, out_);
    } else {
      Copy(bytes);
    }
  }

  void Raw(Slice bytes) {
    NextField();
    Copy(bytes);
  }

  void Number(double x) {
    NextField();
    out_ = WriteNumber(x, out_);
  }

  void Missing() { NextField(); }

  char* End() {
    // The line of a row whose one field is empty would be an empty line, which readers of CSV skip.
    if (options_.kind == FormatKind::kCsv && fields_ == 1 && out_ == row_) {
      *out_++ = '"';
      *out_++ = '"';
    }
    *out_++ = '\n';
    return out_;
  }

 private:
  void NextField() {
    if (fields_++ > 0) *out_++ = separator_;
  }

  void Copy(Slice bytes) { out_ = CopyBytes(out_, bytes.data, bytes.size); }

  const FormatOptions& options_;
  const char separator_;
  char* out_ = nullptr;
  char* row_ = nullptr;
  size_t fields_ = 0;
};

// Text of a record is at most this long: bytes double at worst, a field may be quoted and has a separator, a
// part of a tuple key has 2 bytes of its own (key_encoding.h) for those 3.
size_t RowBound(Slice key, Slice value, size_t fields) {
  return 3 * key.size + 2 * value.size + fields * (kMaxNumberText + 3) + kMaxNumberText + 8;
}

Status WriteKey(Slice key, KeyKind kind, std::string* scratch, RowWriter* row) {
  switch (kind) {
    case KeyKind::kBytes:
      row->Bytes(key);
      return Status::Ok();
    case KeyKind::kNumber:
      if (key.size != kNumberKeyBytes) {
        return Status::Error("RUN_CORRUPT", "a number key of " + std::to_string(key.size) + " bytes");
      }
      row->Number(DecodeNumberKey(key.data));
      return Status::Ok();
    case KeyKind::kTuple:
      while (!key.empty()) {
        const Slice part(key.data, PrefixLength(key));
        if (part.size < 2 || part.data[part.size - 2] != '\0' || part.data[part.size - 1] != '\x01') {
          return Status::Error("RUN_CORRUPT", "a part of a tuple key has no end");
        }
        row->Bytes(UnescapePrefix(part, scratch));
        key = Slice(key.data + part.size, key.size - part.size);
      }
      return Status::Ok();
  }
  return Status::Error("INTERNAL", "unknown kind of key");
}

void WriteValue(const std::vector<FieldValue>& fields, const FormatOptions& options, RowWriter* row) {
  for (size_t c = 0; c < fields.size(); c++) {
    if (options.layout[c] == ValueKind::kNumber) {
      if (std::isnan(fields[c].number)) {
        row->Missing();
      } else {
        row->Number(fields[c].number);
      }
    } else if (c < options.markers.size() && options.markers[c] && IsMissing(fields[c].bytes, MissingBytes::kMarker)) {
      row->Missing();
    } else if (c < options.raw.size() && options.raw[c]) {
      row->Raw(fields[c].bytes);
    } else {
      row->Bytes(fields[c].bytes);
    }
  }
}

}  // namespace

Status Format(Cursor* cursor, const FormatOptions& options, size_t want_bytes, std::string* out, uint64_t* records) {
  // A line of plain text is the key, or the value if there is no key.
  const bool with_value = options.kind != FormatKind::kText || options.values_only;
  std::vector<FieldValue> fields(with_value ? options.layout.size() : 0);
  std::string scratch;
  RowWriter row(options);
  size_t used = out->size();
  uint64_t count = 0;
  Status status;

  // `out` is larger than needed, and cut once at the end.
  out->resize(std::max(out->size(), want_bytes));
  while (used < want_bytes && cursor->valid()) {
    const size_t bound = RowBound(cursor->key(), cursor->value(), options.layout.size());
    if (out->size() - used < bound) out->resize(std::max(used + bound, want_bytes + want_bytes / 8));
    row.Begin(out->data() + used);
    if (!options.values_only) status = WriteKey(cursor->key(), options.key, &scratch, &row);
    if (status.ok() && with_value) {
      status = SplitValue(cursor->value(), options.layout, fields.data());
      if (status.ok()) WriteValue(fields, options, &row);
    }
    if (!status.ok()) break;
    used = static_cast<size_t>(row.End() - out->data());
    count++;
    status = cursor->Next();
    if (!status.ok()) break;
  }
  out->resize(used);
  *records = count;
  return status;
}

}  // namespace runjob
