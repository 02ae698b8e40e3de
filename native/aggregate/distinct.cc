#include "aggregate/distinct.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "record/key_encoding.h"

namespace runjob {

void KeyList::Clear() {
  bytes_.clear();
  ends_.clear();
}

Status KeyList::TooLarge() const {
  const size_t start = ends_.empty() ? 0 : ends_.back();
  return Status::Error("RECORD_TOO_LARGE", "a key with a distinct value of " + std::to_string(bytes_.size() - start) +
                                               " bytes; a key may have " + std::to_string(UINT32_MAX));
}

const char* KeyList::Padded() {
  bytes_.append(kBatchPadding, '\0');
  return bytes_.data();
}

void AppendGroupKey(const RecordBatch& batch, size_t i, std::string* out) {
  AppendPrefix(batch.key(i), out);
  out->push_back('\0');
}

bool AppendValueKey(const RecordBatch& batch, size_t i, const AggregateSpec& spec, uint8_t tag, std::string* out) {
  const ValueColumn& column = batch.columns[spec.column];
  if (spec.kind == ValueKind::kNumber) {
    const double x = column.numbers[i] + 0.0;  // -0 becomes 0
    if (std::isnan(x)) return false;
    AppendPrefix(batch.key(i), out);
    out->push_back(static_cast<char>(tag));
    out->append(reinterpret_cast<const char*>(&x), sizeof(x));
    return true;
  }
  const Slice x = column.slice(i);
  if (IsMissing(x, spec.missing)) return false;
  AppendPrefix(batch.key(i), out);
  out->push_back(static_cast<char>(tag));
  out->append(x.data, x.size);
  return true;
}

bool HasDistinct(const std::vector<AggregateSpec>& specs) {
  return std::any_of(specs.begin(), specs.end(),
                     [](const AggregateSpec& spec) { return spec.fn == AggregateFn::kDistinct; });
}

}  // namespace runjob
