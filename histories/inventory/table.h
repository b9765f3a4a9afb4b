// Text into cells: the separator, quotes, lines that quotes join, and what df prints.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "histories/inventory/inventory.h"

namespace backcast::inventory {

struct Row {
  int line = 0;  // where it begins
  std::vector<std::string> cells;
  std::string fault;  // why it has none; ""
};

struct Table {
  Row headings;
  std::vector<Row> rows;  // without empty ones
  bool is_df = false;
};

// Whether these cells can be the headings; those of titles above them are not.
using IsHeadings = std::function<bool(const std::vector<std::string>& cells)>;

// Errors: not text that can be read as such (another encoding, a workbook), too large, nothing that
// `is_headings` takes among the first lines.
Result<Table> read_table(std::string_view text, const ReadOptions& options,
                         const IsHeadings& is_headings);

}  // namespace backcast::inventory
