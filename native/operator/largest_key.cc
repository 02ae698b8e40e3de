// The key with the most records, as they pass by.
#include <algorithm>
#include <utility>

#include "operator/operators.h"
#include "record/key_encoding.h"

namespace runjob {
namespace {

class KeyCounter : public LargestKeyTracker {
 public:
  KeyCounter(std::unique_ptr<Cursor> input, bool prefix_grouping, size_t suffix_bytes)
      : input_(std::move(input)), prefix_grouping_(prefix_grouping), suffix_bytes_(suffix_bytes) {}

  uint64_t records_in() const override { return records_; }

  Found Largest() const override { return run_.records > largest_.records ? run_ : largest_; }

 private:
  Status Begin() override { return Pass(input_->Start()); }
  Status Read() override { return Pass(input_->NextReady()); }

  Status Pass(Status status) {
    if (!status.ok() || !input_->valid()) return status;
    const Record* const end = input_->ready_end();
    for (const Record* record = input_->ready_begin(); record != end; record++) {
      if (run_.records == 0 || !(GroupPart(record->key) == group_)) BeginRun(*record);
      run_.records++;
      records_++;
    }
    KeepRun();
    SetReady(input_->ready_begin(), end);
    return Status::Ok();
  }

  void BeginRun(const Record& record) {
    if (run_.records > largest_.records) {
      KeepRun();
      largest_ = run_;
    }
    run_.records = 0;
    first_ = record;
    is_kept_ = false;
    group_ = GroupPart(record.key);
  }

  // Copies the first record, which is about to go.
  void KeepRun() {
    if (is_kept_) return;
    run_.key = first_.key.ToString();
    run_.value = first_.value.ToString();
    group_ = GroupPart(Slice(run_.key));
    is_kept_ = true;
  }

  Slice GroupPart(Slice key) const {
    return Slice(key.data, prefix_grouping_ ? PrefixLength(key) : key.size - std::min(suffix_bytes_, key.size));
  }

  const std::unique_ptr<Cursor> input_;
  const bool prefix_grouping_;
  const size_t suffix_bytes_;
  Found run_;  // the current key; its bytes only once it is kept
  Found largest_;
  Record first_;  // of the run, until it is kept
  bool is_kept_ = true;
  Slice group_;
  uint64_t records_ = 0;
};

}  // namespace

std::unique_ptr<LargestKeyTracker> NewLargestKeyTracker(std::unique_ptr<Cursor> input, bool prefix_grouping,
                                                        size_t suffix_bytes) {
  return std::make_unique<KeyCounter>(std::move(input), prefix_grouping, suffix_bytes);
}

}  // namespace runjob
