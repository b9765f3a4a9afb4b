#include "cli/shared/print_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/shared/context.h"
#include "reports/parts/escape.h"

namespace backcast::cli {
namespace {

void append(std::string& out, const nlohmann::json& value) {
  if (value.is_string()) {
    out += reports::json_text(value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    const char* before = "[";
    for (const auto& item : value) {
      out += std::exchange(before, ",");
      append(out, item);
    }
    out += value.empty() ? "[]" : "]";
  } else if (value.is_object()) {
    const char* before = "{";
    for (const auto& [key, item] : value.items()) {
      out += std::exchange(before, ",") + reports::json_text(key) + ':';
      append(out, item);
    }
    out += value.empty() ? "{}" : "}";
  } else {
    out += value.dump();
  }
}

}  // namespace

void print_json(const nlohmann::json& document) {
  std::string out;
  append(out, document);
  print(out + '\n');
}

}  // namespace backcast::cli
