// forecasts [--policy POLICY] [--replications N] [--set NAME] FILE...: forecasts of stored bytes
// end to end, as a user gets them: at every fifth backup from the 40th on the history so far is
// calibrated, and its workload lives on in the simulated world. Histories are weighted equally.
// Prints the tables of docs/fidelity.md; each FILE is a presence table, plain or gzip.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "engine/base/errors.h"
#include "engine/env/stop_on_signal.h"
#include "read_file.h"
#include "scores.h"
#include "sim/fit/death_law.h"
#include "study/history/backtest.h"

namespace {

using namespace fidelity;
using backcast::Errors;
using backcast::Result;
using backcast::sim::ObservedHistory;
using backcast::study::Forecasted;
using backcast::study::PlainRule;
using backcast::study::Recorded;

constexpr std::uint32_t kFirst = 40, kEvery = 5;

struct Asked {
  std::string policy = backcast::study::kUsualPolicy;
  std::uint32_t replications = 200;
  std::vector<std::uint32_t> ahead = {30, 60};
  struct File {
    const char* path;
    std::string set;
  };
  std::vector<File> files;
};

// Mean without the highest and the lowest tenth.
double trimmed_mean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t cut = values.size() / 10;
  double sum = 0;
  for (std::size_t i = cut; i < values.size() - cut; ++i) sum += values[i];
  return sum / static_cast<double>(values.size() - 2 * cut);
}

// Volumes carried on at a mean of the last so many steps; bytes die by the law fitted by then.
class SimpleRules {
 public:
  SimpleRules(const Recorded& recorded, const backcast::sim::Trace& trace, std::uint32_t now)
      : recorded_(recorded),
        trace_(trace),
        now_(now),
        known_(recorded.prefix(now)),
        law_(backcast::sim::fit_death_law(known_).law) {}

  double stored(std::uint32_t ahead, std::size_t last, bool trims) const {
    std::vector<double> added, grown;
    const std::size_t n = known_.backups.size();
    for (std::size_t i = n - std::min(n - 1, last); i < n; ++i) {
      added.push_back(static_cast<double>(known_.backups[i].new_bytes));
      grown.push_back(static_cast<double>(known_.backups[i].size_bytes) -
                      static_cast<double>(known_.backups[i - 1].size_bytes));
    }
    const auto level = [&](const std::vector<double>& values) {
      double sum = 0;
      for (const double value : values) sum += value;
      return trims ? trimmed_mean(values) : sum / static_cast<double>(values.size());
    };
    const double mean_added = level(added), mean_grown = level(grown);
    ObservedHistory history = known_;
    for (std::uint32_t k = 1; k <= ahead; ++k) {
      backcast::sim::ObservedBackup backup;
      const double size =
          std::max(0.0, static_cast<double>(known_.backups.back().size_bytes) + mean_grown * k);
      backup.size_bytes = static_cast<std::uint64_t>(size);
      backup.new_bytes = static_cast<std::uint64_t>(std::min(mean_added, size));
      history.backups.push_back(backup);
    }
    const auto told = backcast::sim::overlaps_by(law_, history, trace_, now_);
    const auto kept = recorded_.kept_after(now_ + ahead);
    double sum = static_cast<double>(told.size(kept.front()));
    for (std::size_t i = 1; i < kept.size(); ++i) {
      sum += static_cast<double>(told.size(kept[i]) - told.shared(kept[i - 1], kept[i]));
    }
    return sum;
  }

 private:
  const Recorded& recorded_;
  const backcast::sim::Trace& trace_;
  std::uint32_t now_;
  ObservedHistory known_;
  backcast::sim::DeathLaw law_;
};

std::string name_of(const std::string& path) {
  const std::string file = path.substr(path.rfind('/') + 1);
  return file.substr(0, file.find('.'));
}

// The kinds of docs/fidelity.md; interleaved branches, whose bytes come back, stand alone.
std::string group_of(const std::string& name) {
  if (name.starts_with("redis-tags")) return "bytes that come back";
  for (const char* kind : {"logs", "vec", "lance"}) {
    if (name.starts_with(kind)) return "logs and vectors";
  }
  return "trees, databases and files";
}

// A table has no times, and a repository has: one backup at the end of every day.
void give_times(backcast::sim::ObservedHistory& history) {
  backcast::Instant at = std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} +
                         std::chrono::hours(24) - std::chrono::minutes(1);
  for (backcast::sim::ObservedBackup& backup : history.backups) {
    backup.time = at;
    at += backcast::kDay;
  }
}

// By distance.
using ByAhead = std::map<std::uint32_t, OneHistory>;

Result<ByAhead, Errors> score(const char* path, const Asked& asked, std::atomic<bool>& stop) {
  BACKCAST_TRY(auto table, backcast::all_errors(read_table(path)));
  BACKCAST_TRY(auto policy, backcast::all_errors(backcast::policy::parse_policy(asked.policy)));
  const backcast::sim::Trace trace = table.trace();
  backcast::sim::Observations seen;
  seen.history = backcast::sim::observe(table, trace);
  give_times(seen.history);
  seen.table = std::move(table);
  backcast::study::RecordedTerms terms;
  terms.retention = std::move(policy);
  BACKCAST_TRY(const Recorded recorded,
               backcast::all_errors(Recorded::of(std::move(seen), std::move(terms))));
  backcast::study::BacktestOptions options;
  options.ahead = asked.ahead;
  options.first = kFirst;
  options.every = kEvery;
  options.replications = asked.replications;
  options.looks_ahead = false;
  options.watch.stop = &stop;
  BACKCAST_TRY(const auto told, backcast::study::backtest(recorded, options));
  ByAhead scored;
  for (const Forecasted& f : told.forecasts) {
    const SimpleRules rules(recorded, trace, f.made_at);
    const auto plain = [&](PlainRule rule) {
      return f.plain[static_cast<std::size_t>(rule)].stored_bytes;
    };
    OneHistory& history = scored[f.ahead];
    history.name = name_of(path);
    history.forecasts.push_back(
        {f.made_at, f.truth->stored_bytes, f.ours[0].low, f.ours[0].median, f.ours[0].high,
         plain(PlainRule::kUnchanged), plain(PlainRule::kTrend), plain(PlainRule::kIncrements),
         plain(PlainRule::kCalculator), rules.stored(f.ahead, SIZE_MAX, false),
         rules.stored(f.ahead, 60, true)});
  }
  return scored;
}

constexpr std::pair<const char*, Way> kWays[] = {
    {"the program", &Scored::median},
    {"unchanged", &Scored::unchanged},
    {"trend line", &Scored::trend},
    {"sum of increments", &Scored::increments},
    {"calculators", &Scored::calculator},
    {"mean of all days", &Scored::mean},
    {"trimmed means of the last 60", &Scored::trimmed},
};

std::string percent(const Quantiles& q) {
  return fmt::format("{:.1f} / {:.0f}", 100 * q.median, 100 * q.p95);
}

void print_histories(const std::vector<ByAhead>& all, const Asked& asked) {
  std::string head = "| history | forecasts |", rule = "| --- | --- |";
  for (const std::uint32_t ahead : asked.ahead) {
    head += fmt::format(" {0} ahead | trend line | {0}: held, % |", ahead);
    rule += " --- | --- | --- |";
  }
  std::printf("%s\n%s\n", head.c_str(), rule.c_str());
  for (const ByAhead& one : all) {
    if (one.empty()) continue;
    const OneHistory& first = one.begin()->second;
    std::string line = fmt::format("| {} | {} |", first.name, first.forecasts.size());
    for (const std::uint32_t ahead : asked.ahead) {
      const auto found = one.find(ahead);
      if (found == one.end()) {
        line += " - | - | - |";
        continue;
      }
      line += fmt::format(
          " {} | {} | {:.0f} |", percent(errors_of({found->second}, &Scored::median)),
          percent(errors_of({found->second}, &Scored::trend)), 100 * held(found->second));
    }
    std::printf("%s\n", line.c_str());
  }
}

void print_group(const std::string& group, std::uint32_t ahead, const Histories& histories) {
  std::printf(
      "\n%s, %u ahead, %zu histories (median / 95th percentile of the error, %%; P5..P95 "
      "over histories)\n\n| way | error | median | 95th |\n| --- | --- | --- | --- |\n",
      group.c_str(), ahead, histories.size());
  for (const auto& [name, way] : kWays) {
    const Way asked = way;
    const auto median =
        bootstrap(histories, [&](const Histories& some) { return errors_of(some, asked).median; });
    const auto p95 =
        bootstrap(histories, [&](const Histories& some) { return errors_of(some, asked).p95; });
    std::printf("| %s | %s | %.1f..%.1f | %.0f..%.0f |\n", name,
                percent(errors_of(histories, way)).c_str(), 100 * median.first, 100 * median.second,
                100 * p95.first, 100 * p95.second);
  }
}

void print_intervals(std::uint32_t ahead, Histories histories) {
  std::sort(histories.begin(), histories.end(), [](const OneHistory& a, const OneHistory& b) {
    return restlessness(a) < restlessness(b);
  });
  const auto middle = histories.begin() + static_cast<std::ptrdiff_t>(histories.size() / 2);
  const Histories calm(histories.begin(), middle), restless(middle, histories.end());
  const auto [low, high] = bootstrap(histories, [](const Histories& some) { return held(some); });
  const auto poor = std::count_if(histories.begin(), histories.end(),
                                  [](const OneHistory& one) { return held(one) < 0.7; });
  std::printf("| %u ahead | %zu | %.1f (%.0f..%.0f) | %td | %.0f | %.0f | %.3f | %.3f | %.2f |\n",
              ahead, histories.size(), 100 * held(histories), 100 * low, 100 * high, poor,
              100 * held(calm), 100 * held(restless), interval_score(histories),
              interval_score_of_constant(histories),
              interval_score(histories) / interval_score_of_constant(histories));
}

constexpr const char* kIntervalHead =
    "\n| 90 %% interval | histories | held, %% | below 70 %% | calm half | restless half | score | "
    "of "
    "trimmed means | ratio |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";

// The tables of some histories: by kind, and their intervals.
void print_set(const std::string& title, const std::vector<ByAhead>& all) {
  std::map<std::string, std::map<std::uint32_t, Histories>> groups;
  std::map<std::uint32_t, Histories> pooled;
  for (const ByAhead& one : all) {
    for (const auto& [ahead, history] : one) {
      groups[group_of(history.name)][ahead].push_back(history);
      pooled[ahead].push_back(history);
    }
  }
  std::printf("\n# %s\n", title.c_str());
  for (const auto& [group, by_ahead] : groups) {
    for (const auto& [ahead, histories] : by_ahead) print_group(group, ahead, histories);
  }
  std::printf(kIntervalHead);
  for (const auto& [ahead, histories] : pooled) print_intervals(ahead, histories);
  for (const auto& [group, by_ahead] : groups) {
    if (groups.size() == 1) break;
    std::printf("\nof %s:\n", group.c_str());
    for (const auto& [ahead, histories] : by_ahead) print_intervals(ahead, histories);
  }
}

bool read(int argc, char** argv, Asked& asked) {
  std::string set;
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc;
    if (std::strcmp(argv[i], "--policy") == 0 && has_value) {
      asked.policy = argv[++i];
    } else if (std::strcmp(argv[i], "--replications") == 0 && has_value) {
      asked.replications = static_cast<std::uint32_t>(std::max(1, std::atoi(argv[++i])));
    } else if (std::strcmp(argv[i], "--set") == 0 && has_value) {
      set = argv[++i];
    } else {
      asked.files.push_back({argv[i], set});
    }
  }
  return !asked.files.empty();
}

}  // namespace

int main(int argc, char** argv) {
  Asked asked;
  if (!read(argc, argv, asked)) {
    std::fprintf(stderr,
                 "usage: forecasts [--policy POLICY] [--replications N] [--set NAME] FILE...\n"
                 "Files after a --set are also told by themselves.\n");
    return 2;
  }
  std::atomic<bool> stop{false};
  const backcast::env::StopOnSignal signals(stop);
  std::vector<ByAhead> all;
  int code = 0;
  std::map<std::string, std::vector<ByAhead>> sets;
  for (const Asked::File& file : asked.files) {
    auto scored = score(file.path, asked, stop);
    if (stop) {
      std::fprintf(stderr, "forecasts: partial: interrupted, files are missing\n");
      code = 130;
      break;
    }
    if (!scored.ok()) {
      std::fprintf(stderr, "forecasts: %s: %s\n", file.path,
                   to_string(scored.error().front()).c_str());
      code = 2;
      continue;
    }
    sets[file.set].push_back(*scored);
    all.push_back(std::move(*scored));
  }
  print_histories(all, asked);
  for (const auto& [name, some] : sets) {
    if (!name.empty()) print_set(name, some);
  }
  print_set("all", all);
  return code;
}
