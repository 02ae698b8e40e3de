// Rows as a file of Parquet.
//
//   u8 codec (parquet/source.h), text created_by
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "parquet/writer.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

bool IsWritable(const Type& type) {
  if (type.id == TypeId::kStruct && type.fields.empty()) return false;
  for (const Field& field : type.fields) {
    if (!IsWritable(field.type)) return false;
  }
  return true;
}

}  // namespace

Status CompileParquetEnd(ProgramReader* program, const Schema& input,
                         std::function<Status(uint8_t codec, Slice page, std::string* out)> compress,
                         std::function<void(Slice)> pass, std::unique_ptr<ColumnSink>* result) {
  uint8_t codec = 0;
  parquet::WriterOptions options;
  if (!program->Read(&codec) || !program->Read(&options.created_by)) return BadProgram();
  if (input.empty()) return Status::Error("BAD_ARGUMENT", "Parquet has one column at least");
  for (const Field& field : input) {
    if (!IsWritable(field.type)) return Status::Error("BAD_ARGUMENT", "Parquet holds no structs without fields");
  }
  options.codec = static_cast<parquet::Codec>(codec);
  options.compress = [codec, compress = std::move(compress)](Slice page, std::string* out) {
    return compress(codec, page, out);
  };
  options.pass = std::move(pass);
  *result = std::make_unique<parquet::Writer>(input, std::move(options));
  return Status::Ok();
}

}  // namespace runjob
