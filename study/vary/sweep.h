// A scenario over many values of its fields, on one machine or many.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/run/replicate.h"
#include "sim/sums/statistics.h"
#include "study/run/watch.h"
#include "study/vary/design.h"
#include "study/vary/varied.h"

namespace backcast::study {

struct SweepPlan {
  std::string scenario;       // as the user named it
  std::string document_hash;  // SHA-256 of its text: parts of different documents never merge
  std::vector<std::string> vary;
  Design design = Design::kGrid;
  std::uint32_t points = 0;
  std::uint32_t replications = 1;
  std::uint64_t seed = 0;  // of the design
  std::vector<Factor> factors;
  Points rows;

  // JSON texts of one row's values, in the order of `vary`.
  std::vector<std::string> values(std::size_t row) const;
};

// Fills factors and rows from the fields before them. Errors: as parse_factor and make_points.
Status expand(SweepPlan& plan);
// Says which document it is a plan for.
void name_document(SweepPlan& plan, const BaseScenario& base);

// The index-th of `count` parts of a sweep: row r is in number r mod count + 1.
struct Shard {
  std::uint32_t index = 1, count = 1;
};
// "3/8"; "" is the whole. Errors: kBadInput.
Result<Shard> parse_shard(const std::string& text);

struct SweepRows {
  SweepPlan plan;
  std::map<std::uint32_t, sim::Measures> done;  // means over replications, by row
  // How the single runs of each row are spread, in the order of its measures: counts, so that
  // adding those of any rows in any order is exact.
  std::map<std::uint32_t, std::vector<sim::Histogram>> spread;
  bool interrupted = false;  // said in the file's last line

  std::vector<std::uint32_t> missing() const;
  std::vector<std::string> measures() const;  // of every row; empty before the first
};

struct SweepOptions {
  unsigned threads = 0;
  Watch watch = {};
};
// Runs the rows of the shard. Errors: every fault of a changed document; usage without a price.
Result<SweepRows, Errors> sweep(const BaseScenario& base, SweepPlan plan, Shard shard,
                                const SweepOptions& options);
// How many rows a shard has.
std::vector<std::uint32_t> rows_of(const SweepPlan& plan, Shard shard);

// How much each factor moves the measure, in their order; empty unless every row has it.
std::vector<Effect> effects_of(const SweepRows& rows, const std::string& measure);

// Every run of every row together: what is to be expected where the fields themselves are unsure.
struct RowsSpread {
  std::string measure;
  std::uint64_t runs = 0;
  double p05 = 0, p50 = 0, p95 = 0;
};
std::vector<RowsSpread> spread_of(const SweepRows& rows);

// A grid by its factors' values, in the order in which it goes through them.
class GridMeans {
 public:
  GridMeans(const SweepRows& rows, const std::string& measure);
  // JSON texts.
  const std::vector<std::string>& values(std::size_t factor) const { return values_[factor]; }
  // The mean of the measure over all rows with that value, or those two; NaN where there is none.
  double mean(std::size_t factor, std::size_t value, std::size_t other_factor = SIZE_MAX,
              std::size_t other_value = 0) const;

 private:
  struct Point {
    std::vector<std::size_t> at;
    double value = 0;
  };
  std::vector<std::vector<std::string>> values_;
  std::vector<Point> points_;
};

}  // namespace backcast::study
