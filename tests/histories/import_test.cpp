// Histories from other tools, whole and broken.
#include <fmt/format.h>
#include <gtest/gtest.h>
// After gtest, which it needs.
#include <rapidcheck/gtest.h>

#include "engine/base/text.h"
#include "histories/import.h"
#include "tests/policy/history_generator.h"
#include "tests/policy/retention_support.h"

namespace backcast::policy {
namespace {

using namespace testing;

std::vector<Snapshot> import_all(std::string_view tool, std::string_view text,
                                 const std::string& zone = "UTC") {
  auto history = import_history(tool, text, {"export", Zone::find(zone).value()});
  EXPECT_TRUE(history.ok()) << to_string(history.error());
  return history.ok() ? std::move(history)->snapshots : std::vector<Snapshot>();
}

std::string fault(std::string_view tool, std::string_view text) {
  const auto history = import_history(tool, text, {"export", Zone::utc()});
  return history.ok() ? "accepted" : to_string(history.error());
}

constexpr std::string_view kRestic = R"([
 {"time":"2026-01-02T03:04:05.123456789+02:00","tree":"48e3","paths":["/srv"],"hostname":"web",
  "username":"root","tags":["prod"],"id":"b991","short_id":"b9",
  "summary":{"backup_end":"2026-01-02T03:05:00+02:00","total_bytes_processed":4096,
  "data_added":4000,"data_added_packed":500}},
 {"time":"2026-01-03T00:00:00Z","tree":"48e3","paths":["/srv"],"hostname":"web","id":"c002",
  "short_id":"c0"}])";

TEST(Import, ResticSnapshotsWithNanosecondsAndOffset) {
  const auto snapshots = import_all("restic", kRestic);
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].time, at("2026-01-02T01:04:05.123456789Z"));
  EXPECT_EQ(snapshots[0].offset, std::chrono::hours(2));
  EXPECT_EQ(snapshots[0].host, "web");
  EXPECT_EQ(snapshots[0].paths, std::vector<std::string>{"/srv"});
  EXPECT_EQ(snapshots[0].size_bytes, 512u);  // as stored, of 4096
  EXPECT_EQ(snapshots[0].new_bytes, 500u);
  EXPECT_EQ(snapshots[1].size_bytes, 0u);
  EXPECT_EQ(snapshots[0].end, at("2026-01-02T01:05:00Z"));
  EXPECT_TRUE(snapshots[1].tags.empty());
}

TEST(Import, ResticSnapshotsGrouped) {
  const auto snapshots = import_all(
      "restic",
      R"([{"group_key":{"hostname":"a"},"snapshots":[{"id":"1","time":"2026-01-01T00:00:00Z"}]},
                    {"group_key":{"hostname":"b"},"snapshots":[
                      {"id":"2","time":"2026-01-02T00:00:00Z"}]}])");
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[1].id, "2");
}

TEST(Import, ResticCountsBytesAsStoredSourceBySource) {
  const auto row = [](const std::string& host, int day, const std::string& summary) {
    return fmt::format(
        R"({{"id":"{0}{1}","time":"2026-01-0{1}T00:00:00Z","tree":"t","hostname":"{0}","summary":{{{2}}}}})",
        host, day, summary);
  };
  const std::string first =
      R"("total_bytes_processed":500,"data_added":500,"data_added_packed":150)";
  const std::string later = R"("total_bytes_processed":510,"data_added":40,"data_added_packed":30)";
  const std::string silent = R"("total_bytes_processed":510,"data_added":600)";
  // The newest first, and a source whose first backup is gone between them.
  const auto history =
      import_history("restic",
                     fmt::format("[{},{},{},{},{}]", row("a", 2, later), row("b", 2, later),
                                 row("c", 1, silent), row("a", 1, first), row("d", 1, "")),
                     {"export", Zone::utc()})
          .value();
  const std::pair<std::uint64_t, std::uint64_t> expected[] = {
      {171, 30}, {510, 40}, {510, 510}, {150, 150}, {0, 0}};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(history.snapshots[i].size_bytes, expected[i].first) << i;
    EXPECT_EQ(history.snapshots[i].new_bytes, expected[i].second) << i;
  }
  ASSERT_EQ(history.counted.size(), 3u);
  EXPECT_TRUE(history.counted.at("a").is_stored);
  EXPECT_EQ(history.counted.at("a").note,
            "restic: sizes and new bytes are as stored; of new bytes 75 % are stored, of the whole "
            "30 %");
  EXPECT_FALSE(history.counted.at("b").is_stored);
  EXPECT_FALSE(history.counted.at("c").is_stored);
  // Our own form says as much.
  const std::string text = to_json(history);
  const auto again = import_history("", text, {"h", Zone::utc()});
  ASSERT_TRUE(again.ok()) << to_string(again.error());
  EXPECT_EQ(to_json(*again), text);
  EXPECT_EQ(again->counted.at("b").note, history.counted.at("b").note);
  EXPECT_EQ(fault("backcast", R"({"backcast_history":1,"counted":[],"snapshots":[]})"),
            "export: /counted: \"counted\" is not an object");
  EXPECT_NE(fault("backcast", R"({"backcast_history":1,"counted":{"a":1},"snapshots":[]})"),
            "accepted");
}

TEST(Import, ResticStatsGiveTheSizeOfTheRepository) {
  History history = import_history("restic", kRestic, {"export", {}}).value();
  ASSERT_TRUE(
      add_restic_stats(history, R"({"total_size":792,"snapshots_count":1})", {"s", {}}).ok());
  EXPECT_EQ(history.stored_bytes, 792u);
  EXPECT_FALSE(add_restic_stats(history, "{}", {"s", {}}).ok());
}

TEST(Import, BorgTimesAreLocalAndRepeatedNamesGiveWayToIds) {
  const std::string_view text = R"({"archives":[
    {"archive":"db","id":"aa","name":"db","start":"2026-07-01T12:00:00.000000",
     "time":"2026-07-01T12:00:00.000000"},
    {"archive":"db","id":"bb","name":"db","start":"2026-07-02T12:00:00.000000",
     "stats":{"original_size":7}}],
    "cache":{"stats":{"unique_csize":1093}},"encryption":{"mode":"none"}})";
  const auto snapshots = import_all("borg", text, "Europe/Berlin");
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].id, "aa");
  EXPECT_EQ(snapshots[0].time, at("2026-07-01T10:00:00Z"));
  EXPECT_EQ(snapshots[1].size_bytes, 7u);
  EXPECT_EQ(import_history("borg", text, {"e", {}})->stored_bytes, 1093u);
}

TEST(Import, KopiaSnapshotsWithPinsAndIncompleteOnes) {
  const auto snapshots =
      import_all("kopia", R"([{"id":"k1","source":{"host":"h","userName":"u","path":"/p"},
    "startTime":"2026-01-01T00:00:00.5Z","endTime":"2026-01-01T00:01:00Z","incomplete":"checkpoint",
    "stats":{"totalSize":99},"pins":["legal"],"tags":{"tag:env":"prod"},
    "retentionReason":["latest-1"]}])");
  ASSERT_EQ(snapshots.size(), 1u);
  EXPECT_TRUE(snapshots[0].is_incomplete);
  EXPECT_EQ(snapshots[0].pins, std::vector<std::string>{"legal"});
  EXPECT_EQ(snapshots[0].size_bytes, 99u);
  EXPECT_EQ(snapshots[0].username, "u");
  EXPECT_EQ(snapshots[0].tags, std::vector<std::string>{"tag:env:prod"});
}

TEST(Import, ZfsWithCreationColumnOrTheTimeInTheName) {
  const auto listed = import_all("zfs", "tank/a@x\t1767225600\t10\t2048\r\ntank/a@y\t1767312000\n");
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].time, at("2026-01-01"));
  EXPECT_EQ(listed[0].size_bytes, 2048u);
  EXPECT_EQ(listed[0].paths, std::vector<std::string>{"tank/a"});
  const auto named = import_all("zfs",
                                "tank@autosnap_2026-01-31_08:00:12_daily\t0\t-\t4096\t-\n"
                                "tank@zfs-auto-snap_hourly-2026-01-31-0900\t0\t-\t1\t-\n",
                                "Europe/Berlin");
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].time, at("2026-01-31T07:00:12Z"));
  EXPECT_EQ(named[1].time, at("2026-01-31T08:00:00Z"));
  EXPECT_EQ(
      fault("zfs", "tank@x\t0\t-\t1\t-\n"),
      "export:1: no creation time in the columns, and none in the name; list with: zfs list -H -p "
      "-t snapshot -o name,creation,used,refer");
  EXPECT_NE(fault("zfs", "tank@x\tyesterday\n"), "accepted");
}

TEST(Import, ZfsOfSeveralDatasetsWithSpacesHoldsAndUnknownValues) {
  const auto history =
      import_all("zfs",
                 "tank/my data@autosnap_2026-01-01_00:00:00_daily\t1767225600\t0\t2048\t1\n"
                 "tank/my data@autosnap_2026-01-02_00:00:00_daily\t1767312000\t-\t-\t0\n"
                 "tank/b@x@y\t0\t0\t0\t-\n");
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].paths, std::vector<std::string>{"tank/my data"});
  EXPECT_TRUE(history[0].is_protected);
  EXPECT_FALSE(history[1].is_protected);
  EXPECT_EQ(history[1].size_bytes, 0u);
  EXPECT_EQ(history[2].time, at("1970-01-01T00:00:00Z"));
  EXPECT_EQ(history[2].paths, std::vector<std::string>{"tank/b"});
  // Datasets are judged apart, and zfs refuses to destroy what is held.
  const Decided d = decide_on("sanoid: daily=0", history, "2026-03-01");
  EXPECT_EQ(d.why(history[0].id), "held: zfs destroy refuses it");
  EXPECT_FALSE(d.plan.verdicts[1].keep);
  EXPECT_TRUE(d.plan.verdicts[2].keep);
}

TEST(Import, CsvWithQuotesListsAndUnits) {
  const auto snapshots =
      import_all("csv",
                 "\xEF\xBB\xBFtime,id,size_bytes,tags,protected,origin,expires\r\n"
                 "2026-01-01 03:00,\"a,b\",20 GB,x;y,true,manual,2026-02-01\r\n"
                 "2026-01-02T03:00:00+01:00,,7,,,,\r\n");
  ASSERT_EQ(snapshots.size(), 2u);
  EXPECT_EQ(snapshots[0].id, "a,b");
  EXPECT_EQ(snapshots[0].size_bytes, 20'000'000'000u);
  EXPECT_EQ(snapshots[0].tags, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(snapshots[0].is_protected);
  EXPECT_EQ(snapshots[0].origin, Origin::kManual);
  EXPECT_EQ(snapshots[0].expires, at("2026-02-01"));
  EXPECT_EQ(snapshots[1].id, "row-2");
}

TEST(Import, FaultsSayWhereTheyAre) {
  EXPECT_EQ(fault("csv", "tiem,id\n2026-01-01,a\n"),
            "export:1: unknown column \"tiem\"; did you mean time?");
  EXPECT_EQ(fault("csv", "time,id\n2026-01-01,a\n2026-13-01,b\n").substr(0, 9), "export:3:");
  EXPECT_EQ(fault("csv", "time,id\n2026-01-01,a,b\n").substr(0, 9), "export:2:");
  EXPECT_EQ(fault("restic", kRestic.substr(0, 200)),
            "export:4: the JSON ends in the middle; was the export cut off? make it again");
  EXPECT_EQ(fault("restic", "[{\"id\":\"a\"}]"), "export:1: /0/time: \"time\" is missing");
  EXPECT_EQ(fault("restic", "[\n{\"id\":\"a\",\"time\":\"noon\"}]").substr(0, 17),
            "export:2: /0/time");
  EXPECT_EQ(fault("restic", "[1, 2]"), "export: /0 is not an object");
  EXPECT_EQ(fault("restic", "{}"), "export: expected a list of snapshots");
  EXPECT_EQ(fault("borg", "{\"archives\": 7}"), "export: there is no list \"archives\"");
  EXPECT_EQ(
      fault("backcast", R"({"backcast_history": 2, "snapshots": []})"),
      "export: /backcast_history: history format 2 is not known; this version of backcast reads "
      "format 1");
  EXPECT_EQ(fault("resticc", "[]"), "cannot import from \"resticc\"; did you mean restic?");
  for (const std::string_view tool : import_tools()) {
    EXPECT_NE(fault(tool, "\xff\xfe[{"), "accepted") << tool;
    EXPECT_NE(fault(tool, "[[[[{\"a\":"), "accepted") << tool;
  }
  EXPECT_EQ(fault("restic", std::string(1 << 20, '[')), "export: /0 is not an object");
  EXPECT_EQ(fault("restic", "[{\"a\":" + std::string(1 << 20, '[')),
            "export: nested deeper than 64 levels");
}

TEST(Import, EveryCutOfAnExportIsAnErrorAndNotAShorterHistory) {
  for (std::size_t size = 1; size < kRestic.size(); ++size) {
    EXPECT_NE(fault("restic", kRestic.substr(0, size)), "accepted") << size;
  }
  const std::pair<const char*, std::string> exports[] = {
      {"borg", R"({"archives":[{"name":"a","id":"1","start":"2026-01-01T00:00:00.000000"},)"
               R"({"name":"b","id":"2","time":"2026-01-02T00:00:00.000000"}],"cache":{}})"},
      {"kopia", R"([{"id":"a","source":{"host":"h","userName":"u","path":"/p"},)"
                R"("startTime":"2026-01-01T00:00:00Z","pins":["x"]}])"},
      {"backcast", to_json({"csv", made({"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"})})},
      {"zfs", "tank@a\t1767225600\ntank@b\t1767225600\n"}};
  for (const auto& [tool, whole] : exports) {
    EXPECT_EQ(fault(tool, whole), "accepted") << tool;
    const std::size_t end = trim(whole).size();
    const bool is_lines = std::string_view(tool) == "zfs";  // whole lines are a shorter list
    for (std::size_t size = 1; size < (is_lines ? whole.size() : end); ++size) {
      if (is_lines && whole[size - 1] == '\n') continue;
      EXPECT_NE(fault(tool, std::string_view(whole).substr(0, size)), "accepted") << tool << size;
    }
  }
}

TEST(Import, ToolsAreRecognisedByTheirText) {
  EXPECT_EQ(recognise_tool(kRestic), "restic");
  EXPECT_EQ(recognise_tool("{\"archives\": []}"), "borg");
  EXPECT_EQ(recognise_tool("[{\"id\":\"a\",\"source\":{},\"startTime\":\"x\"}]"), "kopia");
  EXPECT_EQ(recognise_tool("tank@a\t17\n"), "zfs");
  EXPECT_EQ(recognise_tool("id,time\n"), "csv");
  EXPECT_EQ(recognise_tool("{ \"backcast_history\": 1 }"), "backcast");
  EXPECT_EQ(recognise_tool("hello"), "");
}

RC_GTEST_PROP(Import, OurOwnFormatReadsBackEqual, ()) {
  History history{"restic"};
  history.snapshots = without_extremes(*history_gen());
  for (Snapshot& s : history.snapshots) {
    s.expires = s.time + kDay;
    s.received = s.time - kSecond;
    s.host = "h\"\\\n\x01ä";
  }
  const auto again = import_history("backcast", to_json(history), {"h", {}});
  RC_ASSERT(again.ok());
  RC_ASSERT(again->tool == "restic");
  RC_ASSERT(to_json(*again) == to_json(history));
  RC_ASSERT(again->snapshots.size() == history.snapshots.size());
  for (std::size_t i = 0; i < history.snapshots.size(); ++i) {
    RC_ASSERT(again->snapshots[i].time == history.snapshots[i].time);
    RC_ASSERT(again->snapshots[i].offset == history.snapshots[i].offset);
  }
}

TEST(Import, TheFirstAndLastYearsReadBackAndArePlanned) {
  History history{"csv"};
  for (const char* text : {"1678-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z"}) {
    const Instant t = at(text);
    history.snapshots.push_back(
        {.id = format_instant(t), .time = t, .offset = std::chrono::hours(14)});
  }
  const auto again = import_history("backcast", to_json(history), {"h", {}});
  ASSERT_TRUE(again.ok());
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again->snapshots[i].time, history.snapshots[i].time);
  }
  for (const std::string_view dialect : dialect_names()) {
    const std::string text = dialect == "duplicacy" ? "duplicacy: -keep 1:1"
                             : dialect == "veeam"   ? "veeam: --days 1 --monthly 1"
                             : dialect == "aws"     ? "aws: --delete-after-days 1"
                             : dialect == "native"  ? "native: --keep-within 1d"
                             : dialect == "borg" || dialect == "borg2" || dialect == "restic"
                                 ? std::string(dialect) + ": --keep-within 1d"
                                 : std::string(dialect) + ":";
    const Decided d = decide_on(text, history.snapshots, "2026-01-01");
    for (const Snapshot& s : history.snapshots) EXPECT_NE(d.why(s.id), "") << text;
  }
}

TEST(Import, AHundredThousandSnapshotsWithOddTimes) {
  std::string text = "[";
  for (int i = 0; i < 100'000; ++i) {
    const char* time = i % 3 == 0   ? "1970-01-01T00:00:00+14:00"
                       : i % 3 == 1 ? "2261-01-01T00:00:00-14:00"
                                    : "2026-01-01T00:00:00Z";
    text += (i == 0 ? "{\"id\":\"" : ",{\"id\":\"") + std::to_string(i) + "\",\"time\":\"" + time +
            "\"}";
  }
  const auto snapshots = import_all("restic", text + "]");
  ASSERT_EQ(snapshots.size(), 100'000u);
  const RetentionPolicy policy = parse_policy("restic: --keep-daily 3 --keep-within 5y").value();
  const Plan p = plan(policy, snapshots, {at("2026-06-01"), Zone::utc()});
  // The window holds all of 2026 and of the future; the oldest fills the third day.
  const auto kept =
      std::count_if(p.verdicts.begin(), p.verdicts.end(), [](const Verdict& v) { return v.keep; });
  EXPECT_EQ(kept, 66'667);
}

}  // namespace
}  // namespace backcast::policy
