// The difference of two policies for a pull request.
#pragma once

#include <span>
#include <string>

#include "reports/run/run_report.h"
#include "study/run/document_changes.h"

namespace backcast::reports {

// Verdicts, cost and restore points side by side, then every changed field, the bill charge by
// charge and, where there are replications, the measures with their intervals (`measures`; empty:
// left out). Both reports have labels that tell them apart.
std::string compare_markdown(const RunReport& a, const RunReport& b,
                             std::span<const study::FieldChange> changes, const Table& measures);

}  // namespace backcast::reports
