// Rows as blocks of columns, for functions in JavaScript (src/kernels/row_block.ts).
//
//   u8 5, bool texts, u32 count, (u32 column, bool exact)...   texts: those of the records, too; exact: longs and timestamps as they are
//
// A block for each batch, as function/block_writer.h writes its parts:
//
//   u32 rows, u32 columns, with one for the texts of records if they are there
//   f64 each    offset of the row's record
//   the columns, and then the texts of records
#include "pipeline/blocks_end.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "function/block_writer.h"

namespace runjob {

namespace {

struct BlockColumn {
  uint32_t column;
  bool exact;
};

class BlocksEnd final : public ColumnSink {
 public:
  BlocksEnd(std::vector<BlockColumn> columns, bool texts, const RowPlaces* places, std::string* out)
      : columns_(std::move(columns)), texts_(texts), places_(*places), out_(out) {}

  Status Add(const Batch& batch) override {
    out_.PutCounts(static_cast<uint32_t>(batch.count), static_cast<uint32_t>(columns_.size() + (texts_ ? 1 : 0)));
    const auto place_of = [&](size_t i) -> const RecordPlace& { return places_[batch.row(i)]; };
    out_.PutNumbers(batch.count, [&](size_t i) { return static_cast<double>(place_of(i).offset); });
    const Rows rows{batch.rows, batch.selection, batch.count};
    for (const BlockColumn& column : columns_) {
      RUNJOB_RETURN_IF_ERROR(out_.PutColumn(rows, batch.columns[column.column], column.exact));
    }
    return texts_ ? out_.PutTextColumn(batch.count, [&](size_t i) { return place_of(i).text; }) : Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  const std::vector<BlockColumn> columns_;
  const bool texts_;
  const RowPlaces& places_;
  BlockWriter out_;
};

}  // namespace

Status CompileBlocksEnd(ProgramReader* program, const Schema& input, const RowPlaces* places, std::string* output,
                        std::unique_ptr<ColumnSink>* result) {
  bool texts = false;
  uint32_t count = 0;
  if (!program->Read(&texts) || !program->Read(&count) || count > input.size()) return BadProgram();
  std::vector<BlockColumn> columns(count);
  for (BlockColumn& column : columns) {
    if (!program->Read(&column.column) || !program->Read(&column.exact)) return BadProgram();
    if (column.column >= input.size()) return BadProgram();
  }
  *result = std::make_unique<BlocksEnd>(std::move(columns), texts, places, output);
  return Status::Ok();
}

}  // namespace runjob
