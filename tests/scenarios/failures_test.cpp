// What fails by chance, in whole runs: whom it stops, what it says, and that policies which are
// compared meet the same.
#include <rapidcheck.h>

#include <cmath>

#include "sim/model/failures.h"
#include "sim/run/fleet.h"
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

using sim::BackupState;
using sim::LogKind;

std::string document(const std::string& services, const std::string& failures,
                     const std::string& more = "") {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "120d", "services": [)" + services +
         R"(], "failures": [)" + failures + "]" + more + "}";
}

std::string service(const std::string& name, const std::string& cron,
                    const std::string& more = "") {
  return R"({"name": ")" + name + R"(", "region": "here", "size": "1 GB", "delta": "full",
            "job": {"rate": "1 MB/s", "copy_rate": "1 MB/s"}, "schedules": [{"cron": ")" +
         cron + "\"" + more + "}]}";
}

const std::string kRegion = R"({"region": "here", "mtbf": "9d", "mttr": "10h"})";

struct Seen {
  Instant at;
  LogKind kind;
  std::string text;
  bool operator==(const Seen&) const = default;
};
std::vector<Seen> outages(const sim::Scenario& scenario, const sim::RunResult& result) {
  std::vector<Seen> seen;
  for (const auto& event : result.log) {
    if (event.kind != LogKind::kOutageBegan && event.kind != LogKind::kOutageEnded) continue;
    seen.push_back({event.at, event.kind, log_text(scenario, result, event)});
  }
  return seen;
}

std::vector<std::uint64_t> last_bytes(const sim::RunResult& result) {
  std::vector<std::uint64_t> bytes;
  for (const auto& series : result.series) bytes.push_back(series.points.back().value);
  return bytes;
}

TEST(Failures, PoliciesThatAreComparedMeetTheSameOutages) {
  rc::check([] {
    const auto hour = *rc::gen::inRange(0, 24), every = *rc::gen::inRange(1, 12);
    const auto replication = *rc::gen::inRange<std::uint32_t>(0, 1000);
    const std::string failures = kRegion + R"(, {"store": "here", "mtbf": "20d", "mttr": "1d"},
        {"name": "keys", "service": "a", "mtbf": "15d", "mttr": "6h"})";
    const auto nightly =
        load_text(document(service("a", std::to_string(hour) + " 1 * * *"), failures));
    const auto often = load_text(document(
        service("a", "0 */" + std::to_string(every) + " * * *", R"(, "retention_days": 3)") + "," +
            service("b", "30 3 * * *"),
        failures));
    RC_ASSERT(nightly.ok() && often.ok());
    const auto one = sim::run(nightly->scenario, {.replication = replication, .threads = 1});
    const auto other = sim::run(often->scenario, {.replication = replication, .threads = 2});
    const auto seen = outages(nightly->scenario, one);
    RC_ASSERT(!seen.empty());
    RC_ASSERT(seen == outages(often->scenario, other));
  });
}

TEST(Failures, NothingStartsWhileARegionIsDownAndWhatRunsFails) {
  const auto loaded = load_text(document(service("a", "0 * * * *"), kRegion));
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  const sim::RunResult result = sim::run(loaded->scenario);  // replication 0 draws, too
  ASSERT_GT(result.outages.size(), 4u);
  int stopped = 0, missed = 0;
  for (const auto& b : result.backups) {
    bool is_down = false, goes_down = false;
    for (const sim::Outage& outage : result.outages) {
      const Instant back = outage.from + outage.lasts;
      is_down = is_down || (b.born >= outage.from && b.born < back);
      goes_down = goes_down || (b.born < outage.from && outage.from < b.born + 1000 * kSecond);
    }
    const BackupState expected = is_down     ? BackupState::kRefused
                                 : goes_down ? BackupState::kFailed
                                             : BackupState::kAvailable;
    if (b.born + 1000 * kSecond < result.end) {
      EXPECT_EQ(b.state, expected) << b.id;
    }
    missed += is_down ? 1 : 0;
    stopped += goes_down ? 1 : 0;
  }
  EXPECT_GT(missed, 10);
  EXPECT_GT(stopped, 0);
}

TEST(Failures, WhereTheStoreIsDownNothingIsWrittenOrReadBack) {
  const auto loaded =
      load_text(document(service("a", "0 2 * * *", R"(, "copies": [{"region": "there"}])"), "", R"(,
      "events": [{"at": "2026-01-02T02:01:00Z", "kind": "store_outage", "region": "here", "for": "25h"},
                 {"at": "2026-01-02T12:00:00Z", "kind": "restore", "service": "a"},
                 {"at": "2026-01-06T02:20:00Z", "kind": "store_outage", "region": "there", "for": "1h"},
                 {"at": "2026-01-07T01:20:00Z", "kind": "store_outage", "region": "there", "for": "2h"}])"));
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  Ran ran;
  ran.scenario = loaded->scenario;
  ran.result = sim::run(loaded->scenario);
  const auto why = [&](const char* id) { return reason(ran, backup(ran.result, id)); };
  EXPECT_EQ(why("a/auto-000002"), "the store in here went down");
  EXPECT_EQ(why("a/auto-000003"), "the store in here is down");
  EXPECT_EQ(why("a/auto-000006@there"), "the store in there went down while it was copied");
  EXPECT_EQ(why("a/auto-000007@there"), "the store in there is down");
  EXPECT_EQ(backup(ran.result, "a/auto-000007").state, BackupState::kAvailable);
  // The copy elsewhere serves.
  ASSERT_EQ(ran.result.restores.size(), 1u);
  EXPECT_EQ(ran.result.restores[0].from_region, "there");
}

TEST(Failures, ACommonCauseStrikesManyServicesAtOnce) {
  std::string services;
  for (int i = 0; i < 40; ++i) {
    services += (i == 0 ? "" : ",") + service("s" + std::to_string(i), "0 * * * *");
  }
  const auto loaded = load_text(document(
      services,
      R"({"name": "keys", "service": "*", "share": "25%", "mtbf": "10d", "mttr": "12h"})"));
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  double struck = 0, times = 0;
  for (std::uint32_t replication = 0; replication < 10; ++replication) {
    const auto result = sim::run(loaded->scenario, {.replication = replication});
    times += static_cast<double>(result.outages.size());
    for (const auto& event : result.log) struck += event.kind == LogKind::kOutageBegan ? 1 : 0;
  }
  ASSERT_GT(times, 60);
  EXPECT_NEAR(struck / (40 * times), 0.25, 4 * std::sqrt(0.1875 / (40 * times)));
}

// A fleet that is kept as sums is struck as its members would be, one by one.
TEST(Failures, AFleetKeptAsSumsIsStruckMemberByMember) {
  const std::string fleet = R"({"name": "t", "start": "2026-01-01", "horizon": "20d", "seed": 4,
      "fleets": [{"name": "f", "count": 20001, "service": {"region": "here", "size": "1 GB",
        "delta": "full", "job": {"rate": "1 MB/s"},
        "schedules": [{"cron": "0 2 * * *", "retention_days": 3}]}}],
      "failures": [{"region": "here", "mtbf": "6d", "mttr": "1d"},
                   {"name": "keys", "service": "f", "share": "50%", "mtbf": "4d", "mttr": "2d"}]})";
  const auto loaded = load_text(fleet);
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  ASSERT_EQ(loaded->scenario.fleets.size(), 1u);
  const sim::Draws draws(4, 0);
  const auto down = sim::outages_of(loaded->scenario, 0, draws),
             keys = sim::outages_of(loaded->scenario, 1, draws);
  const auto at_that_time = [](const std::vector<sim::Outage>& outages, Instant start,
                               Instant end) -> const sim::Outage* {
    for (const sim::Outage& o : outages) {
      if (o.from < end && start < o.from + o.lasts) return &o;
    }
    return nullptr;
  };
  std::uint64_t failed = 0;
  for (int day = 0; day < 20; ++day) {
    const Instant start = at("2026-01-01T02:00:00Z") + day * kDay, end = start + 1000 * kSecond;
    const sim::Outage* none = at_that_time(down, start, start + kSecond);
    if (none != nullptr) continue;  // refused
    const sim::Outage* key = at_that_time(keys, start, start + kSecond);
    const bool all = at_that_time(down, start, end) != nullptr;
    for (std::uint32_t member = 0; member < 20'001; ++member) {
      const bool it =
          key != nullptr && sim::strikes(loaded->scenario.failures[1], key->number, member, draws);
      failed += all || it ? 1 : 0;
    }
  }
  ASSERT_GT(failed, 5'000u);
  const auto one = sim::run(loaded->scenario, {.threads = 1});
  EXPECT_EQ(one.fleets.at(0).backups.failed, failed);
  EXPECT_EQ(one.outages.size(), down.size() + keys.size());
  const auto two = sim::run(loaded->scenario, {.threads = 2});
  EXPECT_EQ(two.fleets.at(0).backups, one.fleets.at(0).backups);
}

// Outages of a region are on the timetable that all members share.
TEST(Failures, AFleetOnATimetableMeetsWhatItsServicesWouldMeetOneByOne) {
  const auto loaded = load_text(R"({"name": "t", "start": "2026-01-01", "horizon": "20d",
      "fleets": [{"name": "f", "count": 20001, "size": {"uniform": {"from": "1 GB", "to": "3 GB"}},
        "service": {"region": "here", "delta": "full",
          "schedules": [{"cron": "0 2 * * *", "retention_days": 3,
                         "copies": [{"region": "there", "retention_days": 2}]}]}}],
      "failures": [{"region": "here", "mtbf": "3d", "mttr": "9h"},
                   {"store": "there", "mtbf": "3d", "mttr": "1d"}]})");
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  EXPECT_EQ(sim::why_one_by_one(loaded->scenario, loaded->scenario.fleets.at(0)), "");
  const auto alike = sim::run(loaded->scenario);
  const auto apart = sim::run(loaded->scenario, {.fleets_one_by_one = true});
  EXPECT_EQ(alike.fleets.at(0).backups, apart.fleets.at(0).backups);
  EXPECT_GT(alike.fleets.at(0).backups.refused, 20'000u);
  EXPECT_GT(alike.fleets.at(0).backups.failed, 20'000u);
  EXPECT_EQ(last_bytes(alike), last_bytes(apart));
}

TEST(Failures, AVerdictOverReplicationsSeesThem) {
  const auto with = load_text(document(service("a", "0 2 * * *"), kRegion,
                                       R"(, "requirements": [{"kind": "rpo", "at_most": "26h"}])"));
  ASSERT_TRUE(with.ok()) << all_messages(with.error());
  EXPECT_TRUE(sim::is_drawn(with->scenario));
  std::set<std::size_t> counts;
  for (std::uint32_t r = 0; r < 10; ++r) {
    counts.insert(sim::run(with->scenario, {.replication = r}).outages.size());
  }
  EXPECT_GT(counts.size(), 3u);
  int failed = 0;
  for (std::uint32_t r = 0; r < 10; ++r) {
    const auto result = sim::run(with->scenario, {.replication = r});
    const auto& outcome = result.requirements.at(0);
    if (outcome.verdict != sim::Verdict::kFails) continue;
    ++failed;
    EXPECT_TRUE(std::any_of(outcome.trace.begin(), outcome.trace.end(), [](const auto& step) {
      return step.text.find("here goes down for") != std::string::npos;
    }));
  }
  EXPECT_GT(failed, 0);
}

}  // namespace
}  // namespace backcast::scenario
