// backcast backtest: what forecasts of a history's past would have been.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "engine/base/document.h"
#include "engine/base/errors.h"
#include "engine/base/size.h"
#include "reports/html/backtest_page.h"
#include "reports/run/backtest_report.h"
#include "scenarios/load/price_books.h"
#include "study/history/calibration.h"
#include "study/history/rate_book.h"

namespace backcast::cli {
namespace {

constexpr std::uint64_t kMaxInputBytes = 256ULL << 20;  // as calibrate

struct Options {
  std::string path, policy = study::kUsualPolicy;
  sim::SourceChoice choice;
  std::vector<std::string> books, exchange_rates;
  std::string presence, rate, region = "home", storage_class, capacity, report;
  study::BacktestOptions how;
};

Result<std::shared_ptr<const cost::PriceBook>, Errors> book_of(const Options& options) {
  if (!options.rate.empty()) return study::rate_book(options.rate);
  if (options.books.empty()) return std::shared_ptr<const cost::PriceBook>();
  return scenario::open_price_books(options.books, options.exchange_rates);
}

Result<study::Recorded, Errors> read(const Options& options) {
  study::RecordedTerms terms;
  BACKCAST_TRY(terms.retention, all_errors(policy::parse_policy(options.policy)));
  BACKCAST_TRY(terms.book, book_of(options));
  terms.region = options.region;
  terms.storage_class = options.storage_class;
  BACKCAST_TRY(const std::string text, all_errors(read_text_file(options.path, kMaxInputBytes)));
  BACKCAST_TRY(sim::Observations seen,
               all_errors(study::read_observed(text, options.path, options.choice)));
  if (!options.presence.empty()) {
    BACKCAST_TRY(const std::string table,
                 all_errors(read_text_file(options.presence, kMaxInputBytes)));
    BACKCAST_TRY(seen.table, all_errors(sim::parse_presence_table(table, options.presence)));
  }
  auto recorded = study::Recorded::of(std::move(seen), std::move(terms));
  if (recorded.ok()) return std::move(*recorded);
  Error error = std::move(recorded).error();
  if (error.where.file.empty()) error.where.file = options.path;
  return Errors{std::move(error)};
}

void print_text(const Context& context, const study::Backtest& told, const std::string& currency) {
  print(reports::backtest_words(told) + "\n");
  print(context, reports::accuracy_table(told));
  if (!told.next.empty()) {
    print("\nFrom the newest backup on:\n\n");
    print(context, reports::next_table(told, currency));
  }
  for (const std::string& sentence :
       {reports::filled_sentence(told), reports::left_sentence(told)}) {
    if (!sentence.empty()) print("\n" + sentence + ".\n");
  }
}

Result<Ok, Errors> backtest(Context& context, Options& options) {
  if (!options.capacity.empty()) {
    BACKCAST_TRY(options.how.capacity_bytes, all_errors(parse_size(options.capacity)));
  }
  std::vector<std::uint32_t>& ahead = options.how.ahead;
  std::sort(ahead.begin(), ahead.end());
  ahead.erase(std::unique(ahead.begin(), ahead.end()), ahead.end());
  BACKCAST_TRY(const study::Recorded recorded, read(options));
  Interruptible interruptible;  // not while input is waited for
  options.how.watch = watch_of(context, interruptible);
  BACKCAST_TRY(const study::Backtest told, study::backtest(recorded, options.how));
  const auto& book = recorded.terms().book;
  const std::string currency = book ? std::string(book->currency.code()) : "";
  if (!options.report.empty()) {
    BACKCAST_CHECK(all_errors(
        write_output(options.report, reports::backtest_page(told, options.path, currency))));
  }
  switch (context.format) {
    case Format::kJson:
      print(reports::backtest_json(told, currency));
      break;
    case Format::kCsv:
      print(context, reports::forecast_table(told, currency));
      break;
    case Format::kText:
    case Format::kMarkdown:
      print_text(context, told, currency);
  }
  if (!told.left_twice.empty()) context.exit_code = exit_code(Errc::kFailed);
  if (told.partial) {
    note(context, "partial: interrupted, forecasts are missing");
    context.exit_code = exit_code(Errc::kInterrupted);
  }
  return kOk;
}

void add_prices(CLI::App& verb, Options& options) {
  auto* books = verb.add_option("--prices", options.books,
                                "Price book for the bill: a file, or a name such as aws; repeat");
  verb.add_option("--exchange", options.exchange_rates,
                  "Convert prices at this rate: \"1 EUR = 1.0842 USD, 2026-10-01, SOURCE\"")
      ->type_name("RATE");
  verb.add_option("--rate", options.rate,
                  "In place of a price book: what a GB costs in 30 days, such as \"0.02 USD\"")
      ->excludes(books);
  verb.add_option("--region", options.region, "Region, as the price book calls it");
  verb.add_option("--storage-class", options.storage_class,
                  "Storage class, as the price book calls it");
}

}  // namespace

void add_backtest(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "backtest",
      "What forecasts of the past would have been, against what came; exit code 1 when the newest "
      "two left their interval\n\n"
      "  backcast backtest history.csv --policy 'restic: --keep-daily 14' --rate '0.02 USD'\n"
      "  backcast stats /srv/backup --presence | backcast backtest -\n"
      "  backcast backtest history.csv --capacity '2 TB' --report forecasts.html\n\n"
      "Reads what `calibrate` reads. Each forecast is calibrated on what was known then and goes "
      "on "
      "from the restore points that existed.");
  verb->add_option("HISTORY", options->path, "The history, - for standard input")->required();
  verb->add_option("--host", options->choice.host, "Only backups of this machine");
  verb->add_option("--path", options->choice.paths,
                   "Only backups of exactly this path; may be given often")
      ->expected(1)
      ->take_all();
  verb->add_option("--presence", options->presence,
                   "What `backcast stats --presence` says of the same restore points: what they "
                   "store is then exact, also where HISTORY says their times");
  verb->add_option("--policy,-p", options->policy, "The retention policy, as for `retention`")
      ->capture_default_str();
  add_prices(*verb, *options);
  verb->add_option("--capacity", options->capacity, "Also say when a store of this size is full")
      ->type_name("SIZE");
  verb->add_option("--ahead", options->how.ahead, "How many backups ahead")
      ->delimiter(',')
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  verb->add_option("--first", options->how.first,
                   "Backups before the first forecast (default: those before the last year, of a "
                   "shorter history a third)")
      ->check(CLI::Range(5U, 100'000U));
  verb->add_option("--every", options->how.every,
                   "Backups between forecasts (default: so that there are about 24)")
      ->check(CLI::Range(1U, 100'000U));
  verb->add_option("--replications", options->how.replications, "Replications of each forecast")
      ->check(CLI::Range(20U, 100'000U))
      ->capture_default_str();
  verb->add_option("--seed", options->how.seed, "Random seed")->capture_default_str();
  verb->add_option("--threads", options->how.threads, "Threads; the result does not depend on it")
      ->check(CLI::Range(0, 1024));
  verb->add_option("--report", options->report, "Also write one self-contained HTML page here");
  verb->callback([options, &context] {
    if (auto done = backtest(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
