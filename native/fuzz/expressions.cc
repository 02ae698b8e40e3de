// Random expressions over random columns: each row has the value, or the error, that it has alone, whatever form the columns have and
// whichever rows count. The rest of the input is a program of its own, which may be anything.
#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "column/dictionary.h"
#include "column/expression.h"
#include "column/rows.h"
#include "function/host.h"
#include "fuzz/fuzz.h"

namespace runjob::fuzz {
namespace {

// Types by letter.
constexpr char kLetters[] = "bildmwsxtzarq";

Type TypeOf(char letter) {
  const auto simple = [](TypeId id) {
    Type type;
    type.id = id;
    return type;
  };
  const auto decimal = [](uint8_t precision, uint8_t scale) {
    Type type;
    type.id = TypeId::kDecimal;
    type.precision = precision;
    type.scale = scale;
    return type;
  };
  const auto list = [](Type element) {
    Type type;
    type.id = TypeId::kList;
    type.fields.push_back({"", std::move(element), true});
    return type;
  };
  switch (letter) {
    case 'b':
      return simple(TypeId::kBoolean);
    case 'i':
      return simple(TypeId::kInt);
    case 'l':
      return simple(TypeId::kLong);
    case 'd':
      return simple(TypeId::kDouble);
    case 'm':
      return decimal(12, 2);
    case 'w':
      return decimal(30, 6);
    case 's':
      return simple(TypeId::kString);
    case 'x':
      return simple(TypeId::kBinary);
    case 't':
      return simple(TypeId::kDate);
    case 'z':
      return simple(TypeId::kTimestamp);
    case 'a':
      return list(simple(TypeId::kInt));
    case 'r':
      return list(simple(TypeId::kString));
    default: {
      Type type = simple(TypeId::kStruct);
      type.fields.push_back({"p", simple(TypeId::kInt), true});
      type.fields.push_back({"q", simple(TypeId::kString), true});
      return type;
    }
  }
}

// Arguments: letters of types; 'N' a small int, 'U' a unit, 'D' a unit of dates, 'F' a format, 'E' the escape character, 'P' the name of
// a field, as literals; 'T' any one type, the same for all of a call.
struct Signature {
  const char* name;
  char gives;
  const char* args;
};

constexpr Signature kSignatures[] = {
    {"add", 'i', "ii"},
    {"add", 'l', "ll"},
    {"add", 'd', "dd"},
    {"add", 'm', "mm"},
    {"add", 'w', "mw"},
    {"subtract", 'w', "wm"},
    {"subtract", 'l', "ll"},
    {"multiply", 'w', "mm"},
    {"multiply", 'i', "ii"},
    {"multiply", 'w', "ww"},
    {"divide", 'd', "dd"},
    {"divide", 'w', "wm"},
    {"div", 'l', "ll"},
    {"div", 'l', "mw"},
    {"mod", 'i', "ii"},
    {"mod", 'w', "wm"},
    {"pmod", 'l', "ll"},
    {"pmod", 'd', "dd"},
    {"pmod", 'w', "mw"},
    {"tryAdd", 'i', "ii"},
    {"tryDivide", 'd', "dd"},
    {"tryMultiply", 'w', "ww"},
    {"tryMod", 'l', "ll"},
    {"negate", 'i', "i"},
    {"abs", 'w', "w"},
    {"negate", 'm', "m"},
    {"abs", 'd', "d"},
    {"eq", 'b', "TT"},
    {"ne", 'b', "TT"},
    {"lt", 'b', "TT"},
    {"ge", 'b', "TT"},
    {"eqNullSafe", 'b', "TT"},
    {"in", 'b', "TTTT"},
    {"isNull", 'b', "T"},
    {"isNotNull", 'b', "T"},
    {"isNaN", 'b', "d"},
    {"and", 'b', "bb"},
    {"or", 'b', "bb"},
    {"not", 'b', "b"},
    {"case", 'T', "bTT"},
    {"case", 'T', "bTbT"},
    {"coalesce", 'T', "TTT"},
    {"greatest", 'T', "TT"},
    {"least", 'T', "TTT"},
    {"sqrt", 'd', "d"},
    {"ln", 'd', "d"},
    {"pow", 'd', "dd"},
    {"log", 'd', "dd"},
    {"floor", 'l', "d"},
    {"ceil", 'w', "w"},
    {"round", 'd', "dN"},
    {"bround", 'm', "mN"},
    {"round", 'i', "iN"},
    {"hash", 'i', "TTT"},
    {"length", 'i', "s"},
    {"substring", 's', "sii"},
    {"concat", 's', "sss"},
    {"concatWs", 's', "ssr"},
    {"upper", 's', "s"},
    {"initcap", 's', "s"},
    {"trim", 's', "s"},
    {"ltrim", 's', "ss"},
    {"lpad", 's', "sNs"},
    {"rpad", 's', "sNs"},
    {"startsWith", 'b', "ss"},
    {"endsWith", 'b', "ss"},
    {"contains", 'b', "ss"},
    {"replace", 's', "sss"},
    {"locate", 'i', "ssi"},
    {"repeat", 's', "sN"},
    {"reverse", 's', "s"},
    {"substringIndex", 's', "ssi"},
    {"ascii", 'i', "s"},
    {"chr", 's', "l"},
    {"like", 'b', "ssE"},
    {"rlike", 'b', "ss"},
    {"split", 'r', "ssi"},
    {"regexpReplace", 's', "sss"},
    {"base64", 's', "x"},
    {"unbase64", 'x', "s"},
    {"hex", 's', "l"},
    {"unhex", 'x', "s"},
    {"year", 'i', "t"},
    {"weekOfYear", 'i', "t"},
    {"dayOfWeek", 'i', "t"},
    {"hour", 'i', "z"},
    {"dateAdd", 't', "ti"},
    {"dateDiff", 'i', "tt"},
    {"addMonths", 't', "ti"},
    {"lastDay", 't', "t"},
    {"makeDate", 't', "iii"},
    {"monthsBetween", 'd', "zzb"},
    {"dateTrunc", 'z', "Uz"},
    {"trunc", 't', "tD"},
    {"toDate", 't', "sF"},
    {"toTimestamp", 'z', "sF"},
    {"dateFormat", 's', "zF"},
    {"unixTimestamp", 'l', "z"},
    {"timestampSeconds", 'z', "d"},
    {"timestampMillis", 'z', "l"},
    {"array", 'a', "iii"},
    {"array", 'r', "ss"},
    {"size", 'i', "a"},
    {"element", 'i', "ai"},
    {"get", 's', "ri"},
    {"arrayContains", 'b', "rs"},
    {"arrayJoin", 's', "rs"},
    {"sortArray", 'a', "ab"},
    {"arrayDistinct", 'r', "r"},
    {"arrayMin", 's', "r"},
    {"arrayMax", 'i', "a"},
    {"struct", 'q', "is"},
    {"field", 's', "qP"},
    {"cast", 's', "T"},
    {"cast", 'i', "s"},
    {"tryCast", 'i', "s"},
    {"tryCast", 'm', "s"},
    {"cast", 'l', "d"},
    {"cast", 'm', "w"},
    {"cast", 'w', "l"},
    {"tryCast", 't', "s"},
    {"cast", 'z', "t"},
    {"cast", 'd', "w"},
    {"tryCast", 'z', "d"},
    {"cast", 'r', "a"},
    {"tryCast", 'a', "r"},
    {"cast", 'x', "s"},
    {"cast", 'b', "i"},
    {"tryCast", 'b', "s"},
    {"tryCast", 'w', "d"},
};

class ProgramBytes {
 public:
  void Byte(uint8_t byte) { bytes.push_back(static_cast<char>(byte)); }
  template <class T>
  void Fixed(T value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void Text(const std::string& text) {
    Fixed(static_cast<uint32_t>(text.size()));
    bytes += text;
  }
  void Put(const Type& type) {
    Byte(static_cast<uint8_t>(type.id));
    if (type.id == TypeId::kDecimal) {
      Byte(type.precision);
      Byte(type.scale);
    }
    if (type.id == TypeId::kStruct) Fixed(static_cast<uint32_t>(type.fields.size()));
    for (const Field& field : type.fields) {
      Text(field.name);
      Put(field.type);
      Byte(1);
    }
  }

  // Refers to one of two columns of a type.
  void Column(char letter, uint32_t which) {
    const auto found = std::find(columns.begin(), columns.end(), std::pair(letter, which));
    Byte(0);
    Fixed(static_cast<uint32_t>(found - columns.begin()));
    if (found == columns.end()) columns.emplace_back(letter, which);
  }

  std::string bytes;
  std::vector<std::pair<char, uint32_t>> columns;
};

std::string SomeText(Input* input) {
  static const char* const kTexts[] = {"",
                                       "a",
                                       "7",
                                       "-12",
                                       " 1.5 ",
                                       "2024-02-29",
                                       "2024-01-31 12:34:56.5",
                                       "%a_",
                                       "YWJj",
                                       "4142",
                                       "\xC3\xA9t\xC3\xA9",
                                       "true",
                                       "99999999999",
                                       "a text of more than twelve bytes",
                                       "a\\",
                                       "NaN"};
  return input->Below(8) == 0 ? input->Text() : kTexts[input->Below(std::size(kTexts))];
}

template <class T>
T SomeNumber(Input* input) {
  switch (input->Below(6)) {
    case 0:
      return 0;
    case 1:
      return std::numeric_limits<T>::max();
    case 2:
      return std::numeric_limits<T>::min();
    case 3:
      return static_cast<T>(static_cast<int32_t>(input->Word()));
    default:
      return static_cast<T>(static_cast<int8_t>(input->Byte()));
  }
}

double SomeDouble(Input* input) {
  static const double kDoubles[] = {0.0,  -0.0,  1.5,    -2.5,
                                    0.1,  1e300, 9.3e18, std::numeric_limits<double>::infinity(),
                                    -1e9, 1e-9,  3,      std::numeric_limits<double>::quiet_NaN()};
  return kDoubles[input->Below(std::size(kDoubles))];
}

__int128 SomeDecimal(Input* input, bool wide) {
  const __int128 small = static_cast<int32_t>(input->Word());
  if (!wide || input->Flag()) return small % 1'000'000'000'000;
  __int128 limit = 1;
  for (int i = 0; i < 30; i++) limit *= 10;
  return input->Flag() ? limit - 1 : -(limit - 1) / (1 + input->Byte());
}

void PutLiteral(Input* input, const Type& type, ProgramBytes* out) {
  out->Byte(1);
  out->Put(type);
  const bool null = type.is_nested() || input->Below(8) == 0;
  out->Byte(null ? 1 : 0);
  if (null) return;
  switch (type.id) {
    case TypeId::kBoolean:
      return out->Byte(input->Flag() ? 1 : 0);
    case TypeId::kInt:
    case TypeId::kDate:
      return out->Fixed(SomeNumber<int32_t>(input));
    case TypeId::kDouble:
      return out->Fixed(SomeDouble(input));
    case TypeId::kDecimal:
      return out->Fixed(SomeDecimal(input, type.is_wide()));
    case TypeId::kString:
    case TypeId::kBinary:
      return out->Text(SomeText(input));
    default:
      return out->Fixed(SomeNumber<int64_t>(input));
  }
}

void PutText(const std::string& text, ProgramBytes* out) {
  out->Byte(1);
  out->Put(TypeOf('s'));
  out->Byte(0);
  out->Text(text);
}

void PutInt(int32_t value, ProgramBytes* out) {
  out->Byte(1);
  out->Put(TypeOf('i'));
  out->Byte(0);
  out->Fixed(value);
}

void PutExpression(Input* input, char letter, int depth, ProgramBytes* out);

void PutArgument(Input* input, char arg, char any, int depth, ProgramBytes* out) {
  static const char* const kUnits[] = {"year", "MONTH", "week", "day", "hour", "millisecond"};
  static const char* const kDateUnits[] = {"yyyy", "quarter", "mm", "WEEK"};
  static const char* const kFormats[] = {"yyyy-MM-dd",        "d/M/yy", "yyyyMMdd", "yyyy-MM-dd HH:mm:ss.SSS",
                                         "h:mm a 'o''clock'", "MMM d"};
  switch (arg) {
    case 'N':
      return PutInt(static_cast<int8_t>(input->Byte()) % 20, out);
    case 'U':
      return PutText(kUnits[input->Below(std::size(kUnits))], out);
    case 'D':
      return PutText(kDateUnits[input->Below(std::size(kDateUnits))], out);
    case 'F':
      return PutText(kFormats[input->Below(std::size(kFormats))], out);
    case 'E':
      return PutText("\\", out);
    case 'P':
      return PutText("q", out);
    default:
      return PutExpression(input, arg == 'T' ? any : arg, depth, out);
  }
}

void PutExpression(Input* input, char letter, int depth, ProgramBytes* out) {
  const uint32_t kind = depth <= 0 || input->empty() ? input->Below(2) : input->Below(8);
  if (kind == 0) return out->Column(letter, input->Below(2));
  if (kind == 1) return PutLiteral(input, TypeOf(letter), out);
  std::vector<const Signature*> fitting;
  for (const Signature& signature : kSignatures) {
    if (signature.gives == letter || signature.gives == 'T') fitting.push_back(&signature);
  }
  const Signature& signature = *fitting[input->Byte() % fitting.size()];
  const char any = signature.gives == 'T' ? letter : kLetters[input->Below(sizeof(kLetters) - 1)];
  const std::string args = signature.args;
  out->Byte(2);
  out->Text(signature.name);
  out->Put(TypeOf(letter));
  out->Byte(1);
  out->Fixed(static_cast<uint32_t>(args.size()));
  for (const char arg : args) PutArgument(input, arg, any, depth - 1, out);
}

// The values of a column by row, in one of the forms, in memory of its own.
class Column {
 public:
  Column(Input* input, char letter, size_t rows) : type_(TypeOf(letter)) {
    const uint32_t form = type_.is_nested() ? 0 : input->Below(3);
    const size_t values = form == 0 ? rows : form == 1 ? 1 : 1 + input->Below(6);
    Fill(input, type_, values, &vector_);
    vector_.form = static_cast<VectorForm>(form);
    if (vector_.form != VectorForm::kDictionary) {
      Nulls(input, values, &vector_);
      return;
    }
    auto& codes = codes_.emplace_back();
    for (size_t row = 0; row < rows; row++) codes.push_back(input->Below(static_cast<uint32_t>(values)));
    vector_.entries = static_cast<uint32_t>(values);
    vector_.dictionary = NewDictionary();
    Nulls(input, rows, &vector_);
    for (size_t row = 0; row < rows; row++) {
      if (!vector_.valid(row)) codes[row] = 0;
    }
    vector_.codes = codes.data();
  }
  Column(const Column&) = delete;

  const Vector& vector() const { return vector_; }

 private:
  void Nulls(Input* input, size_t rows, Vector* vector) {
    if (input->Below(3) == 0) return;
    auto& bits = validity_.emplace_back((rows + 63) / 64, 0);
    for (size_t row = 0; row < rows; row++) {
      if (input->Below(4) != 0) bits[row / 64] |= uint64_t{1} << (row % 64);
    }
    vector->validity = bits.data();
  }

  template <class T, class Make>
  void Numbers(size_t count, Vector* vector, Make make) {
    std::unique_ptr<char[]> bytes(new char[count * sizeof(T)]);
    for (size_t i = 0; i < count; i++) {
      const T value = make();
      std::memcpy(bytes.get() + i * sizeof(T), &value, sizeof(T));
    }
    vector->values = bytes.get();
    memory_.push_back(std::move(bytes));
  }

  StringView Own(const std::string& text) {
    if (text.size() <= StringView::kInline) return StringView(text);
    std::unique_ptr<char[]> bytes(new char[text.size()]);
    std::memcpy(bytes.get(), text.data(), text.size());
    const StringView view(Slice(bytes.get(), text.size()));
    memory_.push_back(std::move(bytes));
    return view;
  }

  void Fill(Input* input, const Type& type, size_t count, Vector* vector) {
    vector->type = &type;
    switch (type.id) {
      case TypeId::kBoolean:
        return Numbers<uint8_t>(count, vector, [&] { return static_cast<uint8_t>(input->Flag()); });
      case TypeId::kInt:
      case TypeId::kDate:
        return Numbers<int32_t>(count, vector, [&] { return SomeNumber<int32_t>(input); });
      case TypeId::kDouble:
        return Numbers<double>(count, vector, [&] { return SomeDouble(input); });
      case TypeId::kDecimal:
        if (type.is_wide()) return Numbers<__int128>(count, vector, [&] { return SomeDecimal(input, true); });
        return Numbers<int64_t>(count, vector, [&] { return static_cast<int64_t>(SomeDecimal(input, false)); });
      case TypeId::kString:
      case TypeId::kBinary:
        return Numbers<StringView>(count, vector, [&] { return Own(SomeText(input)); });
      case TypeId::kList: {
        uint32_t elements = 0;
        Numbers<ListRange>(count, vector, [&] {
          const ListRange list{elements, input->Below(4)};
          elements += list.count;
          return list;
        });
        vector->children.emplace_back();
        vector->child_rows = elements;
        Fill(input, type.fields[0].type, elements, &vector->children[0]);
        return Nulls(input, elements, &vector->children[0]);
      }
      case TypeId::kStruct:
        vector->children.resize(type.fields.size());
        for (size_t i = 0; i < type.fields.size(); i++) {
          Fill(input, type.fields[i].type, count, &vector->children[i]);
          Nulls(input, count, &vector->children[i]);
        }
        return;
      default:
        return Numbers<int64_t>(count, vector, [&] { return SomeNumber<int64_t>(input); });
    }
  }

  const Type type_;
  Vector vector_;
  std::vector<std::unique_ptr<char[]>> memory_;
  std::vector<std::vector<uint64_t>> validity_;
  std::vector<std::vector<uint32_t>> codes_;
};

// Gives back what it gets.
class EchoHost : public TextHost {
 public:
  Status Call(std::string_view, const std::vector<std::string>&, const Texts& texts, Texts* results,
              std::vector<uint32_t>* counts) override {
    *results = texts;
    if (counts != nullptr) counts->assign(texts.size(), 1);
    return Status::Ok();
  }
};

// What a row has: its value as bytes, or its error.
struct Answer {
  std::string value;
  std::string error;
  bool operator==(const Answer&) const = default;
};

std::string ErrorText(const Status& status) { return std::string(status.code()) + ": " + status.detail(); }

std::unique_ptr<Expression> Compile(const std::string& program, const Schema& schema) {
  ProgramReader reader{Slice(program)};
  std::unique_ptr<Expression> expression;
  if (!Expression::Compile(&reader, schema, &expression).ok()) return nullptr;
  return expression;
}

std::string ValueOf(const Vector& vector, size_t row) {
  std::string bytes;
  AppendRow({&vector}, row, &bytes);
  return bytes;
}

// Evaluates rows one by one.
class Alone {
 public:
  Alone(const std::string& program, const Schema& schema)
      : expression_(Compile(program, schema)), decoder_(NewRowDecoder(schema)) {}

  Answer Of(const Batch& batch, size_t row) {
    std::vector<const Vector*> columns;
    for (const Vector& column : batch.columns) columns.push_back(&column);
    bytes_.clear();
    AppendRow(columns, row, &bytes_);
    decoder_->Clear();
    EXPECT(decoder_->Add(bytes_).ok());
    Vector vector;
    const Status status = expression_->Evaluate(decoder_->batch(), &vector);
    if (!status.ok()) return {"", ErrorText(status)};
    return {ValueOf(vector, 0), ""};
  }

 private:
  const std::unique_ptr<Expression> expression_;
  const std::unique_ptr<RowDecoder> decoder_;
  std::string bytes_;
};

void Check(const std::string& program, const Schema& schema, Batch batch) {
  std::vector<Answer> answers;
  std::vector<uint16_t> good;
  Alone alone(program, schema);
  for (size_t i = 0; i < batch.count; i++) {
    answers.push_back(alone.Of(batch, batch.row(i)));
    if (answers.back().error.empty()) good.push_back(static_cast<uint16_t>(batch.row(i)));
  }
  const std::unique_ptr<Expression> expression = Compile(program, schema);
  Vector vector;
  const Status status = expression->Evaluate(batch, &vector);
  EXPECT(status.ok() == (good.size() == batch.count));
  if (!status.ok() && status.offset() >= 0) {
    size_t i = 0;
    while (i < batch.count && batch.row(i) != static_cast<size_t>(status.offset())) i++;
    EXPECT(i < batch.count && answers[i].error == ErrorText(status));
  }
  // Twice: what is kept of a dictionary must not change a value.
  batch.selection = good.data();
  for (int time = 0; time < 2; time++) {
    batch.count = good.size();
    EXPECT(expression->Evaluate(batch, &vector).ok());
    size_t next = 0;
    for (const Answer& answer : answers) {
      if (answer.error.empty()) EXPECT(answer.value == ValueOf(vector, good[next++]));
    }
  }
  if (expression->type().id != TypeId::kBoolean) return;
  std::vector<uint16_t> selected(kVectorRows);
  size_t count = 0;
  EXPECT(expression->Select(batch, selected.data(), &count).ok());
  std::vector<uint16_t> expected;
  for (const uint16_t row : good) {
    if (vector.valid(row) && vector.at<uint8_t>(row) != 0) expected.push_back(row);
  }
  selected.resize(count);
  EXPECT(selected == expected);
}

}  // namespace
}  // namespace runjob::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace runjob;
  using namespace runjob::fuzz;
  static EchoHost host;
  SetTextHost(&host);
  Input input(data, size);
  Schema schema;
  // Mostly few: each is evaluated by itself, too.
  const size_t rows = 1 + input.Below(input.Below(8) == 0 ? 70 : 12);
  std::vector<std::unique_ptr<Column>> columns;
  Batch batch;
  batch.rows = batch.count = rows;
  ProgramBytes program;
  const bool raw = input.Below(16) == 0;
  if (!raw) PutExpression(&input, kLetters[input.Below(sizeof(kLetters) - 1)], 4, &program);
  if (raw) {
    for (const char letter : std::string(kLetters)) program.columns.emplace_back(letter, 0);
  }
  for (const auto& [letter, which] : program.columns) {
    schema.push_back({letter + std::to_string(which), TypeOf(letter), true});
    columns.push_back(std::make_unique<Column>(&input, letter, rows));
    batch.columns.push_back(columns.back()->vector());
  }
  std::vector<uint16_t> selection;
  if (input.Flag()) {
    for (size_t row = 0; row < rows; row++) {
      if (input.Below(3) != 0) selection.push_back(static_cast<uint16_t>(row));
    }
    batch.selection = selection.data();
    batch.count = selection.size();
  }
  if (raw) program.bytes = input.Rest();
  const std::unique_ptr<Expression> expression = Compile(program.bytes, schema);
  EXPECT(raw || expression != nullptr);
  if (expression != nullptr) Check(program.bytes, schema, batch);
  return 0;
}
