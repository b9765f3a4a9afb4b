// Random histories and policies for property tests of every retention dialect.
#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/retention/retention.h"

namespace backcast::policy::testing {

inline Instant test_now() {
  return from_unix_seconds(1'767'225'600);
}  // 2026-01-01T00:00:00Z

// Times in bursts, so that periods hold several and long gaps exist; a few equal, a few ahead of
// now, some in 1970; offsets up to 14 h either way.
inline rc::Gen<Snapshot> snapshot_gen() {
  return rc::gen::exec([] {
    Snapshot s;
    const int scale = *rc::gen::inRange(0, 6);
    constexpr std::int64_t kSpans[] = {3600,       86400,       7 * 86400,
                                       60 * 86400, 800 * 86400, 6000LL * 86400};
    const std::int64_t age = *rc::gen::inRange<std::int64_t>(0, kSpans[scale]);
    s.time = test_now() - std::chrono::seconds(age);
    const int oddity = *rc::gen::inRange(0, 40);
    if (oddity == 0) s.time = test_now() + std::chrono::seconds(age);
    if (oddity == 1) s.time = from_unix_seconds(age % 1000);
    if (oddity == 2) s.time = *rc::gen::element(Instant::min(), Instant::max());
    if (oddity > 2 && oddity < 6)
      s.time += std::chrono::nanoseconds(*rc::gen::inRange(0, 1'000'000'000));
    s.offset = std::chrono::minutes(15 * *rc::gen::element(0, 0, 0, 4, 8, -20, 22, 56, -56));
    s.size_bytes = static_cast<std::uint64_t>(*rc::gen::inRange(0, 1000)) << 20;
    const auto tag = *rc::gen::element<std::string>("", "", "prod", "hold", "daily", "daily",
                                                    "weekly", "monthly", "protected", "@PROT");
    if (!tag.empty()) s.tags.push_back(tag);
    if (*rc::gen::inRange(0, 12) == 0) s.is_incomplete = true;
    if (*rc::gen::inRange(0, 12) == 0) s.is_protected = true;
    if (*rc::gen::inRange(0, 12) == 0) s.pins.push_back("keep");
    if (*rc::gen::inRange(0, 6) == 0) s.origin = Origin::kManual;
    s.host = *rc::gen::element<std::string>("a", "a", "a", "b");
    s.paths = {"/data"};
    return s;
  });
}

// Ids are unique; half of them are named the way sanoid names its snapshots.
inline rc::Gen<std::vector<Snapshot>> history_gen() {
  return rc::gen::map(
      rc::gen::container<std::vector<Snapshot>>(snapshot_gen()), [](std::vector<Snapshot> history) {
        constexpr const char* kTypes[] = {"frequently", "hourly",  "daily",
                                          "weekly",     "monthly", "yearly"};
        for (std::size_t i = 0; i < history.size(); ++i) {
          history[i].id = "pool@s" + std::to_string(i);
          if (i % 2 == 0) {
            history[i].id = "pool@autosnap_" + std::to_string(i) + "_" + kTypes[(i / 2) % 6];
          }
        }
        return history;
      });
}

// Without the first and last instants there are: for properties that compute with the times.
inline std::vector<Snapshot> without_extremes(std::vector<Snapshot> history) {
  std::erase_if(history, [](const Snapshot& s) {
    return s.time == Instant::min() || s.time == Instant::max();
  });
  return history;
}

// A few flags of a list, each with a small count; at least one.
inline std::string some_counts(const std::vector<std::string>& names, int from, int to,
                               std::string_view assign = " ") {
  std::string text;
  for (const std::string& name : names) {
    if (*rc::gen::inRange(0, 3) != 0 && !(text.empty() && name == names.back())) continue;
    text += " " + name + std::string(assign) + std::to_string(*rc::gen::inRange(from, to));
  }
  return text;
}

inline std::string policy_text(const std::string& dialect) {
  const auto pick = [](std::initializer_list<const char*> options) {
    return std::string(
        *rc::gen::elementOf(std::vector<std::string>(options.begin(), options.end())));
  };
  if (dialect == "restic") {
    return "restic:" +
           some_counts({"--keep-last", "--keep-hourly", "--keep-daily", "--keep-weekly",
                        "--keep-monthly", "--keep-yearly"},
                       1, 12) +
           pick({"", " --keep-within 1m", " --keep-within-daily 1y2m --keep-within-weekly 30d"}) +
           pick({"", " --keep-tag prod", " --keep-tag \"\" --group-by \"\""}) +
           pick({"", " --unsafe-allow-remove-all", " --version 0.14"});
  }
  if (dialect == "borg") {
    return "borg:" +
           some_counts({"--keep-last", "--keep-minutely", "--keep-hourly", "--keep-daily",
                        "--keep-weekly", "--keep-monthly", "--keep-yearly"},
                       1, 12) +
           pick({"", " --keep-within 3d", " --keep-13weekly 3", " --keep-3monthly -1"});
  }
  if (dialect == "borg2") {
    return "borg2:" +
           some_counts({"--keep-secondly", "--keep-hourly", "--keep-daily", "--keep-weekly",
                        "--keep-yearly"},
                       1, 12) +
           pick({"", " --keep 3", " --keep-monthly 1y", " --from 2025-12-01"});
  }
  if (dialect == "kopia") {
    return "kopia:" +
           some_counts({"--keep-latest", "--keep-hourly", "--keep-daily", "--keep-weekly",
                        "--keep-monthly", "--keep-annual"},
                       0, 12) +
           pick({"", " --week-month-collision"});
  }
  if (dialect == "pbs") {
    return "pbs:" + some_counts({"--keep-last", "--keep-hourly", "--keep-daily", "--keep-weekly",
                                 "--keep-monthly", "--keep-yearly"},
                                0, 12);
  }
  if (dialect == "sanoid") {
    return "sanoid:" + some_counts({"frequently", "hourly", "daily", "weekly", "monthly", "yearly"},
                                   0, 12, "=");
  }
  if (dialect == "duplicacy") {
    return "duplicacy:" + pick({"", " -keep 0:720"}) + pick({"", " -keep 30:180"}) +
           pick({" -keep 7:30", " -keep 2:9"}) + pick({"", " -keep 1:7", " -keep 1:0"}) +
           pick({"", " -exclusive"});
  }
  if (dialect == "veeam") {
    return "veeam:" + pick({" --restore-points 7", " --days 14"}) +
           pick({"", " --weekly 4", " --weekly 4 --weekday 3"}) + pick({"", " --monthly 6"}) +
           pick({"", " --yearly 2 --month 4"});
  }
  if (dialect == "aws") {
    return "aws:" +
           pick({" --delete-after-days 35", " --cold-after-days 30 --delete-after-days 120",
                 " --rule d --delete-after-days 7 --rule m --delete-after-days -1",
                 " --rule d --delete-after-days 7 --rule m --delete-after-days 365"});
  }
  if (dialect == "zilliz") return "zilliz:" + some_counts({"retentionDays"}, 1, 31, "=");
  if (dialect == "qdrant") return "qdrant:" + pick({"", " --retention-days 30"});
  if (dialect == "zerops") {
    return "zerops:" +
           some_counts({"minDaily", "minWeekly", "minMonthly", "maxDaily", "maxWeekly",
                        "maxMonthly", "maxTotalFiles", "maxTotalGiB"},
                       0, 12, "=") +
           pick({"", " --keep-max-plus-one", " --one-daily-per-day"});
  }
  return "native:" +
         some_counts({"--keep-last", "--keep-hourly", "--keep-daily", "--keep-weekly",
                      "--keep-quarterly", "--min-count", "--max-count"},
                     1, 12) +
         pick({"", " --keep-within 30d", " --keep-within-monthly 300d"}) +
         pick({"", " --ttl 90d"}) + pick({"", " --keep-tag prod"}) +
         pick({"", " --protect-tag protected --hold-tag hold"}) + pick({"", " --max-size 3GiB"}) +
         pick({"", " --manual-is-permanent"});
}

inline RetentionPolicy policy_of(const std::string& dialect) {
  const std::string text = policy_text(dialect);
  auto policy = parse_policy(text);
  if (!policy.ok()) RC_FAIL(text + ": " + to_string(policy.error()));
  return std::move(policy).value();
}

}  // namespace backcast::policy::testing
