// Price books as tables.
#pragma once

#include "costmodel/book/price_book.h"
#include "reports/parts/table.h"

namespace backcast::reports {

// Every row with its rates, conditions and evidence. `filter` keeps rows whose id contains it.
Table price_table(const cost::PriceBook& book, std::string_view filter = {});

// Rows that only one book has, or whose rates or conditions differ.
Table price_diff_table(const cost::PriceBook& before, const cost::PriceBook& after);

}  // namespace backcast::reports
