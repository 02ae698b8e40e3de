// Run files that were damaged, cut or made up: opening and reading one gives the records that were written, or a Status.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/hash.h"
#include "fuzz/fuzz.h"
#include "run/merge.h"
#include "run/run_block.h"
#include "run/run_file.h"
#include "run/run_format.h"
#include "run/run_writer.h"

namespace runjob::fuzz {
namespace {

constexpr uint32_t kPartitions = 3;

struct Run {
  std::string file;
  std::vector<OwnRecord> records[kPartitions];
  struct Block {
    size_t header;  // where its BlockHeader is in the file
    size_t payload_bytes;
  };
  std::vector<Block> blocks;
};

// One folder for the process; in memory where there is a place for that.
const std::string& Folder() {
  static const std::string& folder = *new std::string([] {
    std::string name = access("/dev/shm", W_OK) == 0 ? "/dev/shm/runjob-fuzz-XXXXXX" : "/tmp/runjob-fuzz-XXXXXX";
    EXPECT(mkdtemp(name.data()) != nullptr);
    std::atexit([] { std::filesystem::remove_all(Folder()); });
    return name;
  }());
  return folder;
}

std::string ReadFile(const std::string& path) {
  const File file(open(path.c_str(), O_RDONLY));
  struct stat stat;
  EXPECT(file.fd >= 0 && fstat(file.fd, &stat) == 0);
  std::string content(static_cast<size_t>(stat.st_size), '\0');
  EXPECT(ReadAt(file.fd, content.data(), content.size(), 0));
  return content;
}

void WriteFile(const std::string& path, const std::string& content) {
  // A new file each time: LMDB may still map the one before.
  unlink(path.c_str());
  const File file(open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  EXPECT(file.fd >= 0 && WriteAt(file.fd, content.data(), content.size(), 0));
}

Run MakeRun(size_t record_bytes, size_t records) {
  Run run;
  const std::string path = Folder() + "/made";
  std::unique_ptr<RunWriter> writer;
  EXPECT(RunWriter::Open(path, kPartitions, 0, &writer).ok());
  for (const uint32_t partition : {0u, 2u}) {  // nothing in partition 1
    for (size_t i = 0; i < records; i++) {
      const OwnRecord record{"key " + std::to_string(i), std::string(record_bytes + i % 7, static_cast<char>(i))};
      EXPECT(writer->Add(partition, record.key, record.value).ok());
      run.records[partition].push_back(record);
    }
  }
  EXPECT(writer->Finish(Slice(std::string_view("{\"task\":1}"))).ok());
  run.file = ReadFile(path);

  Seal seal;
  std::memcpy(&seal, run.file.data() + run.file.size() - sizeof(seal), sizeof(seal));
  for (uint64_t page = 0; page < seal.file_pages;) {
    PageHeader header;
    std::memcpy(&header, run.file.data() + page * seal.page_bytes, sizeof(header));
    if ((header.flags & kOverflowPage) == 0) {
      page++;
      continue;
    }
    const size_t at = page * seal.page_bytes + sizeof(PageHeader);
    BlockHeader block;
    std::memcpy(&block, run.file.data() + at, sizeof(block));
    run.blocks.push_back({at, block.payload_bytes});
    page += header.pages;
  }
  return run;
}

const std::vector<Run>& Runs() {
  static const std::vector<Run>& runs = *new std::vector<Run>{MakeRun(10, 40), MakeRun(3000, 30), MakeRun(1, 0)};
  return runs;
}

// Reads whatever is at the path; returns whether no error was found.
bool ReadRun(const std::string& path, std::vector<OwnRecord> (&records)[kPartitions]) {
  RunInfo info;
  bool whole = ReadRunInfo(path, &info).ok() && info.partitions.size() == kPartitions;
  for (uint32_t partition = 0; partition < kPartitions; partition++) {
    std::vector<std::unique_ptr<RecordSource>> sources(1);
    whole = OpenRun(path, partition, &sources[0]).ok() && whole;
    if (sources[0] == nullptr) continue;
    whole = ReadAll(NewMerge(std::move(sources), false).get(), &records[partition]).ok() && whole;
  }
  return whole;
}

bool SameRecords(const std::vector<OwnRecord> (&a)[kPartitions], const std::vector<OwnRecord> (&b)[kPartitions]) {
  return std::equal(std::begin(a), std::end(a), std::begin(b));
}

// Bytes changed anywhere: found, or without effect.
void Damage(Input* input, const Run& run) {
  std::string file = run.file;
  for (uint32_t changes = 1 + input->Below(4); changes > 0; changes--) {
    // Half of the changes go where a file is read first.
    const size_t span = input->Flag() ? file.size() : std::min<size_t>(file.size(), 256);
    const size_t offset = input->Word() % span;
    file[input->Flag() ? offset : file.size() - 1 - offset] = static_cast<char>(input->Byte());
  }
  if (input->Below(4) == 0) file.resize(input->Word() % (file.size() + 1));
  if (input->Below(4) == 0) file += input->Rest();
  const std::string path = Folder() + "/damaged";
  WriteFile(path, file);
  std::vector<OwnRecord> records[kPartitions];
  if (ReadRun(path, records)) EXPECT(SameRecords(records, run.records));
}

// A block with a right checksum over wrong content: what a writer gone mad leaves. Records or an error, no crash.
void Forge(Input* input, const Run& run) {
  if (run.blocks.empty()) return;
  std::string file = run.file;
  const Run::Block& block = run.blocks[input->Below(static_cast<uint32_t>(run.blocks.size()))];
  char* const payload = file.data() + block.header + sizeof(BlockHeader);
  const std::string forged = input->Rest();
  std::memcpy(payload, forged.data(), std::min(forged.size(), block.payload_bytes));
  BlockHeader header;
  std::memcpy(&header, file.data() + block.header, sizeof(header));
  header.checksum = Xxh64(Slice(payload, block.payload_bytes), 0);
  std::memcpy(file.data() + block.header, &header, sizeof(header));
  const std::string path = Folder() + "/forged";
  WriteFile(path, file);
  std::vector<OwnRecord> records[kPartitions];
  ReadRun(path, records);
}

void Invent(Input* input) {
  const std::string path = Folder() + "/invented";
  WriteFile(path, input->Rest());
  std::vector<OwnRecord> records[kPartitions];
  ReadRun(path, records);
}

void RunOne(Input input) {
  const uint32_t how = input.Below(8);
  const Run& run = Runs()[input.Below(static_cast<uint32_t>(Runs().size()))];
  if (how == 0) {
    Invent(&input);
  } else if (how < 5) {
    Damage(&input, run);
  } else {
    Forge(&input, run);
  }
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  runjob::fuzz::RunOne({data, size});
  return 0;
}
