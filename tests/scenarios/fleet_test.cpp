// A fleet kept as sums against the same services simulated each in full: restore points, bytes,
// requirements and bill must be equal to the byte and the cent, whichever way was taken.
#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <map>

#include "sim/run/measures.h"
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

struct Figures {
  sim::BackupCounts backups;
  std::uint64_t moved_bytes = 0, last_bytes = 0;
  double peak_bytes = 0, mean_bytes = 0;
  std::int64_t worst_age_seconds = 0, coverage_seconds = 0;
  std::vector<std::string> requirements, lines;
  bool operator==(const Figures&) const = default;
};

// A bill by month, row and tier.
std::vector<std::string> lines_of(const cost::Invoice& invoice) {
  std::map<std::string, cost::Decimal> lines;
  for (const cost::InvoiceLine& line : invoice.lines) {
    const cost::UsageGroup* group =
        line.group == cost::kNone ? nullptr : &invoice.groups[line.group];
    lines[fmt::format("{} {} {} {} {}", static_cast<int>(line.month.year()),
                      static_cast<unsigned>(line.month.month()), line.row, line.tier,
                      group == nullptr ? "" : group->region + group->backup_kind)] += line.amount;
  }
  std::vector<std::string> result;
  for (const auto& [key, amount] : lines) {
    result.push_back(key + " " + cost::to_string(amount, 12));
  }
  return result;
}

Figures figures_of(const Ran& ran) {
  Figures f;
  for (const auto& b : ran.result.backups) {
    f.backups.add(b);
  }
  for (const auto& record : ran.result.usage) {
    const bool moves = record.kind == UsageKind::kTransfer || record.kind == UsageKind::kEgress;
    if (moves) f.moved_bytes += record.quantity;
  }
  for (const auto& fleet : ran.result.fleets) {
    f.backups.add(fleet.backups);
    f.moved_bytes += static_cast<std::uint64_t>(fleet.moved_bytes);
  }
  for (const auto& series : ran.result.series) {
    if (series.kind == sim::SeriesKind::kStoredBytes) f.last_bytes += series.points.back().value;
  }
  for (const auto& r : ran.result.requirements) {
    f.requirements.push_back(fmt::format("{} {} {} {} {} {}", r.statement, sim::name(r.verdict),
                                         r.unknown_because, r.observed,
                                         format_duration(r.failing_time), r.failing_periods));
  }
  for (const auto& m : sim::measures_of(ran.result)) {
    if (m.name == "stored_bytes_peak") f.peak_bytes = m.value;
    if (m.name == "stored_bytes_mean") f.mean_bytes = std::round(m.value);
    if (m.name == "rpo_seconds_worst") f.worst_age_seconds = std::llround(m.value);
    if (m.name == "coverage_days_mean") f.coverage_seconds = std::llround(m.value * 86'400);
  }
  if (ran.invoice) f.lines = lines_of(*ran.invoice);
  return f;
}

Ran run_scenario(const sim::Scenario& scenario, Loaded loaded, bool one_by_one, unsigned threads,
                 std::uint32_t replication = 0) {
  Ran ran;
  sim::RunOptions options;
  options.replication = replication;
  options.threads = threads;
  options.fleets_one_by_one = one_by_one;
  ran.result = sim::run(scenario, options);
  ran.scenario = scenario;
  auto book = price_book_of(loaded);
  EXPECT_TRUE(book.ok());
  // Lines are rounded once for each service they name: here all have the fleet's name.
  for (UsageRecord& record : ran.result.billed) record.service = "tenant";
  auto invoice = cost::bill(*book, ran.result.billed, {});
  EXPECT_TRUE(invoice.ok()) << (invoice.ok() ? "" : all_messages(invoice.error()));
  if (invoice.ok()) {
    ran.invoice = std::move(*invoice);
    sim::check_budgets(scenario, *ran.invoice, ran.result);
  }
  return ran;
}

std::string document(const std::string& service, const std::string& more,
                     const std::string& billed = R"("price_book": "zilliz")") {
  return R"({"name": "t", "start": "2026-01-01T06:00:00Z", "horizon": "150d", )" + billed + R"(,
    "fleets": [{"name": "tenant", "count": 7,
      "size": {"log_normal": {"median": "20 GB", "sigma": 1.3}},
      "growth_per_day": {"uniform": {"from": "-10 MB", "to": "90 MB"}},
      "growth_per_year": {"uniform": {"from": "0%", "to": "80%"}},
      "stored_share": {"uniform": {"from": "30%", "to": "90%"}},
      "activity": {"log_normal": {"median": 1, "sigma": 0.6}},
      "service": {"region": "gcp-us-west1", )" +
         service + "}}]" + more + "}";
}

// The document's own fleet is small, so the loader makes services of it; the fleet itself comes
// from the same document with more members than are kept one by one.
void expect_the_same(const std::string& service, const std::string& more, bool has_timetable,
                     const std::string& billed = R"("price_book": "zilliz")",
                     std::uint32_t replication = 0) {
  const std::string text = document(service, more, billed);
  auto expanded = load_text(text);
  ASSERT_TRUE(expanded.ok()) << all_messages(expanded.error());
  std::string large = text;
  large.replace(large.find("\"count\": 7"), 10, "\"count\": 21000");
  auto fleet = load_text(large);
  ASSERT_TRUE(fleet.ok()) << all_messages(fleet.error());
  ASSERT_EQ(fleet->scenario.fleets.size(), 1u);
  sim::Scenario sums = fleet->scenario;
  sums.fleets[0].count = 7;
  EXPECT_EQ(sim::why_one_by_one(sums, sums.fleets[0]).empty(), has_timetable);
  const Figures in_full =
      figures_of(run_scenario(expanded->scenario, *expanded, false, 1, replication));
  ASSERT_GT(in_full.backups.made, 0u);
  ASSERT_GT(in_full.last_bytes, 0u);
  for (const bool one_by_one : {false, true}) {
    for (const unsigned threads : {1U, 2U}) {
      const Figures f = figures_of(run_scenario(sums, *fleet, one_by_one, threads, replication));
      EXPECT_EQ(f.backups, in_full.backups);
      EXPECT_EQ(f.moved_bytes, in_full.moved_bytes);
      EXPECT_EQ(f.last_bytes, in_full.last_bytes);
      EXPECT_EQ(f.peak_bytes, in_full.peak_bytes);
      EXPECT_EQ(f.mean_bytes, in_full.mean_bytes);
      EXPECT_EQ(f.worst_age_seconds, in_full.worst_age_seconds);
      EXPECT_EQ(f.coverage_seconds, in_full.coverage_seconds);
      EXPECT_EQ(f.requirements, in_full.requirements);
      EXPECT_EQ(f.lines, in_full.lines);
    }
  }
}

const char* const kRequirements = R"(, "requirements": [
  {"kind": "rpo", "at_most": "25h"},
  {"kind": "restore_points", "at_least": 5, "within": "30d"},
  {"kind": "coverage", "ladder": ["1d", "7d", "28d"]},
  {"kind": "budget", "per": "month", "at_most": "2.00 USD"}])";

TEST(FleetAsSums, DeduplicatedWithRetentionNoiseAndBursts) {
  expect_the_same(
      R"("schedules": [{"cron": "30 2 * * *"}],
         "retention": "restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 3",
         "change": {"mixture": [{"share": "20%", "per_day": "40%"}, {"share": "30%", "per_day": "3%"}],
                    "noise": 0.5, "weekdays": [1, 1, 1, 1, 1.5, 0.2, 0.1], "rewrite_every": "30d",
                    "rewrite_share": "50%"})",
      std::string(R"(, "events": [
        {"at": "+40d", "kind": "burst", "service": "tenant", "rewrites": "60%", "adds": "1 GB"},
        {"at": "+70d", "kind": "outage", "region": "gcp-us-west1", "for": "3d"},
        {"at": "+90d", "kind": "manual_backup", "service": "tenant", "tags": ["v1"]}])") +
          kRequirements,
      true);
}

TEST(FleetAsSums, AnOutlookThatDoubtsHowBytesDieDrawsTheSameShapeEverywhere) {
  expect_the_same(
      R"("schedules": [{"cron": "30 2 * * *"}],
         "retention": "restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 3",
         "change": {"mixture": [{"share": "20%", "per_day": "40%"}, {"share": "30%", "per_day": "3%"}]},
         "outlook": {"shape": 0.4, "tail": 5, "points": [{"after": "30d", "size": 0.1, "change": 0.2}]})",
      kRequirements, true, R"("price_book": "zilliz")", 3);
}

TEST(FleetAsSums, IncrementalChainsThatKeepDependents) {
  expect_the_same(
      R"("schedules": [{"cron": "0 */8 * * *", "retention_days": 9}], "delta": "incremental",
         "chain": {"full_every": 20}, "change": {"per_day": "4%"})",
      kRequirements, true);
}

// A minimum duration of 90 days, counted from when the bytes were written.
TEST(FleetAsSums, EarlyDeletionOfWhatRestorePointsShareOrDependOn) {
  for (const char* how :
       {R"("delta": "incremental", "chain": {"full_every": 11})",
        R"("delta": "differential", "chain": {"full_every": 7})",
        R"("delta": "incremental", "chain": {"full_every": 9, "dependents": "merge"})",
        R"("delta": "lifetimes")"}) {
    expect_the_same(R"("schedules": [{"cron": "0 2 * * *", "retention_days": 20}],
                       "change": {"per_day": "4%"}, )" +
                        std::string(how),
                    "", true, R"("price_book": "wasabi")");
  }
  expect_the_same(R"("schedules": [{"cron": "0 */12 * * *"}], "change": {"per_day": "4%"},
                     "retention": "borg: --keep-daily 9 --keep-weekly 5 --keep-monthly 2")",
                  "", true, R"("price_book": "wasabi")");
}

TEST(FleetAsSums, DifferentialsAndCopiesToAnotherRegion) {
  expect_the_same(
      R"("schedules": [{"cron": "30 2 * * *", "retention_days": 20,
                        "copies": [{"region": "gcp-us-east4", "retention_days": 5}]}],
         "delta": "differential", "chain": {"full_every": 7}, "change": {"per_day": "4%"})",
      std::string(R"(, "events": [{"at": "+70d", "kind": "outage", "region": "gcp-us-east4",
                                   "for": "3d"}])") +
          kRequirements,
      true);
}

TEST(FleetAsSums, CopiesToAnotherProvider) {
  for (const bool takes_time : {false, true}) {
    expect_the_same(
        std::string(R"("schedules": [{"cron": "30 2 * * *", "retention_days": 20,
                        "copies": [{"region": "us-central1", "provider": "gcp",
                                    "retention_days": 5}]}],
         "change": {"per_day": "4%"})") +
            (takes_time ? R"(, "job": {"rate": "20 MB/s", "copy_rate": "30 MB/s"})" : ""),
        kRequirements, !takes_time, R"("provider": "b2")");
  }
}

TEST(FleetAsSums, JobsThatTakeTimeAndFailByChance) {
  expect_the_same(
      R"("schedules": [{"cron": "30 2 * * *", "retention_days": 20,
                        "copies": [{"region": "gcp-us-east4", "retention_days": 5}]}],
         "change": {"per_day": "4%"},
         "job": {"rate": "20 MB/s", "copy_rate": "30 MB/s", "failure_probability": "20%",
                 "retries": 1, "retry_after": "10m"})",
      kRequirements, false);
}

TEST(FleetAsSums, JobsThatTakeLongerOrShorterByChance) {
  expect_the_same(
      R"("schedules": [{"cron": "30 2 * * *", "retention_days": 20,
                        "copies": [{"region": "gcp-us-east4", "retention_days": 5}]}],
         "change": {"per_day": "4%"},
         "job": {"copy_rate": "30 MB/s", "restore_rate": "20 MB/s", "duration_spread": 0.4})",
      R"(, "requirements": [{"kind": "copy_within", "region": "gcp-us-east4", "at_most": "2h"},
                            {"kind": "restore_time", "at_most": "1h"}])",
      false);
}

TEST(FleetAsSums, AThousandTimesMoreServicesTakeNoMoreMemoryForEach) {
  std::string text = document(
      R"("schedules": [{"cron": "30 2 * * 1"}], "change": {"per_day": "4%"},
         "retention": "restic: --keep-last 3")",
      "");
  text.replace(text.find("\"count\": 7"), 10, "\"count\": 30000");
  const Ran ran = run_text(text, 2);
  ASSERT_EQ(ran.result.fleets.size(), 1u);
  EXPECT_EQ(ran.result.fleets[0].simulated, 30'000u);
  EXPECT_EQ(ran.result.fleets[0].backups.available, 90'000u);
  EXPECT_TRUE(ran.result.backups.empty());
  EXPECT_EQ(ran.result.services.back().members, 30'000u);
}

TEST(FleetAsSums, ServicesThatShareALinkAreSimulatedTogetherOrRefusedWithTheLimit) {
  std::string text =
      document(R"("schedules": [{"cron": "30 2 * * *"}], "change": {"per_day": "4%"})",
               R"(, "links": [{"from": "gcp-us-west1", "to": "x", "rate": "1 GB/s"}])");
  text.replace(text.find("\"count\": 7"), 10, "\"count\": 200000");
  const auto refused = load_text(text);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(all_messages(refused.error())
                .find("200000 services that share the link from gcp-us-west1 "
                      "to x are simulated together, and at most 100000"),
            std::string::npos)
      << all_messages(refused.error());
}

TEST(FleetAsSums, AnInterruptionLeavesTheServicesThatWereDone) {
  std::string text =
      document(R"("schedules": [{"cron": "30 2 * * *"}], "change": {"per_day": "4%"})", "");
  text.replace(text.find("\"count\": 7"), 10, "\"count\": 100000");
  auto loaded = load_text(text);
  ASSERT_TRUE(loaded.ok());
  std::atomic<bool> stop{false};
  sim::RunOptions options;
  options.stop = &stop;
  options.progress = [&](std::uint64_t) { stop = true; };
  const sim::RunResult result = sim::run(loaded->scenario, options);
  EXPECT_TRUE(result.partial);
  ASSERT_EQ(result.fleets.size(), 1u);
  EXPECT_GT(result.fleets[0].simulated, 0u);
  EXPECT_LT(result.fleets[0].simulated, 100'000u);
  EXPECT_EQ(result.fleets[0].backups.made, 150 * result.fleets[0].simulated);
  ASSERT_EQ(result.warnings.size(), 1u);
}

}  // namespace
}  // namespace backcast::scenario
