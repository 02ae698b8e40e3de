#include "parquet/footer.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "parquet/failure.h"
#include "parquet/thrift.h"

namespace runjob::parquet {

namespace {

constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;
// The first bytes of a file are no page.
constexpr uint64_t kLeastStart = 4;
constexpr int kDictionaryPage = 2;

constexpr double kUnknown = -1;

Status Wrong(const std::string& what) { return Corrupt("the " + what + " in its footer is wrong"); }
struct Place {
  double start = kUnknown;
  double end = kUnknown;
};

struct Statistics {
  double nulls = kUnknown;
  Place greatest;
  Place least;
  Place old_greatest;
  Place old_least;
};

// As the file has them; absent: -1.
struct Index {
  int64_t start = -1;
  int64_t bytes = -1;
  bool has_bytes = false;
};

struct Column {
  bool is_elsewhere = false;
  bool is_encrypted = false;
  bool has_meta = false;
  int64_t physical = -1;
  int64_t codec = -1;
  int64_t values = -1;
  int64_t bytes = -1;
  int64_t data_start = -1;
  int64_t dictionary_start = 0;
  double pages = kUnknown;
  Statistics statistics;
  Index column_index;
  Index offset_index;
  Index bloom;
  size_t path = 0;  // where the list of its names begins; 0: there is none
};

bool IsInteger(ThriftType type) { return type >= ThriftType::kByte && type <= ThriftType::kI64; }

class FooterReader {
 public:
  FooterReader(Slice footer, uint64_t start, RowGroups* result)
      : footer_(footer), start_(start), reader_(footer), result_(result) {}

  Status Read() {
    std::vector<double>& numbers = result_->numbers;
    numbers.assign(1, 0);
    const bool ok = ReadFields(&reader_, [&](int id, ThriftType type) {
      if (id != 4) return reader_.Skip(type);
      uint64_t count = 0;
      if (!ReadStructs(type, &count)) return Refuse(Wrong("row groups"));
      numbers.assign(1, static_cast<double>(count));
      for (; count > 0; count--) {
        if (!ReadGroup()) return false;
      }
      result_->end = reader_.used();
      return true;
    });
    if (ok || !refusal_.ok()) return refusal_;
    return Corrupt(std::string("its footer cannot be read (") +
                   (reader_.needs_more() ? "it ends too early)" : "a field is damaged)"));
  }

 private:
  // Everything below is false where bytes are wrong: of what, refusal_ says, unless the reader failed.
  bool Refuse(Status status) {
    refusal_ = std::move(status);
    return false;
  }

  // The head of a list of structs.
  bool ReadStructs(ThriftType type, uint64_t* count) {
    ThriftType element;
    if (type != ThriftType::kList || !reader_.ReadList(&element, count)) return false;
    return *count == 0 || element == ThriftType::kStruct;
  }

  bool ReadGroup() {
    int64_t rows = -1;
    bool has_columns = false;
    columns_.clear();
    const bool ok = ReadFields(&reader_, [&](int id, ThriftType type) {
      switch (id) {
        case 1: {
          uint64_t count = 0;
          if (!ReadStructs(type, &count)) return Refuse(Wrong("columns of a row group"));
          has_columns = true;
          columns_.clear();
          for (; count > 0; count--) {
            if (!ReadColumn()) return false;
          }
          return true;
        }
        case 3:
          return ReadInteger(type, &rows);
        default:
          return reader_.Skip(type);
      }
    });
    if (!ok) return false;
    if (!has_columns) return Refuse(Wrong("columns of a row group"));
    if (!IsCount(rows)) return Refuse(Wrong("number of rows of a row group"));
    const Status status = AddGroup(static_cast<uint64_t>(rows));
    return status.ok() || Refuse(status);
  }

  bool ReadColumn() {
    Column column;
    const bool ok = ReadFields(&reader_, [&](int id, ThriftType type) {
      switch (id) {
        case 1:
          column.is_elsewhere = true;
          return reader_.Skip(type);
        case 3:
          if (type != ThriftType::kStruct) return Refuse(Wrong("column of a row group"));
          column.has_meta = true;
          return ReadMeta(&column);
        case 4:
          return ReadStart(type, &column.offset_index);
        case 5:
          return ReadBytes(type, &column.offset_index);
        case 6:
          return ReadStart(type, &column.column_index);
        case 7:
          return ReadBytes(type, &column.column_index);
        case 8:
        case 9:
          column.is_encrypted = true;
          return reader_.Skip(type);
        default:
          return reader_.Skip(type);
      }
    });
    columns_.push_back(column);
    return ok;
  }

  bool ReadMeta(Column* column) {
    return ReadFields(&reader_, [&](int id, ThriftType type) {
      switch (id) {
        case 1:
          return ReadInteger(type, &column->physical);
        case 3:
          if (type == ThriftType::kList) column->path = reader_.used();
          return reader_.Skip(type);
        case 4:
          return ReadInteger(type, &column->codec);
        case 5:
          return ReadInteger(type, &column->values);
        case 7:
          return ReadInteger(type, &column->bytes);
        case 9:
          return ReadInteger(type, &column->data_start);
        case 11:
          return ReadInteger(type, &column->dictionary_start);
        case 12:
          return type == ThriftType::kStruct ? ReadStatistics(&column->statistics) : Refuse(Wrong("statistics"));
        case 13:
          return type == ThriftType::kList ? CountPages(&column->pages) : reader_.Skip(type);
        case 14:
          return ReadStart(type, &column->bloom);
        case 15:
          return ReadBytes(type, &column->bloom);
        default:
          return reader_.Skip(type);
      }
    });
  }

  bool ReadStatistics(Statistics* statistics) {
    *statistics = Statistics();
    return ReadFields(&reader_, [&](int id, ThriftType type) {
      switch (id) {
        case 1:
          return ReadPlace(type, &statistics->old_greatest);
        case 2:
          return ReadPlace(type, &statistics->old_least);
        case 3: {
          int64_t nulls = -1;
          const bool ok = ReadInteger(type, &nulls);
          statistics->nulls = IsCount(nulls) ? static_cast<double>(nulls) : kUnknown;
          return ok;
        }
        case 5:
          return ReadPlace(type, &statistics->greatest);
        case 6:
          return ReadPlace(type, &statistics->least);
        default:
          return reader_.Skip(type);
      }
    });
  }

  // How many there are of each kind and encoding.
  bool CountPages(double* pages) {
    ThriftType element;
    uint64_t count = 0;
    if (!reader_.ReadList(&element, &count)) return false;
    uint64_t total = 0;
    bool is_known = count == 0 || element == ThriftType::kStruct;
    for (; count > 0; count--) {
      if (element != ThriftType::kStruct) {
        if (!reader_.SkipElement(element)) return false;
        continue;
      }
      int64_t kind = -1;
      int64_t number = -1;
      const bool ok = ReadFields(&reader_, [&](int id, ThriftType type) {
        return id == 1 ? ReadInteger(type, &kind) : id == 3 ? ReadInteger(type, &number) : reader_.Skip(type);
      });
      if (!ok) return false;
      if (kind == kDictionaryPage) continue;
      is_known = is_known && IsCount(number) && total + static_cast<uint64_t>(number) <= kMaxSafeInteger;
      if (is_known) total += static_cast<uint64_t>(number);
    }
    *pages = is_known ? static_cast<double>(total) : kUnknown;
    return true;
  }

  // Of another type: as if it were not there, as the value says.
  bool ReadInteger(ThriftType type, int64_t* value) {
    if (IsInteger(type)) return reader_.Read(type, value);
    *value = -1;
    return reader_.Skip(type);
  }
  bool ReadStart(ThriftType type, Index* index) { return ReadInteger(type, &index->start); }
  bool ReadBytes(ThriftType type, Index* index) {
    index->has_bytes = true;
    return ReadInteger(type, &index->bytes);
  }
  bool ReadPlace(ThriftType type, Place* place) {
    *place = Place();
    if (type != ThriftType::kBinary) return reader_.Skip(type);
    Slice bytes;
    if (!reader_.Read(type, &bytes)) return false;
    place->start = static_cast<double>(bytes.data - footer_.data);
    place->end = place->start + static_cast<double>(bytes.size);
    return true;
  }

  static bool IsCount(int64_t value, uint64_t most = kMaxSafeInteger) {
    return value >= 0 && static_cast<uint64_t>(value) <= most;
  }

  Status AddGroup(uint64_t rows) {
    std::vector<double>& numbers = result_->numbers;
    const size_t at = numbers.size();
    numbers.insert(numbers.end(), {static_cast<double>(rows), static_cast<double>(columns_.size()), 0, 0});
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    for (const Column& column : columns_) {
      // Without rows there need not be pages.
      RUNJOB_RETURN_IF_ERROR(AddColumn(column, rows > 0));
      const double* const own = numbers.data() + numbers.size() - kColumnNumbers;
      if (own[0] != 0) continue;
      least = std::min(least, own[4]);
      most = std::max(most, own[4] + own[5]);
    }
    if (least <= most) {
      numbers[at + 2] = least;
      numbers[at + 3] = most;
    }
    return Status::Ok();
  }

  Status AddColumn(const Column& column, bool has_pages) {
    std::vector<double>& numbers = result_->numbers;
    if (column.is_elsewhere || column.is_encrypted || !column.has_meta) {
      numbers.push_back(column.is_elsewhere ? 1 : 2);
      numbers.insert(numbers.end(), 5, 0);
      numbers.insert(numbers.end(), kColumnNumbers - 6, kUnknown);
      return Status::Ok();
    }
    if (!IsCount(column.data_start)) return Wrong("place of a page");
    if (!IsCount(column.dictionary_start)) return Wrong("place of a dictionary");
    if (!IsCount(column.bytes)) return Wrong("bytes of a column");
    if (!IsCount(column.physical, 7)) return Wrong("type of a column");
    if (!IsCount(column.codec, 255)) return Wrong("codec");
    if (!IsCount(column.values)) return Wrong("number of values");
    const auto data_start = static_cast<uint64_t>(column.data_start);
    const auto dictionary_start = static_cast<uint64_t>(column.dictionary_start);
    // Some writers put 0 where there is no dictionary.
    const bool has_dictionary = dictionary_start >= kLeastStart && dictionary_start < data_start;
    const uint64_t start = has_dictionary ? dictionary_start : data_start;
    const auto bytes = static_cast<uint64_t>(column.bytes);
    if (has_pages && (start < kLeastStart || start + bytes > start_)) {
      const std::string path = PathOf(column);
      return Corrupt((path.empty() ? "" : "column \"" + path + "\": ") + "its pages at " + std::to_string(start) +
                     ", " + std::to_string(bytes) + " bytes, are not in the file");
    }
    const Statistics& known = column.statistics;
    numbers.insert(numbers.end(), {0, static_cast<double>(column.physical), static_cast<double>(column.codec),
                                   static_cast<double>(column.values), static_cast<double>(start),
                                   static_cast<double>(bytes), column.pages, known.nulls});
    for (const Place& place : {known.greatest, known.least, known.old_greatest, known.old_least}) {
      numbers.insert(numbers.end(), {place.start, place.end});
    }
    // Without these, all pages are read: a wrong one is no reason to refuse the file.
    for (const Index& index : {column.column_index, column.offset_index, column.bloom}) AddIndex(index);
    return Status::Ok();
  }

  void AddIndex(const Index& index) {
    const bool is_sound = IsCount(index.start) && static_cast<uint64_t>(index.start) >= kLeastStart &&
                          static_cast<uint64_t>(index.start) < start_ &&
                          (!index.has_bytes || (index.bytes > 0 && IsCount(index.bytes) &&
                                                static_cast<uint64_t>(index.start + index.bytes) <= start_));
    result_->numbers.push_back(is_sound ? static_cast<double>(index.start) : kUnknown);
    result_->numbers.push_back(is_sound && index.has_bytes ? static_cast<double>(index.bytes) : kUnknown);
  }

  // As in an error; empty: it cannot be told.
  std::string PathOf(const Column& column) const {
    std::string path;
    if (column.path == 0) return path;
    ThriftReader names(Slice(footer_.data + column.path, footer_.size - column.path));
    ThriftType element;
    uint64_t count = 0;
    if (!names.ReadList(&element, &count) || element != ThriftType::kBinary) return path;
    for (; count > 0; count--) {
      Slice name;
      if (!names.Read(element, &name)) return std::string();
      if (!path.empty()) path += '.';
      path.append(name.data, name.size);
    }
    return path;
  }

  const Slice footer_;
  const uint64_t start_;
  ThriftReader reader_;
  RowGroups* const result_;
  Status refusal_;
  std::vector<Column> columns_;  // of the current group
};

}  // namespace

Status ReadRowGroups(Slice footer, uint64_t start, RowGroups* result) {
  return FooterReader(footer, start, result).Read();
}

}  // namespace runjob::parquet
