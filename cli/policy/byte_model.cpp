#include "cli/policy/byte_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "engine/base/text.h"
#include "scenarios/load/load.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/observations.h"

namespace backcast::cli {
namespace {

constexpr std::uint64_t kMaxInputBytes = 256ULL << 20;  // as calibrate

// The fields of a service, by themselves or inside what `calibrate --json` prints.
const nlohmann::json* workload_in(const nlohmann::json& root) {
  if (!root.is_object()) return nullptr;
  if (const auto inside = root.find("workload"); inside != root.end()) return &*inside;
  return root.contains("change") || root.contains("delta") ? &root : nullptr;
}

}  // namespace

Result<sim::StoredBytes, Errors> byte_model(const std::string& path,
                                            const std::vector<policy::Snapshot>& history) {
  const auto one = [](Error error) { return Errors{std::move(error)}; };
  if (path.empty()) {
    auto fitted = sim::StoredBytes::fitted(history);
    if (!fitted.ok()) return one(std::move(fitted).error());
    return std::move(*fitted);
  }
  auto text = read_text_file(path, kMaxInputBytes);
  if (!text.ok()) return one(std::move(text).error());
  if (trim(*text).starts_with('{')) {
    auto document = Document::parse(*text, path);
    if (!document.ok()) return one(std::move(document).error());
    if (const nlohmann::json* fields = workload_in(document->root())) {
      BACKCAST_TRY(const sim::Service model, scenario::load_workload(*fields, path));
      return sim::StoredBytes::modelled(model.workload, model.delta,
                                        "estimate, with the workload of " + path, history);
    }
  }
  auto seen = sim::read_observations(*text, path);
  if (!seen.ok()) return one(std::move(seen).error());
  if (seen->table) {
    auto exact = sim::StoredBytes::exact(std::move(*seen->table), history);
    if (!exact.ok()) return one(std::move(exact).error());
    return std::move(*exact);
  }
  auto fit = sim::calibrate(seen->history);
  if (!fit.ok()) return one(std::move(fit).error());
  return sim::StoredBytes::modelled(sim::workload_of(*fit), sim::delta_of(*fit),
                                    fmt::format("estimate, calibrated to {}{}", path,
                                                fit->shape_is_prior ? sim::kPriorWords : ""),
                                    history);
}

reports::Table bytes_table(const sim::StoredBytes& bytes,
                           const std::vector<PolicyBytes>& policies) {
  reports::Table table{"retention_bytes",
                       {{"role", "Policy"},
                        {"policy", "In its words"},
                        {"kept", "Kept", true},
                        {"deleted", "Deleted", true},
                        {"stored_bytes", "Stores", true},
                        {"freed_bytes", "Frees", true},
                        {"freed_beyond_policy_bytes", "Frees beyond policy", true},
                        {"basis", "Basis"}},
                       {}};
  const auto cell = [](std::uint64_t from, std::uint64_t to) {
    const char* sign = from < to ? "-" : "";
    const std::uint64_t size = from < to ? to - from : from - to;
    return reports::Cell{fmt::format("{}{}", sign, size), sign + format_bytes(size)};
  };
  std::optional<std::uint64_t> first_bytes;
  for (const PolicyBytes& p : policies) {
    const auto count = std::count(p.kept.begin(), p.kept.end(), true);
    const std::uint64_t all = bytes.of(std::vector<bool>(p.kept.size(), true));
    const std::uint64_t stored = bytes.of(p.kept);
    table.rows.push_back({{p.role, {}},
                          {p.text, {}},
                          {std::to_string(count), {}},
                          {std::to_string(std::ssize(p.kept) - count), {}},
                          cell(stored, 0),
                          cell(all, stored),
                          first_bytes ? cell(*first_bytes, stored) : reports::Cell{"", "-"},
                          {bytes.basis(), {}}});
    if (!first_bytes) first_bytes = stored;
  }
  return table;
}

std::string bytes_note(const sim::StoredBytes& bytes, const std::vector<bool>& kept,
                       const std::vector<bool>& versus_kept) {
  const std::uint64_t all = bytes.of(std::vector<bool>(kept.size(), true));
  const std::uint64_t stored = bytes.of(kept), versus_stored = bytes.of(versus_kept);
  const bool is_more = versus_stored <= stored;
  return fmt::format("frees now: policy {}, versus {}, that is {} {} ({})",
                     format_bytes(all - std::min(all, stored)),
                     format_bytes(all - std::min(all, versus_stored)),
                     format_bytes(is_more ? stored - versus_stored : versus_stored - stored),
                     is_more ? "more" : "less", bytes.basis());
}

}  // namespace backcast::cli
