#include "run/every_record.h"

#include <utility>

#include "run/run_file.h"

namespace runjob {
namespace {

class EveryRecord final : public Cursor {
 public:
  explicit EveryRecord(std::vector<std::string> paths) : paths_(std::move(paths)) {}

  uint64_t records_in() const override {
    return read_ - (valid() ? static_cast<uint64_t>(ready_end() - ready_begin()) - 1 : 0);
  }

 private:
  Status Read() override {
    while (next_ < paths_.size() || source_ != nullptr) {
      if (source_ == nullptr) {
        RUNJOB_RETURN_IF_ERROR(OpenNext());
        continue;
      }
      const SortedRecord* begin = nullptr;
      const SortedRecord* end = nullptr;
      RUNJOB_RETURN_IF_ERROR(source_->Read(&begin, &end));
      if (begin == end) {
        source_.reset();
        continue;
      }
      records_.clear();
      for (const SortedRecord* record = begin; record != end; record++) {
        records_.push_back(Record{record->key, record->value});
      }
      read_ += records_.size();
      SetReady(records_.data(), records_.data() + records_.size());
      return Status::Ok();
    }
    return Status::Ok();
  }

  // The next partition in which there is something, if there is one.
  Status OpenNext() {
    if (partition_ == 0) RUNJOB_RETURN_IF_ERROR(ReadRunInfo(paths_[next_], &info_));
    while (partition_ < info_.partitions.size() && info_.partitions[partition_].records == 0) partition_++;
    if (partition_ < info_.partitions.size()) {
      RUNJOB_RETURN_IF_ERROR(OpenRun(paths_[next_], static_cast<uint32_t>(partition_++), &source_));
    }
    if (partition_ == info_.partitions.size()) {
      next_++;
      partition_ = 0;
    }
    return Status::Ok();
  }

  const std::vector<std::string> paths_;
  size_t next_ = 0;       // path...
  size_t partition_ = 0;  // ...and partition of it
  RunInfo info_;          // of that path
  std::unique_ptr<RecordSource> source_;
  std::vector<Record> records_;
  uint64_t read_ = 0;
};

}  // namespace

std::unique_ptr<Cursor> NewEveryRecord(std::vector<std::string> paths) {
  return std::make_unique<EveryRecord>(std::move(paths));
}

}  // namespace runjob
