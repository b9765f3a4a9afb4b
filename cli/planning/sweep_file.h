// Sweeps as files, so that any scheduler can spread them: JSON lines, a header that describes the
// whole sweep and one line per row that is done. Merging files of one sweep is a union of rows; the
// result is byte for byte what one machine would have written.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "sim/run/replicate.h"
#include "study/design.h"

namespace backcast::cli {

struct SweepPlan {
  std::string scenario;       // as the user named it
  std::string document_hash;  // FNV-1a 64 of its text: parts of different documents never merge
  std::vector<std::string> vary;
  sim::Design design = sim::Design::kGrid;
  std::uint32_t points = 0;
  std::uint32_t replications = 1;
  std::uint64_t seed = 0;  // of the design
  std::vector<sim::Factor> factors;
  sim::Points rows;

  // JSON texts of one row's values, in the order of `vary`.
  std::vector<std::string> values(std::size_t row) const;
};

// Fills factors and rows from the fields before them. Errors: as parse_factor and make_points.
Status expand(SweepPlan& plan);

struct SweepRows {
  SweepPlan plan;
  std::map<std::uint32_t, sim::Measures> done;  // means over replications, by row
  // How the single runs of each row are spread, in the order of its measures: counts, so that
  // adding those of any rows in any order is exact.
  std::map<std::uint32_t, std::vector<sim::Histogram>> spread;
  bool interrupted = false;  // said in the file's last line

  std::vector<std::uint32_t> missing() const;
};

std::string to_text(const SweepRows& rows);
// Errors: kBadInput with the line.
Result<SweepRows> parse_sweep(std::string_view text, const std::string& name);
// Errors: kBadInput where the two are not of one sweep, or tell one row differently.
Status merge_into(SweepRows& all, const SweepRows& part, const std::string& name);

std::string hash_of(std::string_view text);

}  // namespace backcast::cli
