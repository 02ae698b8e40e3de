// Rows as a file of Avro.
//
//   u8 codec (avro/scan.h), text header
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "avro/writer.h"
#include "pipeline/operator.h"

namespace runjob {

namespace {

// Numbers that the function of the host knows: src/io/format/parquet/codec.ts.
constexpr uint8_t kHostZstd = 6;
constexpr uint8_t kHostDeflate = 8;

}  // namespace

Status CompileAvroEnd(ProgramReader* program, const Schema& input,
                      std::function<Status(uint8_t codec, Slice page, std::string* out)> compress,
                      std::function<void(Slice)> pass, std::unique_ptr<ColumnSink>* result) {
  uint8_t codec = 0;
  avro::WriterOptions options;
  if (!program->Read(&codec) || !program->Read(&options.header)) return BadProgram();
  if (codec > static_cast<uint8_t>(avro::Codec::kZstandard) || options.header.size() < avro::kSyncBytes) {
    return BadProgram();
  }
  options.codec = static_cast<avro::Codec>(codec);
  options.compress = [compress = std::move(compress)](avro::Codec own, Slice records, std::string* out) {
    return compress(own == avro::Codec::kDeflate ? kHostDeflate : kHostZstd, records, out);
  };
  options.pass = std::move(pass);
  *result = std::make_unique<avro::Writer>(input, std::move(options));
  return Status::Ok();
}

}  // namespace runjob
