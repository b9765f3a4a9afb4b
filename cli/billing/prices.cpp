// Price books for people: show, check, export, diff, import.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/shared/output_file.h"
#include "cli/shared/verbs.h"
#include "costmodel/book/import_prices.h"
#include "engine/base/document.h"
#include "reports/bill/price_tables.h"
#include "scenarios/document/shipped.h"
#include "scenarios/load/price_books.h"

namespace backcast::cli {
namespace {

struct PricesOptions {
  std::vector<std::string> books;
  std::string filter;
  std::string region, output;  // of import
};

auto unknown_rows(const cost::PriceBook& book) {
  return std::count_if(book.rows.begin(), book.rows.end(),
                       [](const cost::PriceRow& row) { return !row.is_known; });
}

void list(Context& context) {
  reports::Table table{"price_books",
                       {{"name", "Name"},
                        {"title", "Title"},
                        {"as_of", "As of"},
                        {"rows", "Rows", true},
                        {"unknown", "Unknown", true},
                        {"options", "Options"}},
                       {}};
  for (const std::string_view name : scenario::shipped_names("prices")) {
    const auto book = scenario::open_price_book(std::string(name));
    if (!book.ok()) return report(context, book.error());
    table.rows.push_back({{std::string(name), ""},
                          {book->title, ""},
                          {book->as_of, ""},
                          {std::to_string(book->rows.size()), ""},
                          {std::to_string(unknown_rows(*book)), ""},
                          {fmt::format("{}", fmt::join(book->options, ", ")), ""}});
  }
  print(context, table);
}

void show(Context& context, const PricesOptions& options) {
  if (options.books.empty()) return list(context);
  for (const std::string& name : options.books) {
    const auto book = scenario::open_price_book(name);
    if (!book.ok()) return report(context, book.error());
    print(context, reports::price_table(*book, options.filter));
    for (const std::string& text : book->notes) note(context, "note: " + text);
  }
}

void check(Context& context, const PricesOptions& options) {
  for (const std::string& name : options.books) {
    const auto book = scenario::open_price_book(name);
    if (!book.ok()) {
      report(context, book.error());
      continue;
    }
    print(fmt::format("{}: {} rows in {}, {} of them unknown, as of {}\n", name, book->rows.size(),
                      book->currency.code(), unknown_rows(*book), book->as_of));
  }
}

void export_book(Context& context, const PricesOptions& options) {
  const auto text = scenario::price_book_text(options.books[0]);
  if (!text.ok()) return report(context, text.error());
  if (options.output.empty()) return print(*text);
  // It may have been edited since.
  if (const Status written = write_new(options.output, *text); !written.ok()) {
    return report(context, written.error());
  }
  note(context, "Next: backcast prices diff " + options.books[0] + ' ' + options.output);
}

void diff(Context& context, const PricesOptions& options) {
  const auto before = scenario::open_price_book(options.books[0]);
  const auto after = scenario::open_price_book(options.books[1]);
  if (!before.ok()) return report(context, before.error());
  if (!after.ok()) return report(context, after.error());
  if (before->currency != after->currency) {
    note(context,
         fmt::format("note: {} against {}", before->currency.code(), after->currency.code()));
  }
  print(context, reports::price_diff_table(*before, *after));
}

void import(Context& context, const PricesOptions& options) {
  constexpr std::uint64_t kMaxListBytes = 1ULL << 30;
  const std::string& path = options.books[0];
  const auto text = read_text_file(path, kMaxListBytes);
  if (!text.ok()) return report(context, text.error());
  const std::string name = std::filesystem::path(path).stem().string();
  const auto book = cost::import_prices(*text, name, {"price list " + name, options.region});
  if (!book.ok()) return report(context, book.error());
  if (options.output.empty()) {
    print(book->json);
  } else if (const Status written = write_output(options.output, book->json); !written.ok()) {
    return report(context, written.error());
  }
  note(context, fmt::format("{} prices imported, {} left out{}", book->rows, book->left_out,
                            book->left_out > 0 ? ", such as " + book->first_left_out : ""));
}

}  // namespace

void add_prices(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("prices",
                                  "Show, check, export, compare and import price books\n\n"
                                  "  backcast prices show              # the books there are\n"
                                  "  backcast prices show zilliz\n"
                                  "  backcast prices export aws -o mine.json\n"
                                  "  backcast prices check mine.json\n"
                                  "  backcast prices diff zilliz mine.json\n"
                                  "  backcast prices import azure-page.json -o mine.json\n");
  verb->require_subcommand(1);
  auto options = std::make_shared<PricesOptions>();
  const auto add = [&](const char* name, const char* help, auto run, int min, int max) {
    auto* sub = verb->add_subcommand(name, help);
    auto* books = sub->add_option("books", options->books, "A file, or a name such as zilliz");
    books->expected(min, max);
    if (min > 0) books->required();
    sub->callback([&context, options, run] { run(context, *options); });
    return sub;
  };
  add("show", "Every price with its convention, source, date and certainty", show, 0, 100)
      ->add_option("--filter", options->filter, "Only rows whose name contains this text");
  add("export", "The whole of a book as the program reads it, to edit", export_book, 1, 1)
      ->add_option("-o,--output", options->output, "Write the book to this file, a new one");
  add("check", "Find every fault of a book", check, 1, 100);
  add("diff", "What changed between two books", diff, 2, 2);
  auto* from_list = add("import",
                        "Make a book out of an AWS Price List offer (JSON, CSV), Azure Retail "
                        "Prices or Google Cloud SKUs",
                        import, 1, 1);
  from_list->add_option("--region", options->region, "Only this region");
  from_list->add_option("-o,--output", options->output, "Write the book to this file");
}

}  // namespace backcast::cli
