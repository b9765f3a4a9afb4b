// Tags of services: who pays for their backups.
#include <fmt/format.h>

#include <set>

#include "costmodel/bill/showback.h"
#include "run_text.h"

namespace backcast::scenario {
namespace {

using sim::BackupRecord;

TEST(CostTags, StandInTheLedgerAndShowWhoPays) {
  const std::string text = R"({"name": "t", "start": "2026-01-05", "horizon": "30d",
    "provider": "zilliz", "defaults": {"region": "gcp-us-west1", "size": "20 GB"},
    "services": [
      {"name": "a", "tags": ["team:search", "env:prod"],
       "schedules": [{"copies": [{"region": "gcp-us-east4", "retention_days": 3}]}]},
      {"name": "b", "tags": ["team:shop"], "schedules": [{}]}],
    "fleets": [{"name": "f", "count": 3, "service": {"tags": ["team:crm"], "schedules": [{}]}}],
    "events": [{"at": "+9d", "kind": "restore", "service": "a"}]})";
  const Ran ran = run_text(text);
  for (const UsageRecord& record : ran.result.usage) {
    const std::string team = record.service == "a"   ? "team:search"
                             : record.service == "b" ? "team:shop"
                                                     : "team:crm";
    ASSERT_FALSE(record.tags.empty()) << record.backup;
    EXPECT_EQ(record.tags.front(), team) << record.backup;
  }
  const auto by_team = cost::parse_dimensions("tag:team");
  ASSERT_TRUE(by_team.ok());
  std::set<std::string> teams;
  for (const auto& row : cost::showback(*ran.invoice, *by_team)) teams.insert(row.values[0]);
  EXPECT_EQ(teams, (std::set<std::string>{"search", "shop", "crm"}));
  // Tags of backups follow; what keeps backups by tag does not see those of costs.
  for (const BackupRecord& b : ran.result.backups) EXPECT_TRUE(b.tags.empty()) << b.id;
}

TEST(CostTags, HaveTheirCharset) {
  const auto tagged = [](const std::string& tag) {
    return fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "40d",
      "services": [{{"name": "db", "region": "here", "size": "1 GB", "delta": "full",
                     "tags": ["{}"]}}]}})",
                       tag);
  };
  for (const char* good : {"team:search", "cost-center=4711", "env/prod", "a.b@c+d_e"}) {
    EXPECT_EQ(errors_of(tagged(good)), "") << good;
  }
  for (const std::string& bad : {std::string(""), std::string("two words"), std::string("a,b"),
                                 std::string("t\u00e4g"), std::string(257, 'x')}) {
    expect_fault(tagged(bad), {"/services/0/tags"});
  }
}

// A fleet that is kept as sums says the same.
TEST(CostTags, StandOnTheSumsOfAFleet) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-05", "horizon": "30d",
    "provider": "plain",
    "fleets": [{"name": "f", "count": 30000, "service": {"region": "here", "size": "1 GB",
      "delta": "full", "tags": ["team:crm"], "job": {"rate": "1 GB/s", "overlap": "skip"},
      "schedules": [{"cron": "0 2 * * *", "retention_days": 3,
                     "copies": [{"region": "there", "retention_days": 2}]}]}}]})");
  ASSERT_FALSE(ran.scenario.fleets.empty());
  std::set<std::vector<std::string>> tags;
  std::set<UsageKind> kinds;
  const auto result = sim::run(ran.scenario, {.threads = 1, .ledger = [&](const UsageRecord& r) {
                                                tags.insert(r.tags);
                                                kinds.insert(r.kind);
                                              }});
  EXPECT_EQ(tags, (std::set<std::vector<std::string>>{{"team:crm"}}));
  EXPECT_EQ(kinds.size(), 3u);  // storage, deletion, transfer
}

}  // namespace
}  // namespace backcast::scenario
