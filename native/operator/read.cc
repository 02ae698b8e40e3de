#include "operator/read.h"

#include <algorithm>
#include <cstring>

#include "record/key_encoding.h"

namespace runjob {

namespace {

bool IsAscii(const char* data, size_t size) {
  // In pieces: long enough for the compiler's vector loop, short enough to stop early on other text.
  constexpr size_t kPiece = 1024;
  for (size_t start = 0; start < size; start += kPiece) {
    const size_t end = std::min(size, start + kPiece);
    unsigned char bits = 0;
    for (size_t i = start; i < end; i++) bits |= static_cast<unsigned char>(data[i]);
    if (bits >= 0x80) return false;
  }
  return true;
}

void Put(Slice from, const BytesTarget& to, size_t at) {
  if (from.size != 0) std::memcpy(to.bytes + at, from.data, from.size);
}

}  // namespace

Status BatchReader::Read(Cursor* cursor, const Layout& layout, const ReadOptions& options, const ReadTarget& target,
                         ReadCounts* counts) {
  fields_.resize(layout.size());
  std::vector<size_t> used(layout.size(), 0);
  size_t key_used = 0;
  // The last key of this batch, in the target; before the first record it is last_key_.
  Slice previous(last_key_);
  const uint32_t partition = cursor->valid() && options.partition_of != nullptr ? *options.partition_of : 0;

  size_t n = 0;
  for (; n < target.max_records && cursor->valid(); n++) {
    if (options.partition_of != nullptr && *options.partition_of != partition) break;
    Slice key = cursor->key();
    if (options.prefix_grouping) {
      const size_t length = PrefixLength(key);
      if (length < 2 || key.data[length - 2] != '\0' || key.data[length - 1] != '\1') {
        return Status::Error("RUN_CORRUPT", "a key has no group part");
      }
      key = UnescapePrefix(Slice(key.data, length), &scratch_);
    }
    RUNJOB_RETURN_IF_ERROR(SplitValue(cursor->value(), layout, fields_.data()));

    bool fits = key.size <= target.keys.capacity - key_used;
    for (size_t c = 0; c < layout.size() && fits; c++) {
      if (layout[c] == ValueKind::kBytes) {
        fits = fields_[c].bytes.size <= target.columns[c].bytes.capacity - used[c];
      }
    }
    if (!fits) {
      if (n > 0) break;
      counts->key_bytes = key.size;
      counts->value_bytes = cursor->value().size;
      return Status::Error("BATCH_TOO_SMALL", "a record needs " + std::to_string(key.size) + " bytes for its key and " +
                                                  std::to_string(cursor->value().size) + " for its value");
    }

    if (target.group_starts != nullptr) target.group_starts[n] = first_ || !(key == previous);
    first_ = false;
    Put(key, target.keys, key_used);
    previous = Slice(target.keys.bytes + key_used, key.size);
    key_used += key.size;
    target.keys.ends[n] = static_cast<uint32_t>(key_used);
    for (size_t c = 0; c < layout.size(); c++) {
      const ReadTarget::Column& column = target.columns[c];
      if (layout[c] == ValueKind::kNumber) {
        column.numbers[n] = fields_[c].number;
      } else {
        Put(fields_[c].bytes, column.bytes, used[c]);
        used[c] += fields_[c].bytes.size;
        column.bytes.ends[n] = static_cast<uint32_t>(used[c]);
      }
    }
    RUNJOB_RETURN_IF_ERROR(cursor->Next());
  }

  counts->records = n;
  if (n > 0) last_key_.assign(previous.data, previous.size);
  counts->keys_ascii = IsAscii(target.keys.bytes, key_used);
  for (size_t c = 0; c < layout.size() && counts->values_ascii; c++) {
    if (layout[c] == ValueKind::kBytes) counts->values_ascii = IsAscii(target.columns[c].bytes.bytes, used[c]);
  }
  return Status::Ok();
}

}  // namespace runjob
