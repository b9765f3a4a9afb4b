#include "cli/service/noun.h"

#include <nlohmann/json.hpp>

namespace backcast::cli {

using nlohmann::json;

reports::Table table_of(const std::string& name,
                        const std::vector<std::pair<std::string, std::string>>& fields,
                        const json& objects) {
  reports::Table table{name, {}, {}};
  for (const auto& [key, title] : fields) {
    const bool is_number =
        !objects.empty() && objects.front().contains(key) && objects.front()[key].is_number();
    table.columns.push_back({key, title, is_number});
  }
  for (const json& object : objects) {
    std::vector<reports::Cell> row;
    for (const auto& [key, title] : fields) {
      const json value = object.value(key, json());
      std::string text;
      if (value.is_string()) {
        text = value.get<std::string>();
      } else if (value.is_array()) {
        for (const json& entry : value) {
          text += (text.empty() ? "" : ",") +
                  (entry.is_string() ? entry.get<std::string>() : entry.dump());
        }
      } else if (!value.is_null()) {
        text = value.dump();
      }
      row.push_back({std::move(text), ""});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace backcast::cli
