#include "cli/service/noun.h"

#include <algorithm>
#include <cctype>
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

void add_names(CLI::App& verb, bool& names) {
  verb.add_flag("--names", names, "Only what each is called, one a line");
}

void print_names(const json& objects, const std::vector<std::string>& fields) {
  for (const json& object : objects) {
    for (const std::string& field : fields) {
      const std::string name = object.value(field, "");
      const bool is_plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
      });
      if (!name.empty() && is_plain) print(name + "\n");
    }
  }
}

}  // namespace backcast::cli
