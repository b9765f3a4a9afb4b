#include "study/history/byte_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "scenarios/load/load.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/observations.h"

namespace backcast::study {
namespace {

// The fields of a service, by themselves or inside what `calibrate --json` prints.
const nlohmann::json* workload_in(const nlohmann::json& root) {
  if (!root.is_object()) return nullptr;
  if (const auto inside = root.find("workload"); inside != root.end()) return &*inside;
  return root.contains("change") || root.contains("delta") ? &root : nullptr;
}

}  // namespace

Result<sim::StoredBytes, Errors> byte_model(std::string_view text, const std::string& name,
                                            const std::vector<policy::Snapshot>& history) {
  if (trim(text).starts_with('{')) {
    BACKCAST_TRY(const Document document, all_errors(Document::parse(text, name)));
    if (const nlohmann::json* fields = workload_in(document.root())) {
      BACKCAST_TRY(const sim::Service model, scenario::load_workload(*fields, name));
      return sim::StoredBytes::modelled(model.workload, model.delta,
                                        "estimate, with the workload of " + name, history);
    }
  }
  BACKCAST_TRY(sim::Observations seen, all_errors(sim::read_observations(text, name)));
  if (seen.table) return all_errors(sim::StoredBytes::exact(std::move(*seen.table), history));
  BACKCAST_TRY(const sim::Calibration fit, all_errors(sim::calibrate(seen.history)));
  return sim::StoredBytes::modelled(
      sim::workload_of(fit), sim::delta_of(fit),
      fmt::format("estimate, calibrated to {}{}", name, fit.shape_is_prior ? sim::kPriorWords : ""),
      history);
}

KeptBytes kept_bytes(const sim::StoredBytes& bytes, const std::vector<bool>& kept) {
  const auto count = static_cast<std::size_t>(std::count(kept.begin(), kept.end(), true));
  return {count, kept.size() - count, bytes.of(kept),
          bytes.of(std::vector<bool>(kept.size(), true))};
}

}  // namespace backcast::study
