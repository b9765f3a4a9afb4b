#include "cli/shared/bill_options.h"

#include <CLI/CLI.hpp>

#include "cli/shared/output_file.h"
#include "engine/base/errors.h"
#include "reports/bill/focus.h"
#include "reports/bill/invoice_tables.h"
#include "reports/bill/xlsx.h"

namespace backcast::cli {
namespace {

Status write_focus(const std::string& path, const cost::Invoice& invoice) {
  BACKCAST_TRY(OutputFile file, OutputFile::create(path));
  reports::FocusWriter writer(invoice.book, reports::FocusOptions{},
                              [&](std::string_view text) { return file.append(text); });
  BACKCAST_CHECK(writer.add(invoice));
  BACKCAST_CHECK(writer.finish());
  return file.finish();
}

}  // namespace

void add_sum_options(CLI::App& verb, SumOptions& options, const std::string& otherwise) {
  options.by = otherwise;
  auto* by = verb.add_option("--by", options.by,
                             "Sum by month, quarter, year, project, service, region, class, kind, "
                             "tag, tag:KEY, meter, category, provider")
                 ->type_name("LIST");
  if (!otherwise.empty()) by->default_str(otherwise);
  verb.add_option("--dearest", options.dearest,
                  "The so many dearest of these sums, such as 10, and the rest as one")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
}

reports::Table sums_table(const SumOptions& options, std::span<const cost::Dimension> by,
                          std::vector<cost::ShowbackRow> rows, const std::string& currency,
                          bool is_complete) {
  if (options.dearest > 0) rows = cost::dearest(std::move(rows), options.dearest);
  return reports::showback_table(rows, by, currency, is_complete);
}

void print_bill_table(const Context& context, reports::Table table) {
  const bool is_for_people = context.format == Format::kText || context.format == Format::kMarkdown;
  print(context, is_for_people ? reports::without_empty_columns(std::move(table)) : table);
}

void add_bill_files(CLI::App& verb, BillFiles& files) {
  verb.add_option("--focus", files.focus, "Also write the bill as FOCUS 1.2 CSV to this file");
  verb.add_option("--xlsx", files.xlsx,
                  "Also write the bill as a workbook with live formulas to this file");
}

Result<Ok, Errors> check_bill_files(const BillFiles& files,
                                    const std::vector<cost::MissingPrice>& missing) {
  if (missing.empty() || (files.focus.empty() && files.xlsx.empty())) return kOk;
  return cost::to_errors(missing);
}

Result<Ok, Errors> write_bill_files(const BillFiles& files, const cost::Invoice& invoice) {
  BACKCAST_CHECK(check_bill_files(files, invoice.missing));
  if (!files.focus.empty()) BACKCAST_CHECK(all_errors(write_focus(files.focus, invoice)));
  if (!files.xlsx.empty()) BACKCAST_CHECK(all_errors(reports::write_xlsx(invoice, files.xlsx)));
  return kOk;
}

}  // namespace backcast::cli
