// An invoice as a workbook that finance can work with: rates stand in cells, every amount is a
// formula over them, and the totals follow when a rate is changed.
#pragma once

#include <string>

#include "costmodel/bill/invoice.h"

namespace backcast::reports {

// Sheets: Summary (total and accrued months), Prices (rates and percentages, to be edited), Invoice
// (every line), Cash (by month of payment), and sums by project, service, region, class, kind, tags
// and meter. Names from outside are stored
// as text, never as formulas. Written beside `path` first and then moved there. Errors: kBadInput
// for more lines than a sheet holds (1,048,575); kFailed where the file cannot be written.
Status write_xlsx(const cost::Invoice& invoice, const std::string& path);

}  // namespace backcast::reports
