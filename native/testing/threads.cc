// Stresses what threads share with many threads: the table of open runs, each of which is one LMDB environment for all
// its readers; the runs that a folder holds in memory; the tables of joins; the lower-case table; everything that is set up on first use.
// Every answer is checked, under ThreadSanitizer (threads.mjs).
#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/file_writer.h"
#include "collect/collector.h"
#include "operator/format.h"
#include "operator/operators.h"
#include "pipeline/join_table.h"
#include "pipeline/shared_table.h"
#include "run/held_runs.h"
#include "run/merge.h"
#include "run/run_file.h"
#include "run/run_writer.h"
#include "testing/expect.h"
#include "text/lowercase.h"
#include "text/tokenize.h"

namespace runjob {
namespace {

constexpr int kThreads = 8;
constexpr uint32_t kPartitions = 3;
constexpr size_t kSharedRuns = 4;
constexpr size_t kRecords = 400;

std::string KeyOf(size_t i) {
  std::string digits = std::to_string(i);
  return std::string(6 - digits.size(), '0') + digits;
}

void WriteRun(const std::string& path, size_t value_bytes) {
  std::unique_ptr<RunWriter> writer;
  EXPECT(RunWriter::Open(path, kPartitions, 0, &writer).ok());
  for (uint32_t partition = 0; partition < kPartitions; partition++) {
    for (size_t i = 0; i < kRecords; i++) {
      EXPECT(writer->Add(partition, KeyOf(i), std::string(value_bytes, static_cast<char>('a' + partition))).ok());
    }
  }
  EXPECT(writer->Finish(Slice(std::string_view("{}"))).ok());
}

// Reads the first `records` records, which must be right.
void ReadRun(const std::string& path, uint32_t partition, size_t value_bytes, size_t records) {
  std::vector<std::unique_ptr<RecordSource>> run(1);
  EXPECT(OpenRun(path, partition, &run[0]).ok());
  const std::unique_ptr<Cursor> cursor = NewMerge(std::move(run), false);
  EXPECT(cursor->Start().ok());
  const std::string value(value_bytes, static_cast<char>('a' + partition));
  for (size_t i = 0; i < records; i++) {
    EXPECT(cursor->valid());
    EXPECT(cursor->key() == Slice(KeyOf(i)) && cursor->value() == Slice(value));
    EXPECT(cursor->Next().ok());
  }
  EXPECT(cursor->valid() == (records < kRecords));
}

// All shared runs in one merge: each record once for each of them.
void MergeRuns(const std::vector<std::string>& paths, uint32_t partition) {
  std::vector<std::unique_ptr<RecordSource>> runs(paths.size());
  for (size_t i = 0; i < paths.size(); i++) EXPECT(OpenRun(paths[i], partition, &runs[i]).ok());
  const std::unique_ptr<Cursor> merged = NewMerge(std::move(runs), false);
  size_t records = 0;
  EXPECT(merged->Start().ok());
  for (; merged->valid(); records++) {
    EXPECT(merged->key() == Slice(KeyOf(records / paths.size())));
    EXPECT(merged->Next().ok());
  }
  EXPECT(records == kRecords * paths.size());
}

// From text to counted words in a run, by way of the lower-case table, which every thread sets.
void CountWords(const std::string& path) {
  std::vector<uint32_t> table(kLowercaseTableSize);
  for (uint32_t c = 0; c < kLowercaseTableSize; c++) table[c] = c;
  for (uint32_t c = 0xC0; c <= 0xDE; c++) table[c] = c + 32;
  SetLowercaseTable(table.data());

  CollectorOptions options;
  options.hash = true;
  options.aggregates.resize(1);
  const std::unique_ptr<Collector> collector = NewHashCollector(options);
  const std::unique_ptr<Mapper> mapper = NewWordsMapper(true, {}, collector.get());
  const std::string text = "\xC3\x89t\xC3\x89 one Two\ntwo \xC3\xA9t\xC3\xA9 ";
  bool done = false;
  for (int i = 0; i < 20; i++) EXPECT(mapper->Push(text, kNoLimit, i == 19, &done).ok());
  std::unique_ptr<RunWriter> writer;
  EXPECT(RunWriter::Open(path, 1, 0, &writer).ok());
  EXPECT(collector->SpillTo(writer.get()).ok());
  EXPECT(writer->Finish(Slice(std::string_view("{}"))).ok());

  std::vector<std::unique_ptr<RecordSource>> run(1);
  EXPECT(OpenRun(path, 0, &run[0]).ok());
  const std::unique_ptr<Cursor> counts = NewAggregate(NewMerge(std::move(run), false), options.aggregates, true);
  EXPECT(counts->Start().ok());
  FormatOptions format;
  format.layout = {ValueKind::kNumber};
  std::string lines;
  uint64_t records = 0;
  EXPECT(Format(counts.get(), format, 1000, &lines, &records).ok());
  EXPECT(lines == "one\t20\ntwo\t40\n\xC3\xA9t\xC3\xA9\t40\n");
}

// A file of a few buffers from a thread of its own, or half of one.
void WriteFile(const std::string& path, size_t pieces) {
  const std::string piece(300'000, 'x');
  const File file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  FileWriter writer(file.fd);
  for (size_t i = 0; i < pieces; i++) EXPECT(writer.Write(piece) == 0);
  if (pieces % 2 == 1) return;
  EXPECT(writer.Finish() == 0);
  EXPECT(writer.bytes() == pieces * piece.size() && std::filesystem::file_size(path) == writer.bytes());
}

// A file that is not a run, opened by many at once, is an error for each.
void OpenWrong(const std::string& damaged, const std::string& missing) {
  std::unique_ptr<RecordSource> source;
  EXPECT(std::string(OpenRun(damaged, 0, &source).code()) == "RUN_CORRUPT");
  EXPECT(std::string(OpenRun(missing, 0, &source).code()) == "RUN_MISSING");
}

// A run in a folder that holds some: in memory, in a file, or first in one and then in the other.
void HoldRun(HeldRuns* held, const std::string& folder, int thread) {
  const std::string name = "held-" + std::to_string(thread);
  const std::string path = folder + "/" + name;
  WriteRun(path, 100);
  ReadRun(path, 1, 100, kRecords);
  if (const std::shared_ptr<const HeldRun> run = HeldRuns::Find(path)) {
    uint64_t file_bytes = 0;
    if (thread % 2 == 0) EXPECT(RunWriter::Save(*run, path, &file_bytes).ok() && file_bytes > 0);
  }
  std::unique_ptr<RecordSource> reader;
  EXPECT(OpenRun(path, 0, &reader).ok());
  held->Drop(name);
  const SortedRecord* begin = nullptr;
  const SortedRecord* end = nullptr;
  EXPECT(reader->Read(&begin, &end).ok() && begin != end);
  ReadRun(folder + "/shared", 2, 10, kRecords);
  EXPECT(held->Has("shared") && held->Names().size() <= kThreads + 1);
}

constexpr int64_t kTableRows = 300;

// Of a column `long`, which is the key: native/pipeline/join_table.h.
std::string TableProgram() {
  std::string program;
  const auto put = [&](uint32_t n) { program.append(reinterpret_cast<const char*>(&n), sizeof(n)); };
  put(1);  // column, without a name
  put(0);
  program.push_back(static_cast<char>(TypeId::kLong));
  program.push_back(0);
  put(1);  // key
  put(0);
  program.push_back(static_cast<char>(JoinTable::Keep::kFound));
  for (int i = 0; i < 3; i++) put(0);  // no set
  return program;
}

// Rows with even numbers.
void WriteTableRun(const std::string& path) {
  std::unique_ptr<RunWriter> writer;
  EXPECT(RunWriter::Open(path, 1, 0, &writer).ok());
  for (int64_t i = 0; i < kTableRows; i++) {
    const int64_t value = 2 * i;
    std::string row(1, '\0');
    row.append(reinterpret_cast<const char*>(&value), sizeof(value));
    EXPECT(writer->Add(0, Slice(), row).ok());
  }
  EXPECT(writer->Finish(Slice(std::string_view("{}"))).ok());
}

std::shared_ptr<const JoinTable> MakeTable(const std::string& run_path, const std::string& folder) {
  std::unique_ptr<JoinTable> table;
  EXPECT(JoinTable::Compile(TableProgram(), JoinTable::Place{folder, 0}, &table).ok());
  std::vector<std::unique_ptr<RecordSource>> run(1);
  EXPECT(OpenRun(run_path, 0, &run[0]).ok());
  const std::unique_ptr<Cursor> rows = NewMerge(std::move(run), false);
  EXPECT(rows->Start().ok());
  size_t steps = 1;
  while (steps > 0) EXPECT(table->Add(rows.get(), 70, &steps).ok());
  return table;
}

// A table that threads share: one makes it, or gives up; all look into it.
void UseTable(const std::string& run_path, const std::string& folder, bool gives_up) {
  const std::shared_ptr<SharedTable> shared = SharedTable::Open("table in " + folder);
  SharedTable::State state;
  while ((state = shared->Claim(std::chrono::milliseconds(5))) != SharedTable::State::kReady) {
    if (state == SharedTable::State::kBusy) continue;
    if (gives_up) return shared->GiveUp();
    shared->Publish(MakeTable(run_path, folder));
  }
  const std::shared_ptr<const JoinTable> table = shared->table();
  const std::unique_ptr<JoinLookup> lookup = table->NewLookup();
  Type type;
  type.id = TypeId::kLong;
  const std::vector<uint32_t> on = {0};
  for (int64_t value = 0; value < 2 * kTableRows; value += 7) {
    Batch batch;
    batch.rows = batch.count = 1;
    Vector& column = batch.columns.emplace_back();
    column.type = &type;
    column.values = &value;
    EXPECT(lookup->Find(batch, on).ok());
    uint16_t selection[1];
    size_t found = 0;
    EXPECT(lookup->Select(true, selection, &found).ok());
    EXPECT(found == (value % 2 == 0));
  }
}

void Work(const std::string& folder, HeldRuns* held, const std::vector<std::string>& shared, const std::string& damaged,
          int thread, int rounds) {
  std::minstd_rand random(static_cast<unsigned>(thread) + 1);
  const std::string own = folder + "/own-" + std::to_string(thread);
  for (int round = 0; round < rounds; round++) {
    const uint32_t partition = static_cast<uint32_t>(random()) % kPartitions;
    const size_t run = random() % kSharedRuns;
    switch (random() % 9) {
      case 8:
        UseTable(folder + "/rows", random() % 2 == 0 ? "" : folder, random() % 4 == 0);
        break;
      case 0:
        CountWords(own);
        break;
      case 1:
        WriteRun(own, 100);
        ReadRun(own, partition, 100, kRecords);
        break;
      case 2:
        MergeRuns(shared, partition);
        break;
      case 3:
        OpenWrong(damaged, folder + "/nothing");
        break;
      case 4: {
        RunInfo info;
        EXPECT(ReadRunInfo(shared[run], &info).ok() && info.partitions.size() == kPartitions);
        break;
      }
      case 5:
        HoldRun(held, folder + "/held", thread);
        break;
      case 6:
        WriteFile(own, random() % 12);
        break;
      default:
        ReadRun(shared[run], partition, 10 + 500 * run, random() % (kRecords + 1));
        break;
    }
  }
}

int Main(int rounds) {
  std::string folder = (std::filesystem::temp_directory_path() / "runjob-threads-XXXXXX").string();
  EXPECT(mkdtemp(folder.data()) != nullptr);
  std::vector<std::string> shared;
  for (size_t i = 0; i < kSharedRuns; i++) {
    shared.push_back(folder + "/shared-" + std::to_string(i));
    WriteRun(shared.back(), 10 + 500 * i);
  }
  std::filesystem::create_directory(folder + "/held");
  // Room for about half of what the threads write.
  const std::shared_ptr<HeldRuns> held = HeldRuns::Open(folder + "/held", 500'000, std::chrono::hours(1));
  WriteRun(folder + "/held/shared", 10);
  WriteTableRun(folder + "/rows");
  const std::string damaged = folder + "/damaged";
  std::ofstream(damaged) << std::string(10000, 'x');

  std::atomic<bool> start{false};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; thread++) {
    threads.emplace_back([&, thread] {
      // All at once: what is set up at its first use is set up by all of them.
      while (!start.load()) std::this_thread::yield();
      Work(folder, held.get(), shared, damaged, thread, rounds);
    });
  }
  start.store(true);
  for (std::thread& thread : threads) thread.join();
  held->Close();
  std::filesystem::remove_all(folder);
  std::printf("%d threads, %d rounds each: all answers right\n", kThreads, rounds);
  return 0;
}

}  // namespace
}  // namespace runjob

int main(int argc, char** argv) { return runjob::Main(argc > 1 ? std::atoi(argv[1]) : 150); }
