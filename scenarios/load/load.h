// From a scenario document to the values the simulator runs. A bad document gives every fault at
// once, each with file, pointer, line, what was expected and the nearest valid name.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "costmodel/book/price_book.h"
#include "engine/base/document.h"
#include "engine/base/error.h"
#include "histories/import.h"
#include "sim/model/scenario.h"

namespace backcast::scenario {

// What a scenario says about prices beyond the book itself.
struct Pricing {
  struct Book {
    std::string name;     // shipped, or a path
    std::string pointer;  // where the document asks for it
  };
  std::vector<Book> books;           // each once; none: no bill
  std::vector<std::string> options;  // of the books
  std::vector<std::string> exchange_rates;
  std::vector<Book> rates;  // files of rates, by path
};

struct Loaded {
  sim::Scenario scenario;
  Pricing pricing;
  Document document;
  std::string text;  // of the document
};

// What is given beside the document: a history that one service goes on with, in place of its
// "history" field, and another start.
struct Given {
  std::optional<policy::History> history;
  std::string history_name;  // for messages
  std::string presence;      // path of a presence table of the same restore points; "": none
  std::string service;       // which; "" where the document has only one
  std::string source;        // of the history; "" where it has only one
  std::optional<Instant> start;
};

// Limits that keep a run within memory and time; a scenario beyond them is refused by name.
inline constexpr int kMaxHorizonYears = 100;
// Services that are kept one by one, and their restore points, which take 3 kB each while they are
// kept and 6 kB once deleted, their log and usage included.
inline constexpr std::size_t kMaxServices = 100'000;
inline constexpr double kMaxRestorePoints = 2e6;
// A fleet beyond this is kept as sums, which take no memory for each service; services that share
// nothing can then be many more.
inline constexpr double kMaxDetailedPoints = 2e5;
inline constexpr std::uint64_t kMaxDetailedServices = 20'000;
inline constexpr std::uint64_t kMaxFleetServices = 10'000'000;
// Backups of a fleet on one timetable take about 0.2 microseconds each, of any other about 7.
inline constexpr double kMaxReplayedPoints = 1e11, kMaxFleetPoints = 1e9;

// Errors: every fault of the document and of the files it names.
Result<Loaded, Errors> load(const Document& document, const Given& given = {});

// The same from a path, from "-" for standard input, or by the name of a shipped scenario
// ("zilliz-cross-region"). Errors: kNotFound with the nearest shipped name, or as load.
Result<Loaded, Errors> load_file(const std::string& path_or_name, const Given& given = {});

// A value of a document that `backcast new` chose, not whoever asks.
struct ChosenField {
  std::string pointer, because;
};
// Those of a loaded document, in the order of their pointers.
std::vector<ChosenField> chosen_fields(const Document& document);

// The workload and delta model that the fields of a service describe, as `backcast calibrate
// --workload` writes them. Errors: as load; `name` stands for the file.
Result<sim::Service, Errors> load_workload(const nlohmann::json& fields, const std::string& name);

// The price books of a loaded scenario as one, with the rates that it gives filled in, which are
// added to its assumptions. Errors: an unknown book, row or option, a bad rate, or as cost::merge.
Result<cost::PriceBook, Errors> price_book_of(Loaded& loaded);

}  // namespace backcast::scenario
