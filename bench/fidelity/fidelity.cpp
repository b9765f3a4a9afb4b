// fidelity FILE...: how far the delta model is from recorded histories, one line per file.
// Reads presence tables, plain or gzip; see docs/fidelity.md for the form and the columns.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>

#include "engine/env/stop_on_signal.h"
#include "read_file.h"
#include "sim/fit/fidelity.h"

namespace {

using backcast::Result;
using backcast::sim::Fidelity;
using backcast::sim::Spread;

Result<Fidelity> measure(const char* path, const std::atomic<bool>& stop) {
  BACKCAST_TRY(const auto table, fidelity::read_table(path));
  if (table.generations < backcast::sim::kMinFidelityGenerations) {
    return backcast::bad_input(std::string(path) + ": " + std::to_string(table.generations) +
                               " generations leave nothing to fit on: at least " +
                               std::to_string(backcast::sim::kMinFidelityGenerations));
  }
  return measure_fidelity(table, &stop);
}

void print(const Spread& spread) {
  if (spread.count == 0) {
    std::printf(" %6s/%-6s", "-", "-");  // too short to say
  } else {
    std::printf(" %6.1f/%-6.1f", 100 * spread.median, 100 * spread.p95);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: fidelity FILE...\nErrors are median/95th percentile in %%.\n");
    return 2;
  }
  std::printf(
      "%-24s %5s %-13s %-13s %-13s %-13s %-13s %-13s %-13s %-13s %-13s %-13s %8s %8s %6s %6s\n",
      "history", "n", " overlaps", " frozen", " refitted", " prior", " linear", " compounding",
      " freed/30", " bill", " forecast30", " linear30", "covers%", "returns%", "law", "bursts");
  std::fflush(stdout);
  std::atomic<bool> stop{false};
  const backcast::env::StopOnSignal signals(stop);
  int code = 0;
  for (int i = 1; i < argc; ++i) {
    const auto result = measure(argv[i], stop);
    if (stop) {  // every line is out as soon as it is known, so there is nothing to save
      std::fprintf(stderr, "fidelity: partial: interrupted, files are missing\n");
      return 130;
    }
    if (!result) {
      std::fprintf(stderr, "fidelity: %s\n", to_string(result.error()).c_str());
      code = 2;
      continue;
    }
    const std::string path = argv[i];
    std::printf("%-24s %5u", path.substr(path.rfind('/') + 1).c_str(), result->generations);
    for (const Spread* s : {&result->overlaps, &result->frozen, &result->refitted, &result->prior,
                            &result->linear, &result->compounding, &result->freed, &result->bill,
                            &result->forecast, &result->forecast_linear}) {
      print(*s);
    }
    const std::string covers =
        result->forecast.count == 0 ? "-" : fmt::format("{:.1f}", 100 * result->forecast_coverage);
    std::printf(" %8s %8.1f %6s %6u\n", covers.c_str(), 100 * result->resurrection_share,
                result->by_age ? "age" : "curve", result->bursts);
    std::fflush(stdout);
  }
  return code;
}
