// Bills a usage file: `price` by hand, `bill` beside a forecast.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "cli/output_file.h"
#include "cli/price_books.h"
#include "cli/repository_options.h"
#include "cli/verbs.h"
#include "costmodel/usage_file.h"
#include "engine/base/text.h"
#include "engine/store/usage.h"
#include "reports/focus.h"
#include "reports/invoice_tables.h"
#include "reports/xlsx.h"

namespace backcast::cli {
namespace {

struct PriceOptions {
  std::string usage, forecast;
  std::vector<std::string> books, options;
  bool explain = false, lines = false;
  std::string by, view = "accrual", month;
  std::string focus, xlsx;       // files to write
  RepositoryOptions repository;  // where `usage` is one
  store::UsageNames names;
};

Status write_files(const PriceOptions& options, const cost::Invoice& invoice) {
  if (!options.focus.empty()) {
    std::string text;
    reports::write_focus_csv(invoice, {}, [&](std::string_view part) { text += part; });
    BACKCAST_CHECK(write_output(options.focus, text));
  }
  if (!options.xlsx.empty()) BACKCAST_CHECK(reports::write_xlsx(invoice, options.xlsx));
  return kOk;
}

// A repository's own ledger, up to now.
Status add_repository(const std::string& path, const PriceOptions& options, cost::Biller& biller) {
  RepositoryOptions where = options.repository;
  where.path = path;
  BACKCAST_TRY(const auto repository, open_repository(where, Access::kWrite));
  BACKCAST_TRY(const auto records,
               store::usage(*repository, options.names, env::posix_env().now()));
  for (const UsageRecord& record : records) BACKCAST_CHECK(biller.add(record));
  return kOk;
}

Result<cost::Invoice, Errors> bill_file(const std::string& usage, const PriceOptions& options,
                                        std::shared_ptr<const cost::PriceBook> book) {
  cost::Biller biller(std::move(book), {{options.options.begin(), options.options.end()}});
  if (std::filesystem::is_directory(usage)) {
    if (auto added = add_repository(usage, options, biller); !added.ok()) {
      return Errors{added.error()};
    }
    return biller.finish();
  }
  std::ifstream file;
  if (usage != "-") file.open(usage, std::ios::binary);
  if (!file) return Errors{bad_input("cannot open usage file " + printable(usage))};
  std::istream& in = usage == "-" ? std::cin : file;
  auto read = cost::read_usage(in, usage, [&](const UsageRecord& r) { return biller.add(r); });
  if (!read.ok()) return read.error();
  return biller.finish();
}

Status keep_month(cost::Invoice& invoice, const std::string& month) {
  if (month.empty()) return kOk;
  std::set<std::string> months;
  for (const cost::InvoiceLine& line : invoice.lines) months.insert(cost::format_month(line.month));
  if (!months.contains(month)) {
    return bad_input("nothing was billed in " + printable(month),
                     months.empty() ? "" : fmt::format("months: {}", fmt::join(months, ", ")));
  }
  std::erase_if(invoice.lines,
                [&](const auto& line) { return cost::format_month(line.month) != month; });
  return kOk;
}

void print_invoice(const Context& context, const PriceOptions& options,
                   const cost::Invoice& invoice, const std::vector<cost::Dimension>& by) {
  const bool shows_lines = options.explain || options.lines;
  reports::Table table = shows_lines ? reports::invoice_table(invoice, options.explain)
                                     : reports::showback_table(invoice, by);
  const bool is_for_people = context.format == Format::kText || context.format == Format::kMarkdown;
  if (is_for_people) table = reports::without_empty_columns(std::move(table));
  print(context, table);
  if (is_for_people && shows_lines) print(fmt::format("\nTotal {}\n", to_string(invoice.total())));
  for (const std::string& assumption : invoice.assumptions) note(context, "assumed: " + assumption);
}

void run(Context& context, const PriceOptions& options) {
  const auto by = cost::parse_dimensions(options.by);
  if (!by.ok()) return report(context, by.error());
  const auto book = open_price_books(options.books);
  if (!book.ok()) return report(context, book.error());
  auto invoice = bill_file(options.usage, options, *book);
  if (!invoice.ok()) return report(context, invoice.error());
  if (options.view == "cash") *invoice = cost::cash_view(*invoice);
  if (const Status kept = keep_month(*invoice, options.month); !kept.ok()) {
    return report(context, kept.error());
  }
  if (const Status written = write_files(options, *invoice); !written.ok()) {
    return report(context, written.error());
  }
  if (options.forecast.empty()) return print_invoice(context, options, *invoice, *by);
  auto forecast = bill_file(options.forecast, options, *book);
  if (!forecast.ok()) return report(context, forecast.error());
  const auto rows = cost::compare(*forecast, *invoice);
  if (!rows.ok()) return report(context, rows.error());
  print(context, reports::compare_table(*rows, std::string((*book)->currency.code())));
}

std::shared_ptr<PriceOptions> add_verb(CLI::App& app, Context& context, const std::string& name,
                                       const std::string& help) {
  auto options = std::make_shared<PriceOptions>();
  auto* verb = app.add_subcommand(name, help);
  verb->add_option("usage", options->usage,
                   "Usage as JSON lines or CSV, or a repository; - reads standard input")
      ->required();
  verb->add_option("--prices", options->books, "Price book: a file, or a name such as zilliz")
      ->required();
  verb->add_option("--option", options->options, "Use this option of the price book");
  verb->add_flag("--lines", options->lines, "Every line of the invoice");
  verb->add_flag("--explain", options->explain,
                 "Every line with its rate, tier, convention, price row and source");
  verb->add_option("--by", options->by,
                   "Sum by month, project, service, region, class, kind, tag, tag:KEY, meter, "
                   "category")
      ->default_str("month,region,meter")
      ->type_name("LIST");
  options->by = "month,region,meter";
  verb->add_option("--view", options->view, "By month of use or of payment")
      ->check(CLI::IsMember({"accrual", "cash"}))
      ->capture_default_str();
  verb->add_option("--focus", options->focus, "Also write the bill as FOCUS 1.2 CSV to this file");
  verb->add_option("--xlsx", options->xlsx,
                   "Also write the bill as a workbook with live formulas to this file");
  verb->add_option("--month", options->month, "Only this month: 2026-01");
  verb->callback([&context, options] { run(context, *options); });
  return options;
}

}  // namespace

void add_price(CLI::App& app, Context& context) {
  add_verb(app, context, "price",
           "Bill a usage file\n\n"
           "  backcast price usage.jsonl --prices zilliz --by month,service\n");
}

void add_bill(CLI::App& app, Context& context) {
  auto options = add_verb(app, context, "bill",
                          "Bill what was really used, beside its forecast\n\n"
                          "  backcast bill actual.csv --prices zilliz --forecast forecast.jsonl\n"
                          "  backcast bill /srv/backup --prices aws --region us-east-1\n");
  auto* verb = app.get_subcommand("bill");
  add_key_options(*verb, options->repository);
  verb->add_option("--region", options->names.region,
                   "Region of a repository, as the price book calls it");
  verb->add_option("--storage-class", options->names.storage_class,
                   "Storage class of a repository, as the price book calls it");
  verb->add_option("--project", options->names.project, "Project of a repository, for --by");
  verb->add_option("--forecast", options->forecast,
                   "Usage that was forecast; prints line by line what differs");
}

}  // namespace backcast::cli
