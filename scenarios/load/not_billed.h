// What a bill leaves out because a run counts nothing of it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "costmodel/book/price_book.h"
#include "sim/model/scenario.h"

namespace backcast::scenario {

// Meters of the book that have a price where the scenario keeps backups and that nothing is counted
// for, each with the reason: "requests: no \"object_size\" is stated".
std::vector<std::string> not_billed(const sim::Scenario& scenario, const cost::PriceBook& book,
                                    const std::set<std::string>& options);

}  // namespace backcast::scenario
