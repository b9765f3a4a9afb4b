// Bills a usage file: `price` by hand, `bill` beside a forecast.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>

#include "cli/billing/bill_usage.h"
#include "cli/billing/service_bill.h"
#include "cli/shared/bill_options.h"
#include "cli/shared/budget_option.h"
#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "costmodel/bill/usage_bill.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "reports/bill/budget_table.h"
#include "reports/bill/focus.h"
#include "reports/bill/invoice_tables.h"
#include "reports/bill/xlsx.h"
#include "scenarios/load/price_books.h"

namespace backcast::cli {
namespace {

struct PriceOptions {
  std::string usage, forecast;
  std::vector<std::string> books, options, exchange_rates;
  bool explain = false, lines = false;
  bool has_by = false;  // --by or --dearest was given
  SumOptions sums;
  std::string view = "accrual", month, period, budget;
  BillFiles files;               // to write
  RepositoryOptions repository;  // where `usage` is one
  store::UsageNames names;
  ServiceBillOptions service;  // in place of `usage`

  bool compares() const { return !forecast.empty() || service.compares(); }
  bool shows_lines() const { return explain || lines; }
  // Whether what is asked for can be made from one month after the other.
  bool goes_by_month() const {
    return !shows_lines() && files.xlsx.empty() && forecast.empty() && budget.empty() &&
           view == "accrual" && !service.is_asked;
  }
};

// What only one bill can show, asked for beside a forecast.
Status check_forecast(const PriceOptions& options) {
  if (!options.compares()) return kOk;
  const std::pair<bool, const char*> alone[] = {{options.lines, "--lines"},
                                                {options.explain, "--explain"},
                                                {!options.budget.empty(), "--budget"},
                                                {!options.files.focus.empty(), "--focus"},
                                                {!options.files.xlsx.empty(), "--xlsx"}};
  for (const auto& [is_given, name] : alone) {
    if (!is_given) continue;
    return bad_input(fmt::format("{} shows one bill, {} compares two", name,
                                 !options.forecast.empty()    ? "--forecast"
                                 : options.service.is_applied ? "--applied"
                                                              : "--scenario"),
                     fmt::format("leave out one of them; {} works for each file by itself", name));
  }
  return kOk;
}

Result<cost::BillOptions> bill_options(const PriceOptions& options) {
  cost::BillOptions asked{{options.options.begin(), options.options.end()}};
  if (options.period.empty()) return asked;
  BACKCAST_TRY(const cost::Period period, cost::parse_period(options.period));
  asked.first_month = period.first;
  asked.last_month = period.last;
  return asked;
}

// Options of which only one could be followed, and names of a repository for what is none.
Status check_options(const PriceOptions& options) {
  const std::pair<bool, const char*> ways[] = {{options.has_by, "--by"},
                                               {options.shows_lines(), "--lines or --explain"},
                                               {!options.budget.empty(), "--budget"}};
  const char* shown = nullptr;
  for (const auto& [is_given, name] : ways) {
    if (!is_given) continue;
    if (shown != nullptr) {
      return bad_input(fmt::format("{} and {} each print the bill in another way", shown, name),
                       "leave out one of them");
    }
    shown = name;
  }
  if (std::filesystem::is_directory(options.usage)) return kOk;
  for (const auto& [value, name] : {std::pair{&options.names.region, "--region"},
                                    std::pair{&options.names.storage_class, "--storage-class"},
                                    std::pair{&options.names.project, "--project"}}) {
    if (value->empty()) continue;
    return bad_input(fmt::format("{} is for the bill of a repository, and {} is none", name,
                                 printable(options.usage)),
                     "a usage file names its own in every record");
  }
  return kOk;
}

// The view and the month that are asked for.
cost::Invoice narrowed(cost::Invoice invoice, const PriceOptions& options) {
  if (options.view == "cash") invoice = cost::cash_view(invoice);
  if (!options.month.empty()) cost::keep_month(invoice, options.month);
  return invoice;
}

// Where a bill goes, whole or month by month: its sums, and the FOCUS file.
class BillOutput {
 public:
  BillOutput(const PriceOptions& options, std::shared_ptr<const cost::PriceBook> book,
             std::span<const cost::Dimension> by)
      : options_(options), book_(std::move(book)), by_(by) {}

  // Leaves in the invoice what is asked for.
  Status add(cost::Invoice& invoice) {
    if (!options_.month.empty()) {
      for (const cost::InvoiceLine& line : invoice.lines) {
        months_.insert(cost::format_month(line.month));
      }
      cost::keep_month(invoice, options_.month);
    }
    if (!options_.files.focus.empty()) BACKCAST_CHECK(write_focus(invoice));
    sums_.add(cost::showback(invoice, by_));
    assumptions_ = std::move(invoice.assumptions);
    missing_ = std::move(invoice.missing);
    return kOk;
  }

  // The FOCUS file takes its place.
  // Errors: no such month; prices that are missing, since such a file cannot say so.
  Result<Ok, Errors> finish() {
    BACKCAST_CHECK(check_bill_files(options_.files, missing_));
    return all_errors(finish_whole());
  }

  reports::Table sums() const {
    return sums_table(options_.sums, by_, sums_.rows(), std::string(book_->currency.code()),
                      missing_.empty());
  }
  const std::vector<std::string>& assumptions() const { return assumptions_; }
  const std::vector<cost::MissingPrice>& missing() const { return missing_; }

 private:
  Status finish_whole() {
    if (!options_.month.empty() && !months_.contains(options_.month)) {
      return bad_input("nothing was billed in " + printable(options_.month),
                       months_.empty() ? "" : fmt::format("months: {}", fmt::join(months_, ", ")));
    }
    if (!focus_) return kOk;
    BACKCAST_CHECK(focus_->finish());
    return file_->finish();
  }

  Status write_focus(const cost::Invoice& invoice) {
    if (!focus_) {
      BACKCAST_TRY(file_, OutputFile::create(options_.files.focus));
      focus_.emplace(book_, reports::FocusOptions{},
                     [this](std::string_view text) { return file_->append(text); });
    }
    return focus_->add(invoice);
  }

  const PriceOptions& options_;
  std::shared_ptr<const cost::PriceBook> book_;
  std::span<const cost::Dimension> by_;
  std::set<std::string> months_;  // billed; known only where one is asked for
  cost::ShowbackSum sums_;
  std::vector<std::string> assumptions_;
  std::vector<cost::MissingPrice> missing_;
  std::optional<OutputFile> file_;
  std::optional<reports::FocusWriter> focus_;
};

// What the bill lacks. It is printed, but the question what is to be paid is not answered.
void report_missing(Context& context, const std::vector<cost::MissingPrice>& missing) {
  Errors errors = cost::to_errors(missing);
  for (Error& error : errors) error.code = Errc::kFailed;
  if (!errors.empty()) report(context, errors);
}

void print_bill(Context& context, const BillOutput& output, reports::Table table,
                const std::string& total = {}) {
  const bool is_for_people = context.format == Format::kText || context.format == Format::kMarkdown;
  print_bill_table(context, std::move(table));
  if (is_for_people && !total.empty()) {
    print(fmt::format("\n{} {}\n", output.missing().empty() ? "Total" : "Incomplete: known part",
                      total));
  }
  for (const std::string& line : output.assumptions()) note(context, "assumed: " + line);
  report_missing(context, output.missing());
}

// True once the bill was made and printed month by month.
Result<bool, Errors> run_by_month(Context& context, const PriceOptions& options,
                                  const UsageToBill& usage, std::span<const cost::Dimension> by) {
  BillOutput output(options, usage.book, by);
  BACKCAST_TRY(const bool is_done,
               bill_by_month(usage, [&](cost::Invoice& invoice) { return output.add(invoice); }));
  if (!is_done) return false;
  BACKCAST_CHECK(output.finish());
  print_bill(context, output, output.sums());
  return true;
}

// Two tables; as JSON one document.
void print_both(const Context& context, const reports::Table& first, const reports::Table* second) {
  if (second == nullptr) return print(context, first);
  if (context.format == Format::kJson) {
    return print(fmt::format("{{\"lines\": {}, \"causes\": {}}}\n", reports::to_json(first),
                             reports::to_json(*second)));
  }
  print(context, first);
  print("\n");
  print(context, *second);
}

// Forecast beside actual, both in the view and the month that are asked for, and why they differ
// where that is known.
Result<Ok, Errors> print_variance(Context& context, const PriceOptions& options,
                                  const cost::Invoice& forecast, const cost::Invoice& actual,
                                  std::span<const cost::Dimension> by,
                                  const reports::Table* causes = nullptr) {
  const cost::Invoice left = narrowed(forecast, options), right = narrowed(actual, options);
  if (!options.month.empty() && left.lines.empty() && right.lines.empty()) {
    return Errors{bad_input("nothing was billed in " + printable(options.month))};
  }
  const std::string currency(actual.book->currency.code());
  const reports::SideNames names{"Forecast", "Actual"};
  if (options.has_by) {
    print_both(context,
               reports::variance_table(cost::compare(left, right, by), by, currency, names),
               causes);
  } else {
    BACKCAST_TRY(const auto rows, all_errors(cost::compare(left, right)));
    print_both(context, reports::compare_table(rows, currency, names), causes);
  }
  std::vector<cost::MissingPrice> missing = left.missing;
  for (const cost::MissingPrice& one : right.missing) {
    const bool is_known = std::any_of(missing.begin(), missing.end(),
                                      [&](const auto& other) { return other.what == one.what; });
    if (!is_known) missing.push_back(one);
  }
  report_missing(context, missing);
  return kOk;
}

Result<Ok, Errors> run_whole(Context& context, const PriceOptions& options, UsageToBill usage,
                             std::span<const cost::Dimension> by) {
  BACKCAST_TRY(cost::Invoice invoice, bill_usage(usage));
  if (!options.forecast.empty()) {
    usage.path = options.forecast;
    BACKCAST_TRY(const cost::Invoice forecast, bill_usage(usage));
    return print_variance(context, options, forecast, invoice, by);
  }
  if (options.view == "cash") invoice = cost::cash_view(invoice);
  std::optional<cost::BudgetReport> budget;
  if (!options.budget.empty()) {
    BACKCAST_TRY(budget,
                 against_budget(options.budget, cost::spend_of(invoice), invoice.is_complete()));
  }
  BillOutput output(options, usage.book, by);
  BACKCAST_CHECK(all_errors(output.add(invoice)));
  BACKCAST_CHECK(output.finish());
  if (!options.files.xlsx.empty())
    BACKCAST_CHECK(all_errors(reports::write_xlsx(invoice, options.files.xlsx)));
  if (budget) {
    print(context, reports::budget_table(*budget, std::string(usage.book->currency.code())));
    note(context, reports::budget_sentence(*budget));
    report_missing(context, output.missing());
  } else if (options.shows_lines()) {
    print_bill(context, output, reports::invoice_table(invoice, options.explain),
               to_string(invoice.total()));
  } else {
    print_bill(context, output, output.sums());
  }
  return kOk;
}

// The bill of a service beside the forecast of its policy.
Result<Ok, Errors> run_beside(Context& context, const PriceOptions& options, UsageToBill usage,
                              const ServiceLedger& ledger, std::span<const cost::Dimension> by) {
  BACKCAST_TRY(const Forecast forecast, forecast_of(ledger));
  if (usage.book == nullptr) {
    usage.book = forecast.book;
    usage.options.options.insert(forecast.options.options.begin(), forecast.options.options.end());
  }
  if (usage.book == nullptr) {
    return Errors{
        bad_input("nothing says what it costs: the scenario names no price book", "give --prices")};
  }
  const auto bill = [&](std::span<const UsageRecord> records) {
    return cost::bill(*usage.book, records, usage.options);
  };
  BACKCAST_TRY(const study::Variance variance,
               study::explain_variance(forecast.ledger, ledger.actual, forecast.since, bill));
  const reports::Table causes =
      reports::causes_table(variance.causes, std::string(variance.actual.book->currency.code()));
  const bool is_whole = options.view == "accrual" && options.month.empty();
  return print_variance(context, options, variance.forecast, variance.actual, by,
                        is_whole ? &causes : nullptr);
}

// What the service did, in place of a file.
Result<Ok, Errors> run_service(Context& context, const PriceOptions& options, UsageToBill usage,
                               std::span<const cost::Dimension> by) {
  BACKCAST_TRY(ServiceLedger ledger, fetch_ledger(options.service));
  note(context, fmt::format("{} to {}", format_instant(ledger.from), format_instant(ledger.to)));
  if (ledger.planned) {
    return run_beside(context, options, std::move(usage), ledger, by);
  }
  usage.records = std::move(ledger.actual.usage);
  return run_whole(context, options, std::move(usage), by);
}

// What can be billed: a file, or a service.
Status check_source(const PriceOptions& options) {
  const ServiceBillOptions& service = options.service;
  if (service.is_asked && !options.usage.empty()) {
    return bad_input("a usage file and a service are two bills",
                     "give " + printable(options.usage) + " or --server");
  }
  if (service.is_asked && !options.forecast.empty()) {
    return bad_input("--forecast is for a usage file", "give --scenario for a service");
  }
  if (options.service.is_applied && !service.is_asked) {
    return bad_input("--applied is for the bill of a service", "give --server");
  }
  for (const auto& [value, name] :
       {std::pair{&service.from, "--from"}, std::pair{&service.to, "--to"},
        std::pair{&service.scenario, "--scenario"}}) {
    if (service.is_asked || value->empty()) continue;
    return bad_input(fmt::format("{} is for the bill of a service", name), "give --server");
  }
  if (!service.is_asked && options.usage.empty()) {
    return bad_input("nothing to bill", "name a usage file or a repository, or give --server");
  }
  if (options.books.empty() && !service.compares()) {
    return bad_input("--prices is required", "backcast prices show lists those that ship");
  }
  return kOk;
}

Result<Ok, Errors> run(Context& context, const PriceOptions& options) {
  BACKCAST_CHECK(all_errors(check_source(options)));
  BACKCAST_TRY(const auto by, all_errors(cost::parse_dimensions(options.sums.by)));
  BACKCAST_CHECK(all_errors(check_options(options)));
  BACKCAST_CHECK(all_errors(check_forecast(options)));
  std::shared_ptr<const cost::PriceBook> book;
  if (!options.books.empty()) {
    BACKCAST_TRY(book, scenario::open_price_books(options.books, options.exchange_rates));
  }
  BACKCAST_TRY(const auto asked, all_errors(bill_options(options)));
  const UsageToBill usage{options.usage, {}, book, asked, options.repository, options.names};
  if (options.service.is_asked) return run_service(context, options, usage, by);
  if (options.goes_by_month()) {
    BACKCAST_TRY(const bool is_done, run_by_month(context, options, usage, by));
    if (is_done) return kOk;
  }
  return run_whole(context, options, usage, by);
}

std::shared_ptr<PriceOptions> add_verb(CLI::App& app, Context& context, const std::string& name,
                                       const std::string& help) {
  auto options = std::make_shared<PriceOptions>();
  auto* verb = app.add_subcommand(name, help);
  verb->add_option("usage", options->usage,
                   "Usage as JSON lines or CSV, or a repository; - reads standard input");
  verb->add_option("--prices", options->books,
                   "Price book: a file, or a name such as zilliz; beside it a file of rates of "
                   "your own; repeat");
  verb->add_option("--exchange", options->exchange_rates,
                   "Convert prices at this rate: \"1 EUR = 1.0842 USD, 2026-10-01, SOURCE\"")
      ->type_name("RATE");
  verb->add_option("--option", options->options, "Use this option of the price book");
  verb->add_flag("--lines", options->lines, "Every line of the invoice");
  verb->add_flag("--explain", options->explain,
                 "Every line with its rate, tier, convention, price row and source");
  add_sum_options(*verb, options->sums, "month,region,meter");
  verb->add_option("--view", options->view, "By month of use or of payment")
      ->check(CLI::IsMember({"accrual", "cash"}))
      ->capture_default_str();
  add_budget_option(*verb, options->budget);
  add_bill_files(*verb, options->files);
  verb->add_option("--month", options->month, "Only this month: 2026-01");
  verb->add_option("--period", options->period,
                   "Bill these months whether anything was used in them or not: 2026-01..2026-12. "
                   "What was committed is due in each");
  verb->callback([&context, options, verb] {
    options->has_by = verb->count("--by") + verb->count("--dearest") > 0;
    const auto* server = verb->get_option_no_throw("--server");
    options->service.is_asked = server != nullptr && server->count() > 0;
    options->service.is_applied = server != nullptr && verb->count("--applied") > 0;
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
  return options;
}

}  // namespace

void add_price(CLI::App& app, Context& context) {
  add_verb(app, context, "price",
           "Bill a usage file\n\n"
           "  backcast price usage.jsonl --prices zilliz --by month,service\n");
  auto* verb = app.get_subcommand("price");
  verb->get_option("usage")->required();
  verb->get_option("--prices")->required();
}

void add_bill(CLI::App& app, Context& context) {
  auto options = add_verb(app, context, "bill",
                          "Bill what was really used, beside its forecast\n\n"
                          "  backcast bill actual.csv --prices zilliz --forecast forecast.jsonl\n"
                          "  backcast bill /srv/backup --prices aws --region us-east-1\n"
                          "  backcast bill --server --prices zilliz --scenario policy.json\n");
  auto* verb = app.get_subcommand("bill");
  add_key_options(*verb, options->repository);
  verb->add_option("--region", options->names.region,
                   "Region of a repository, as the price book calls it");
  verb->add_option("--storage-class", options->names.storage_class,
                   "Storage class of a repository, as the price book calls it");
  verb->add_option("--project", options->names.project, "Project of a repository, for --by");
  add_service_bill_options(*verb, options->service);
  verb->add_option(
      "--forecast", options->forecast,
      "Usage that was forecast; prints line by line what differs, or summed with --by");
}

}  // namespace backcast::cli
