// Rows as bytes, for rules and tests.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "column/rows.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

class RowsEnd : public ColumnSink {
 public:
  explicit RowsEnd(std::string* output) : output_(output) {}

  Status Add(const Batch& batch) override {
    columns_.clear();
    for (const Vector& column : batch.columns) columns_.push_back(&column);
    for (size_t i = 0; i < batch.count; i++) {
      const size_t start = output_->size();
      output_->append(sizeof(uint32_t), '\0');
      AppendRow(columns_, batch.row(i), output_);
      const size_t size = output_->size() - start - sizeof(uint32_t);
      if (size > UINT32_MAX) return Status::Error("RECORD_TOO_LARGE", "a row has more than 4 GiB");
      const uint32_t stored = static_cast<uint32_t>(size);
      std::memcpy(&(*output_)[start], &stored, sizeof(stored));
    }
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  std::string* const output_;
  std::vector<const Vector*> columns_;
};

}  // namespace

std::unique_ptr<ColumnSink> NewRowsEnd(std::string* output) { return std::make_unique<RowsEnd>(output); }

}  // namespace runjob
