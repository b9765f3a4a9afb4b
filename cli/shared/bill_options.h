// How a bill is told beside its report, of the verbs that bill: --by, --dearest, --focus, --xlsx.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/shared/context.h"
#include "costmodel/bill/showback.h"
#include "engine/base/error.h"
#include "reports/parts/table.h"

namespace CLI {
class App;
}

namespace backcast::cli {

struct SumOptions {
  std::string by;           // "month,service"
  std::size_t dearest = 0;  // 0: all, in the order of their names
};
void add_sum_options(CLI::App& verb, SumOptions& options, const std::string& otherwise);
// Sums of a bill as it is asked for.
reports::Table sums_table(const SumOptions& options, std::span<const cost::Dimension> by,
                          std::vector<cost::ShowbackRow> rows, const std::string& currency,
                          bool is_complete);

// People need not see the columns that say nothing.
void print_bill_table(const Context& context, reports::Table table);

struct BillFiles {
  std::string focus, xlsx;  // "": none
};
void add_bill_files(CLI::App& verb, BillFiles& files);
// Errors: what is missing of an incomplete bill, since such a file cannot say so.
Result<Ok, Errors> check_bill_files(const BillFiles& files,
                                    const std::vector<cost::MissingPrice>& missing);
Result<Ok, Errors> write_bill_files(const BillFiles& files, const cost::Invoice& invoice);

}  // namespace backcast::cli
