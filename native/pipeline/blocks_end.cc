// Rows as blocks of columns, for functions in JavaScript (src/kernels/row_block.ts).
//
//   u8 6, bool offsets, bool texts, u32 count, (u32 column, bool exact)...   offsets, texts: those of the records, too; exact: longs and
//                                                                            timestamps as they are
//
// A block for each batch, as function/block_writer.h writes its parts:
//
//   u32 rows, u32 0
//   f64         bytes after this one
//   f64 each    offset of the row's record, if they are asked for
//   the columns, and then the texts of records, if they are asked for
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
  BlocksEnd(std::vector<BlockColumn> columns, bool offsets, bool texts, const RowPlaces* places, std::string* out)
      : columns_(std::move(columns)), offsets_(offsets), texts_(texts), places_(*places), out_(out) {}

  Status Add(const Batch& batch) override {
    out_.PutCounts(static_cast<uint32_t>(batch.count), 0);
    const size_t size = out_.PutNumber();
    const size_t start = out_.size();
    const auto place_of = [&](size_t i) -> const RecordPlace& { return places_[batch.row(i)]; };
    if (offsets_) out_.PutNumbers(batch.count, [&](size_t i) { return static_cast<double>(place_of(i).offset); });
    const Rows rows{batch.rows, batch.selection, batch.count};
    for (const BlockColumn& column : columns_) {
      RUNJOB_RETURN_IF_ERROR(out_.PutColumn(rows, batch.columns[column.column], column.exact));
    }
    if (texts_) RUNJOB_RETURN_IF_ERROR(out_.PutTextColumn(batch.count, [&](size_t i) { return place_of(i).text; }));
    out_.SetNumber(size, static_cast<double>(out_.size() - start));
    return Status::Ok();
  }
  Status Finish() override { return Status::Ok(); }

 private:
  const std::vector<BlockColumn> columns_;
  const bool offsets_;
  const bool texts_;
  const RowPlaces& places_;
  BlockWriter out_;
};

}  // namespace

Status CompileBlocksEnd(ProgramReader* program, const Schema& input, const RowPlaces* places, std::string* output,
                        bool* wants_places, std::unique_ptr<ColumnSink>* result) {
  bool offsets = false;
  bool texts = false;
  uint32_t count = 0;
  if (!program->Read(&offsets) || !program->Read(&texts) || !program->Read(&count) || count > input.size())
    return BadProgram();
  std::vector<BlockColumn> columns(count);
  for (BlockColumn& column : columns) {
    if (!program->Read(&column.column) || !program->Read(&column.exact)) return BadProgram();
    if (column.column >= input.size()) return BadProgram();
  }
  *wants_places = offsets || texts;
  *result = std::make_unique<BlocksEnd>(std::move(columns), offsets, texts, places, output);
  return Status::Ok();
}

}  // namespace runjob
