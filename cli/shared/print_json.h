// JSON documents on standard output, as harmless and as lossless as tables
// (reports/parts/escape.h): what the library's own writer would print raw, or replace where it is
// no UTF-8.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace backcast::cli {

// One line.
void print_json(const nlohmann::json& document);

}  // namespace backcast::cli
