#include "histories/import.h"

#include <fmt/format.h>

#include "engine/base/text.h"
#include "histories/element_reader.h"

namespace backcast::policy {
namespace {

struct Tool {
  std::string_view name;
  Result<History> (*read)(std::string_view text, const ImportOptions& options);
};
constexpr Tool kTools[] = {{"restic", import_restic}, {"borg", import_borg},
                           {"kopia", import_kopia},   {"zfs", import_zfs},
                           {"csv", import_csv},       {"backcast", import_backcast}};

}  // namespace

std::vector<std::string_view> import_tools() {
  std::vector<std::string_view> names;
  for (const Tool& tool : kTools) names.push_back(tool.name);
  return names;
}

std::string_view recognise_tool(std::string_view text) {
  const std::string_view start = trim(text.substr(0, 4096));
  const auto has = [&](std::string_view part) { return start.find(part) != start.npos; };
  if (start.starts_with('{')) {
    if (has("\"backcast_history\"") || start.starts_with("{\"table\":")) return "backcast";
    return has("\"archives\"") ? "borg" : "";
  }
  if (start.starts_with('[')) {
    if (has("\"startTime\"")) return "kopia";
    return has("\"hostname\"") || has("\"short_id\"") || has("\"tree\"") || start == "[]" ? "restic"
                                                                                          : "";
  }
  const std::string_view line = start.substr(0, start.find('\n'));
  const std::size_t tab = line.find('\t');
  if (line.substr(0, tab).find('@') != line.npos && (tab != line.npos || !has(","))) return "zfs";
  return line.find("time") != line.npos ? "csv" : "";
}

Result<History> import_history(std::string_view tool, std::string_view text,
                               const ImportOptions& options) {
  if (tool.empty()) {
    tool = recognise_tool(text);
    if (tool.empty()) {
      Error error =
          bad_input("neither a history of backcast nor an export of a known tool",
                    fmt::format("say what wrote it: --input {}", fmt::join(import_tools(), "|")));
      error.where.file = options.name;
      return error;
    }
  }
  for (const Tool& known : kTools) {
    if (known.name == tool) return known.read(text, options);
  }
  const auto names = import_tools();
  const std::string_view nearest = nearest_name(tool, names);
  return bad_input(fmt::format("cannot import from {}", printable(tool)),
                   nearest.empty() ? fmt::format("one of {}", fmt::join(names, ", "))
                                   : fmt::format("did you mean {}?", nearest));
}

}  // namespace backcast::policy
