// A table of any length, a row at a time: what to_csv, to_json and to_markdown (table.h) write
// whole, in the same bytes.
#pragma once

#include "reports/parts/table.h"

namespace backcast::reports {

enum class TableForm { kTerminal, kCsv, kJson, kMarkdown };

class TableRows {
 public:
  // `head`: a table without rows. `widths`: what columns take on a terminal at least; what is
  // longer pushes the rest of its line.
  TableRows(Table head, TableForm form, std::vector<std::size_t> widths = {});
  std::string begin() const;
  std::string row(const std::vector<Cell>& cells);
  std::string end() const;

 private:
  Table head_;
  TableForm form_;
  std::vector<std::size_t> widths_;
  bool is_first_ = true;
};

}  // namespace backcast::reports
