// Services that deduplicate against each other: closed forms, bounds, whose bill it is on.
#include <rapidcheck.h>

#include <cmath>
#include <map>
#include <set>

#include "sim/run/measures.h"
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

struct Plan {
  int services = 3;
  std::string share = "100%", drift = "0%", change = "0%", stored_share = "100%";
  std::string retention = "restic: --keep-last 4", more = "";
};

std::string document(const Plan& plan) {
  std::string services;
  for (int i = 0; i < plan.services; ++i) {
    services += (i == 0 ? "" : ",") +
                (R"({"name": "vm)" + std::to_string(i) + R"(", "region": "here", "size": "10 GB",
                "stored_share": ")" +
                 plan.stored_share + R"(", "change": {"per_day": ")" + plan.change +
                 R"("}, "retention": ")" + plan.retention + R"(", "schedules": [{"cron": ")" +
                 std::to_string(i % 60) + R"( 2 * * *"}]})");
  }
  return R"({"name": "t", "start": "2026-01-01", "horizon": "20d", "services": [)" + services +
         R"(], "repositories": [{"name": "images", "service": "*", "shared": {"share": ")" +
         plan.share + R"(", "drift_per_day": ")" + plan.drift + "\"}}]" + plan.more + "}";
}

const sim::RepositoryResult& repository(const Ran& ran, const std::string& region = "here") {
  for (const auto& r : ran.result.repositories) {
    if (r.region == region) return r;
  }
  ADD_FAILURE() << "no repository in " << region;
  static const sim::RepositoryResult kNone;
  return kNone;
}

// Stored bytes by service, from the series.
std::map<std::uint32_t, std::uint64_t> last_bytes(const sim::RunResult& result) {
  std::map<std::uint32_t, std::uint64_t> bytes;
  for (const auto& series : result.series) {
    if (series.kind == sim::SeriesKind::kStoredBytes) {
      bytes[series.service] += series.points.back().value;
    }
  }
  return bytes;
}

std::uint64_t alone_bytes(const Plan& plan) {
  Plan alone = plan;
  alone.share = alone.drift = "0%";
  return repository(run_text(document(alone))).stored_bytes;
}

TEST(Repositories, IdenticalMachinesThatDoNotDriftCostOne) {
  for (const int services : {1, 2, 17}) {
    const Ran ran = run_text(document({.services = services}));
    const auto& r = repository(ran);
    EXPECT_EQ(r.stored_bytes, 10'000'000'000u);
    EXPECT_EQ(r.unique_bytes, 10'000'000'000u);
    EXPECT_EQ(r.logical_bytes, 40'000'000'000u * static_cast<unsigned>(services));
    EXPECT_EQ(r.services, static_cast<unsigned>(services));
    // The oldest holder has it all.
    for (const auto& [service, bytes] : last_bytes(ran.result)) {
      EXPECT_EQ(bytes, service == 0 ? 10'000'000'000u : 0u);
    }
  }
}

TEST(Repositories, WhatSharesNothingCostsAsManyAsThereAre) {
  const Ran ran = run_text(document({.services = 5, .share = "0%", .change = "1%"}));
  std::string text = document({.services = 5, .share = "0%", .change = "1%"});
  text.replace(text.find(R"(, "repositories")"), std::string::npos, "}");
  const Ran apart = run_text(text);
  EXPECT_TRUE(apart.result.repositories.empty());
  EXPECT_EQ(last_bytes(ran.result), last_bytes(apart.result));
  std::uint64_t sum = 0;
  for (const auto& [service, bytes] : last_bytes(apart.result)) sum += bytes;
  EXPECT_EQ(repository(ran).stored_bytes, sum);
}

TEST(Repositories, CompressionIsCountedOnce) {
  const Ran ran = run_text(document({.services = 4, .stored_share = "40%"}));
  EXPECT_EQ(repository(ran).stored_bytes, 4'000'000'000u);
  EXPECT_EQ(repository(ran).unique_bytes, 10'000'000'000u);
  EXPECT_EQ(repository(ran).logical_bytes, 160'000'000'000u);
}

// After so many days each has e^-dt of the part left; what none of n has left is gone.
TEST(Repositories, WhatDriftsBecomesEachOnesOwn) {
  const Plan plan{.services = 3, .share = "60%", .drift = "2%", .change = "3%"};
  const Ran ran = run_text(document(plan));
  // The oldest of four backups is 16 nights and two hours after the start.
  const double left = std::pow(0.98, 16 + 2.0 / 24), common = 6e9;
  const double stored = static_cast<double>(alone_bytes(plan)) - 3 * common * left +
                        common * (1 - std::pow(1 - left, 3));
  EXPECT_NEAR(static_cast<double>(repository(ran).stored_bytes), stored, 2e6);
}

TEST(Repositories, StoresBetweenTheLargestAndTheSumAndBillsEveryByteOnce) {
  rc::check([] {
    Plan plan;
    plan.services = *rc::gen::inRange(1, 7);
    const int change = *rc::gen::inRange(0, 6);
    plan.share = std::to_string(*rc::gen::inRange(0, 101)) + "%";
    plan.drift = std::to_string(*rc::gen::inRange(0, change + 1)) + "%";
    plan.change = std::to_string(change) + "%";
    plan.retention = *rc::gen::element(std::string("restic: --keep-last 1"),
                                       std::string("restic: --keep-last 3"),
                                       std::string("restic: --keep-daily 2 --keep-weekly 2"));
    if (*rc::gen::inRange(0, 2) == 1) {
      plan.more = R"(, "events": [{"at": "+9d", "kind": "delete_service", "service": "vm0",
                      "delete_backups": true}])";
    }
    Plan apart = plan;
    apart.share = apart.drift = "0%";
    const Ran ran = run_text(document(plan)), alone = run_text(document(apart));
    // At every moment: by what the ledger says, and by what the services say.
    std::map<Instant, std::int64_t> billed, without;
    for (const auto& record : ran.result.usage) {
      if (record.kind != UsageKind::kStorage) continue;
      billed[record.start] += static_cast<std::int64_t>(record.quantity);
      billed[record.end] -= static_cast<std::int64_t>(record.quantity);
    }
    std::int64_t sum = 0, at_end = 0;
    for (const auto& [when, change_bytes] : billed) {
      if (when < ran.result.end) at_end += change_bytes;
    }
    std::uint64_t most = 0, all = 0;
    for (const auto& [service, bytes] : last_bytes(alone.result)) {
      most = std::max(most, bytes);
      all += bytes;
    }
    for (const auto& [service, bytes] : last_bytes(ran.result)) {
      sum += static_cast<std::int64_t>(bytes);
    }
    RC_ASSERT(sum == at_end);
    const std::uint64_t stored = repository(ran).stored_bytes;
    RC_ASSERT(static_cast<std::int64_t>(stored) == sum);
    RC_ASSERT(stored + 10 >= most);
    RC_ASSERT(stored <= all);
    // What is deleted frees what the repository loses: nothing comes from nowhere.
    std::int64_t freed = 0, written = 0;
    for (const auto& b : ran.result.backups) freed += static_cast<std::int64_t>(b.freed_bytes);
    for (const auto& b : ran.result.backups) written += static_cast<std::int64_t>(b.added_bytes);
    RC_ASSERT(std::abs(written - freed - sum) <= 100 * plan.services);
  });
}

TEST(Repositories, WhenTheLastHolderGoesThePartIsFreed) {
  const std::string gone = R"(, "events": [
      {"at": "+9d", "kind": "delete_service", "service": "vm0", "delete_backups": true},
      {"at": "+12d", "kind": "delete_service", "service": "vm1", "delete_backups": true}])";
  const Ran two = run_text(document({.services = 3, .more = gone}));
  EXPECT_EQ(repository(two).stored_bytes, 10'000'000'000u);
  EXPECT_EQ(repository(two).services, 1u);
  EXPECT_EQ(last_bytes(two.result).at(2), 10'000'000'000u);  // it has gone over to the last
  std::uint64_t freed = 0;
  for (const auto& b : two.result.backups) freed += b.freed_bytes;
  EXPECT_EQ(freed, 0u);
  const Ran none = run_text(document({.services = 2, .more = gone}));
  EXPECT_EQ(repository(none).stored_bytes, 0u);
  EXPECT_EQ(repository(none).services, 0u);
  freed = 0;
  for (const auto& b : none.result.backups) freed += b.freed_bytes;
  EXPECT_EQ(freed, 10'000'000'000u);
}

TEST(Repositories, TheFirstBackupOfAnotherSendsOnlyWhatIsNew) {
  std::string text = document({.services = 2});
  for (std::size_t at = 0; (at = text.find(R"("region": "here")", at)) != std::string::npos;) {
    const std::string job = R"("job": {"send_rate": "10 MB/s"}, )";
    text.insert(at, job);
    at += job.size() + 10;
  }
  const Ran ran = run_text(text);
  const auto took = [&](const char* id) {
    return backup(ran.result, id).available - backup(ran.result, id).born;
  };
  EXPECT_EQ(took("vm0/auto-000001"), 1000 * kSecond);
  EXPECT_EQ(took("vm0/auto-000002"), Duration{0});
  // It began when the first one had not ended, and nothing was there yet.
  EXPECT_EQ(took("vm1/auto-000001"), 1000 * kSecond);
  std::string later = text;
  later.replace(later.find("1 2 * * *"), 9, "1 5 * * *");
  const Ran spaced = run_text(later);
  EXPECT_EQ(backup(spaced.result, "vm1/auto-000001").available -
                backup(spaced.result, "vm1/auto-000001").born,
            Duration{0});
}

TEST(Repositories, CopiesElsewhereAreOneRepositoryThere) {
  std::string text = document({.services = 3});
  for (std::size_t at = 0; (at = text.find("2 * * *\"", at)) != std::string::npos;) {
    text.insert(at + 8, R"(, "copies": [{"region": "there"}])");
    at += 20;
  }
  const Ran ran = run_text(text);
  EXPECT_EQ(repository(ran, "there").stored_bytes, 10'000'000'000u);
  std::uint64_t moved = 0;
  for (const auto& record : ran.result.usage) {
    if (record.kind == UsageKind::kTransfer) moved += record.quantity;
  }
  EXPECT_EQ(moved, 10'000'000'000u);
}

// A quota counts what is stored: three clones fit where three strangers do not.
TEST(Repositories, AQuotaCountsTheCommonPartOnce) {
  for (const bool clones : {true, false}) {
    std::string text = document({.services = 3, .share = clones ? "100%" : "0%"});
    text.insert(text.find(R"("services")"),
                R"("projects": [{"name": "p", "quota": "12 GB"}], "defaults": {"project": "p"}, )");
    const Ran ran = run_text(text);
    std::uint64_t refused = 0, peak = 0;
    for (const auto& b : ran.result.backups) {
      refused += b.state == sim::BackupState::kRefused ? 1 : 0;
    }
    for (const auto& series : ran.result.series) {
      if (series.kind != sim::SeriesKind::kQuotaBytes) continue;
      for (const auto& point : series.points) peak = std::max(peak, point.value);
    }
    EXPECT_EQ(refused, clones ? 0u : 40u);
    EXPECT_EQ(peak, 10'000'000'000u);
  }
}

TEST(Repositories, AFleetIsOneRepositoryAtAnyNumberOfThreads) {
  const std::string text = R"({"name": "t", "start": "2026-01-01", "horizon": "10d",
      "fleets": [{"name": "vm", "count": 60, "service": {"region": "here", "size": "10 GB",
        "change": {"per_day": "1%"}, "retention": "restic: --keep-last 3",
        "schedules": [{"cron": "0 2 * * *"}]}}],
      "repositories": [{"name": "images", "service": "vm",
                        "shared": {"share": "80%", "drift_per_day": "0.5%"}}]})";
  const Ran one = run_text(text, 1), two = run_text(text, 2);
  EXPECT_EQ(repository(one).services, 60u);
  EXPECT_EQ(repository(one).stored_bytes, repository(two).stored_bytes);
  EXPECT_LT(repository(one).stored_bytes, 60 * 3'500'000'000ull);
}

TEST(Repositories, WhatCannotBeIsRefused) {
  expect_fault(document({.share = "101%"}), {"more than the whole"});
  expect_fault(document({.share = "50%", .drift = "2%"}), {"drift faster than its data changes"});
  std::string full = document({});
  full.replace(full.find(R"("change")"), 8, R"("delta": "full", "change")");
  expect_fault(full, {"not deduplicated"});
  std::string apart = document({});
  apart.replace(apart.find("here"), 4, "away");
  expect_fault(apart, {"not in one region and project"});
  std::string twice = document({});
  const std::string again = R"({"name": "more", "service": "vm1", "shared": {"share": "5%"}}, )";
  twice.insert(twice.find(R"({"name": "images")"), again);
  expect_fault(twice, {"is in repository more already"});
}

}  // namespace
}  // namespace backcast::scenario
