#include "engine/kinds/runner/schema_change.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace {

using nlohmann::json;
using Names = std::set<std::string>;

constexpr std::size_t kMostNames = 10;

Names names_of(const std::string& description) {
  Names names;
  for (const auto& [name, rows] : collections_in(description)) names.insert(name);
  return names;
}

// Those of `a` that `b` does not have.
std::string only_in(const Names& a, const Names& b) {
  std::vector<std::string> only;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
  const std::size_t more = only.size() - std::min(only.size(), kMostNames);
  only.resize(only.size() - more);
  return fmt::format("{}", fmt::join(only, ", ")) +
         (more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

RowsByName collections_in(const std::string& description) {
  RowsByName rows;
  const json all = json::parse(description, nullptr, false);
  for (const json& database : list_in(all, "databases")) {
    for (const json& collection : list_in(database, "collections")) {
      auto& count = rows[text_in(database, "name") + "." + text_in(collection, "name")];
      if (!flag_in(collection, "rows_are_estimated") && collection.contains("rows") &&
          collection["rows"].is_number_unsigned()) {
        count = collection["rows"].get<std::uint64_t>();
      }
    }
  }
  return rows;
}

bool may_be_equal(std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
  return !a || !b || *a == *b;
}

std::string schema_change(const std::string& before, const std::string& after) {
  const Names were = names_of(before), are = names_of(after);
  if (were == are) return {};
  const std::string gone = only_in(were, are), made = only_in(are, were);
  return fmt::format(
      "collections changed while the backup was made{}{}{}{}: it holds those of one moment",
      gone.empty() ? "" : ", dropped: ", gone, made.empty() ? "" : ", made: ", made);
}

}  // namespace backcast::kinds
