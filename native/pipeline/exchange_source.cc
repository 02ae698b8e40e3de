// The rows of an exchange, in the order of its keys.
#include <memory>

#include "column/rows.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

class ExchangeSource : public RowSource {
 public:
  explicit ExchangeSource(Schema schema) : schema_(std::move(schema)), rows_(NewRowDecoder(schema_)) {}

  const Schema& schema() const override { return schema_; }

  Status Drain(Cursor* cursor, size_t max_records, ColumnSink* rows, size_t* records) override {
    *records = 0;
    for (; cursor->valid() && *records < max_records; ++*records) {
      RUNJOB_RETURN_IF_ERROR(rows_->Add(cursor->value()));
      if (rows_->rows() == kVectorRows) RUNJOB_RETURN_IF_ERROR(Pass(rows));
      RUNJOB_RETURN_IF_ERROR(cursor->Next());
    }
    return *records == 0 ? Pass(rows) : Status::Ok();
  }

  size_t bytes() const override { return rows_->bytes(); }

 private:
  Status Pass(ColumnSink* rows) {
    if (rows_->rows() == 0) return Status::Ok();
    RUNJOB_RETURN_IF_ERROR(rows->Add(rows_->batch()));
    rows_->Clear();
    return Status::Ok();
  }

  const Schema schema_;
  const std::unique_ptr<RowDecoder> rows_;
};

}  // namespace

Status CompileExchangeSource(ProgramReader* program, std::unique_ptr<RowSource>* result) {
  Schema schema;
  if (!program->Read(&schema)) return BadProgram();
  *result = std::make_unique<ExchangeSource>(std::move(schema));
  return Status::Ok();
}

}  // namespace runjob
