#include <napi.h>

#include <memory>
#include <vector>

#include "addon/args.h"
#include "addon/module.h"
#include "addon/options.h"
#include "addon/reading.h"
#include "addon/results.h"
#include "csv/csv_reader.h"
#include "csv/csv_scan.h"

namespace runjob::addon {
namespace {

class CsvReader : public Reading<CsvReader, runjob::CsvReader> {
 public:
  static constexpr const char* kName = "CsvReader";
  static constexpr const char* kWhat = "reader";
  static constexpr napi_type_tag kTag = {0x0b6d71e2a8f9453c, 0xd5219e4407c38ba6};

  static std::vector<Member> Members() {
    return {Method<&CsvReader::Push>("push"),         Method<&CsvReader::RowOffset>("rowOffset"),
            Method<&CsvReader::RowBytes>("rowBytes"), Method<&CsvReader::TakeBad>("takeBad"),
            Getter<&CsvReader::Position>("position"), Getter<&CsvReader::RecordsDropped>("recordsDropped")};
  }

  explicit CsvReader(const Napi::CallbackInfo& info) : Reading(info) {
    Guarded(info.Env(), [&] {
      const Napi::Object options = ObjectArg(info[0], "options");
      native_ = std::make_unique<runjob::CsvReader>(CsvReadArg(options));
    });
  }

 private:
  Napi::Value Push(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const bool done = PushChunk(info, [&](Slice chunk, uint64_t limit, bool last, bool* is_done) {
      return native_->Push(chunk, limit, last, &block_, is_done);
    });

    Napi::Object block = Napi::Object::New(env);
    block.Set("bytes", Bytes(env, block_.bytes));
    block.Set("wide", Bytes(env, Slice(reinterpret_cast<const char*>(block_.wide.data()),
                                       block_.wide.size() * sizeof(char16_t))));
    block.Set("rows", Count(env, block_.rows.size()));
    block.Set("rowEnds", Numbers<Napi::Uint32Array>(env, block_.row_ends));
    block.Set("fields", Numbers<Napi::Int32Array>(env, block_.fields));
    Napi::Object result = Napi::Object::New(env);
    result.Set("block", block);
    result.Set("done", Napi::Boolean::New(env, done));
    return result;
  }

  const runjob::CsvBlock::Row& RowArg(const Napi::Value& value) {
    if (block_.rows.empty()) ThrowBadArgument(value.Env(), "the reader has no rows");
    return block_.rows[IntegerArg(value, "row", 0, block_.rows.size() - 1)];
  }
  Napi::Value RowOffset(const Napi::CallbackInfo& info) { return Count(info.Env(), RowArg(info[0]).offset); }
  Napi::Value RowBytes(const Napi::CallbackInfo& info) {
    const auto& [offset, start, size] = RowArg(info[0]);
    return Bytes(info.Env(), Slice(block_.bytes.data() + start, size));
  }

  runjob::CsvBlock block_;
};

Napi::Value GuessRecordStart(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = ObjectArg(info[2], "options");
  const CsvDialect dialect = DialectArg(options);
  const uint32_t columns = static_cast<uint32_t>(IntegerArg(options.Get("columns"), "columns", 0, UINT32_MAX));
  const Slice chunk = BytesArg(info[0], "chunk");
  if (chunk.empty()) ThrowBadArgument(env, "chunk must not be empty");
  const size_t from = static_cast<size_t>(IntegerArg(info[1], "from", 1, chunk.size));
  return Count(env, GuessCsvRecordStart(chunk, from, dialect, columns));
}

}  // namespace

void ExportCsvReader(Napi::Object exports) {
  ExportClass<CsvReader>(exports, "createCsvReader");
  Export<GuessRecordStart>(exports, "guessCsvRecordStart");
}

}  // namespace runjob::addon
