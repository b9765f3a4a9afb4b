// What becomes of a backup that is due while the one before it still runs, and how long a backup
// takes by what it reads and what it sends. Figures worked out by hand.
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

// 500 GB at 1 MB/s: 5 d 18 h 53 m 20 s, every day.
std::string document(const std::string& job, const std::string& more = "") {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "30d", "services": [{"name": "a",
            "region": "here", "delta": "full", "size": "500 GB",
            "schedules": [{"cron": "0 2 * * *"}], "job": {"rate": "1 MB/s")" +
         job + R"(}}], "requirements": [{"kind": "rpo", "service": "a", "at_most": "13d"}])" +
         more + "}";
}

std::size_t count(const Ran& ran, sim::BackupState state) {
  return static_cast<std::size_t>(
      std::count_if(ran.result.backups.begin(), ran.result.backups.end(),
                    [&](const sim::BackupRecord& b) { return b.state == state; }));
}

TEST(Overlap, WithoutAWordNothingIsProvenAndTheReportSaysWhatToGive) {
  const Ran ran = run_text(document(""));
  ASSERT_EQ(ran.result.warnings.size(), 1U);
  EXPECT_NE(ran.result.warnings[0].find("a came while the one before was still at work, first "
                                        "2026-01-02T02:00:00Z"),
            std::string::npos)
      << ran.result.warnings[0];
  EXPECT_NE(ran.result.warnings[0].find("\"overlap\""), std::string::npos);
  EXPECT_EQ(ran.result.requirements[0].verdict, sim::Verdict::kUnknown);
}

TEST(Overlap, WithoutAWordNoBudgetIsProvenEither) {
  const auto budget = [](const std::string& job, const std::string& at_most) {
    std::string text = document(job);
    text.replace(text.find(R"({"kind": "rpo")"),
                 text.find("13d") + 5 - text.find(R"({"kind": "rpo")"),
                 R"({"kind": "budget", "at_most": ")" + at_most + "\"}");
    text.replace(text.find("\"start\""), 0, R"("price_book": "wasabi", )");
    return run_text(text).result.requirements.at(0);
  };
  EXPECT_EQ(budget("", "1000 USD").verdict, sim::Verdict::kUnknown);
  EXPECT_NE(budget("", "1000 USD").unknown_because.find("jobs of a overlap"), std::string::npos);
  EXPECT_EQ(budget("", "1 USD").verdict, sim::Verdict::kFails);
  EXPECT_EQ(budget(R"(, "overlap": "beside")", "1000 USD").verdict, sim::Verdict::kHolds);
}

TEST(Overlap, BesideIsWarnedOf) {
  const Ran ran = run_text(document(R"(, "overlap": "beside")"));
  EXPECT_EQ(ran.result.requirements[0].verdict, sim::Verdict::kHolds);
  ASSERT_EQ(ran.result.warnings.size(), 1U);
  EXPECT_NE(ran.result.warnings[0].find("beside each other"), std::string::npos);
}

TEST(Overlap, AToolThatSkipsMakesOneEverySixDays) {
  const Ran ran = run_text(document(R"(, "overlap": "skip")"));
  // Days 1, 7, 13, 19 and 25; the last one is done on day 30 at 20:53:20.
  EXPECT_EQ(count(ran, sim::BackupState::kAvailable), 5U);
  EXPECT_EQ(count(ran, sim::BackupState::kRefused), 25U);
  // Before the second one is there, the first one is 11 d 18 h 53 m 20 s old.
  EXPECT_EQ(ran.result.requirements[0].observed, "11d 18h 53m 20s");
  EXPECT_NE(ran.result.warnings.at(0).find("25 backups of a"), std::string::npos);
}

TEST(Overlap, AToolThatQueuesStartsOneAfterTheOther) {
  const Ran ran = run_text(document(R"(, "overlap": "queue")"));
  const sim::BackupRecord& second = backup(ran.result, "a/auto-000002");
  EXPECT_EQ(second.born, at("2026-01-06T20:53:20Z"));
  EXPECT_EQ(second.available, at("2026-01-12T15:46:40Z"));
  EXPECT_NE(ran.result.warnings.at(0).find("queues"), std::string::npos);
}

TEST(Overlap, JobsThatDoNotOverlapAreNotSpokenOf) {
  const Ran ran = run_text(document(R"(, "ms_per_collection": 0)", R"(, "seed": 3)"));
  EXPECT_FALSE(ran.result.warnings.empty());
  const Ran quick = run_text(R"({"name": "t", "start": "2026-01-01", "horizon": "3d", "services": [
      {"name": "a", "region": "here", "size": "1 GB", "delta": "full", "schedules": [{"cron": "0 2 * * *"}],
       "job": {"rate": "1 MB/s"}}]})");
  EXPECT_TRUE(quick.result.warnings.empty());
}

std::string incremental(const std::string& job) {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "3d", "services": [{"name": "a",
            "region": "here", "delta": "incremental", "size": "100 GB", "stored_share": 0.5,
            "change": {"per_day": "1%"}, "schedules": [{"cron": "0 2 * * *"}],
            "job": {"overlap": "skip", )" +
         job + "}}]}";
}

Duration takes(const Ran& ran, const char* id) {
  const sim::BackupRecord& b = backup(ran.result, id);
  return b.available - b.born;
}

TEST(JobTime, FollowsWhatIsReadAndWhatIsSent) {
  // Everything is read: 100 GB at 100 MB/s, each time.
  const Ran all = run_text(incremental(R"("rate": "100 MB/s")"));
  EXPECT_EQ(takes(all, "a/auto-000001"), 1000 * kSecond);
  EXPECT_EQ(takes(all, "a/auto-000002"), 1000 * kSecond);
  // Only changes are read: a full one first, then 1 % of it.
  const Ran changes = run_text(incremental(R"("rate": "100 MB/s", "reads": "changes")"));
  EXPECT_EQ(takes(changes, "a/auto-000001"), 1000 * kSecond);
  EXPECT_EQ(takes(changes, "a/auto-000002"), 10 * kSecond);
  // 50 GB are sent at 10 MB/s, then 0.5 GB: reading is the slower one from then on.
  const Ran sends = run_text(incremental(R"("rate": "100 MB/s", "send_rate": "10 MB/s")"));
  EXPECT_EQ(takes(sends, "a/auto-000001"), 5000 * kSecond);
  EXPECT_EQ(takes(sends, "a/auto-000002"), 1000 * kSecond);
}

}  // namespace
}  // namespace backcast::scenario
