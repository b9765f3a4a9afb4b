// Usage files: the ledger as JSON lines or CSV, so that a real repository, another tool's export
// and a forecast are billed by the same code. Format: docs/billing.md.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/usage.h"

namespace backcast::cost {

struct UsageFileLimits {
  std::size_t max_line_bytes = 1 << 20;
  std::uint64_t max_records = 1'000'000'000;
  std::size_t max_errors = 20;  // then reading stops
  // Records come by the month of their `start`, so that nothing of earlier months need be kept.
  // One of an earlier month ends the reading with kInterrupted: the file is fine, but not this way.
  bool by_month = false;
};

// Takes a record that says which blocks it holds; its quantity is the size of each.
using BlockSink = std::function<Status(const UsageRecord&, std::vector<std::uint32_t>)>;

// Reads records in the order of the file and hands each to `sink`, whose errors get the line. CSV
// if the first line does not begin with '{'. `name` stands in messages. Errors: kBadInput with line
// and column for what does not parse, an interval that runs backwards, or usage counted twice:
// overlapping intervals of one thing, or the same fact of one moment given again. Records with
// blocks go to `block_sink`; by_month ends with kInterrupted at the first of them.
Result<Ok, Errors> read_usage(std::istream& in, const std::string& name,
                              const std::function<Status(const UsageRecord&)>& sink,
                              UsageFileLimits limits = {}, const BlockSink& block_sink = {});

// One JSON line with its newline; fields at their default are left out.
std::string to_json_line(const UsageRecord& record);

}  // namespace backcast::cost
