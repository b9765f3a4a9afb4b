#include "study/vary/sweep.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace backcast::study {
namespace {

std::string hash_of(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  BACKCAST_ASSERT(
      EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

const sim::Measure* find(const sim::Measures& measures, const std::string& name) {
  const auto found = std::find_if(measures.begin(), measures.end(),
                                  [&](const sim::Measure& m) { return m.name == name; });
  return found == measures.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> SweepPlan::values(std::size_t row) const {
  std::vector<std::string> result;
  for (std::size_t f = 0; f < factors.size(); ++f) {
    result.push_back(factors[f].value_at(rows[row][f]));
  }
  return result;
}

Status expand(SweepPlan& plan) {
  plan.factors.clear();
  for (const std::string& text : plan.vary) {
    BACKCAST_TRY(Factor factor, parse_factor(text));
    plan.factors.push_back(std::move(factor));
  }
  BACKCAST_TRY(plan.rows, make_points(plan.design, plan.factors, plan.points, plan.seed));
  return kOk;
}

void name_document(SweepPlan& plan, const BaseScenario& base) {
  plan.scenario = base.question.name;
  plan.document_hash = hash_of(base.text);
}

Result<Shard> parse_shard(const std::string& text) {
  Shard shard;
  if (text.empty()) return shard;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.index);
  const bool slash = first.ec == std::errc() && first.ptr != end && *first.ptr == '/';
  const auto second = slash ? std::from_chars(first.ptr + 1, end, shard.count)
                            : std::from_chars_result{end, std::errc::invalid_argument};
  if (second.ec != std::errc() || second.ptr != end || shard.index < 1 ||
      shard.index > shard.count) {
    return bad_input("--shard " + text + " is not i/n with 1 <= i <= n", "such as --shard 3/8");
  }
  return shard;
}

std::vector<std::uint32_t> rows_of(const SweepPlan& plan, Shard shard) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = shard.index - 1; row < plan.rows.size(); row += shard.count) {
    rows.push_back(row);
  }
  return rows;
}

std::vector<std::uint32_t> SweepRows::missing() const {
  std::vector<std::uint32_t> result;
  for (std::uint32_t row = 0; row < plan.rows.size(); ++row) {
    if (!done.contains(row)) result.push_back(row);
  }
  return result;
}

std::vector<std::string> SweepRows::measures() const {
  std::vector<std::string> names;
  if (done.empty()) return names;
  for (const sim::Measure& m : done.begin()->second) names.push_back(m.name);
  return names;
}

Result<SweepRows, Errors> sweep(const BaseScenario& base, SweepPlan plan, Shard shard,
                                const SweepOptions& options) {
  const std::vector<std::uint32_t> mine = rows_of(plan, shard);
  SweepRows rows;
  rows.plan = std::move(plan);
  if (mine.empty()) return rows;
  std::vector<std::vector<sim::Histogram>> spread(mine.size());
  const sim::Trial trial = [&](std::uint32_t i) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const PreparedScenario prepared,
                 with_values(base, rows.plan.factors, rows.plan.values(mine[i])));
    return mean_measures(prepared, rows.plan.replications, options.watch.stop,
                         {.spread = &spread[i], .judged = nullptr});
  };
  sim::ReplicationOptions how;
  how.count = static_cast<std::uint32_t>(mine.size());
  how.threads = options.threads;
  how.stop = options.watch.stop;
  how.progress = options.watch.begin("sweeping", mine.size(), "rows");
  BACKCAST_TRY(const sim::Replications done, sim::replicate(trial, how));
  for (std::size_t i = 0; i < done.rows.size(); ++i) {
    rows.done[mine[i]] = done.measures(i);
    rows.spread[mine[i]] = std::move(spread[i]);
  }
  rows.interrupted = done.partial;
  return rows;
}

std::vector<Effect> effects_of(const SweepRows& rows, const std::string& measure) {
  std::vector<double> outputs;
  for (const auto& [row, measures] : rows.done) {
    if (const sim::Measure* m = find(measures, measure)) outputs.push_back(m->value);
  }
  if (outputs.size() != rows.plan.rows.size()) return {};
  return effects(rows.plan.design, rows.plan.rows, outputs);
}

std::vector<RowsSpread> spread_of(const SweepRows& rows) {
  std::vector<RowsSpread> result;
  const std::vector<std::string> names = rows.measures();
  for (std::size_t m = 0; m < names.size(); ++m) {
    sim::Histogram all;
    for (const auto& [row, spread] : rows.spread) all.add(spread[m]);
    const auto at = [&](double p) { return value_of_count(names[m], all.quantile(p)); };
    result.push_back({names[m], all.count(), at(0.05), at(0.5), at(0.95)});
  }
  return result;
}

GridMeans::GridMeans(const SweepRows& rows, const std::string& measure)
    : values_(rows.plan.factors.size()) {
  for (const auto& [row, measures] : rows.done) {
    Point point;
    const auto texts = rows.plan.values(row);
    for (std::size_t f = 0; f < texts.size(); ++f) {
      const auto known = std::find(values_[f].begin(), values_[f].end(), texts[f]);
      point.at.push_back(static_cast<std::size_t>(known - values_[f].begin()));
      if (known == values_[f].end()) values_[f].push_back(texts[f]);
    }
    const sim::Measure* found = find(measures, measure);
    if (found == nullptr) continue;
    point.value = found->value;
    points_.push_back(std::move(point));
  }
}

double GridMeans::mean(std::size_t factor, std::size_t value, std::size_t other_factor,
                       std::size_t other_value) const {
  double sum = 0;
  std::size_t count = 0;
  for (const Point& point : points_) {
    const bool counts = point.at[factor] == value &&
                        (other_factor == SIZE_MAX || point.at[other_factor] == other_value);
    if (!counts) continue;
    sum += point.value;
    ++count;
  }
  return count == 0 ? std::nan("") : sum / static_cast<double>(count);
}

}  // namespace backcast::study
