// A first scenario from restore points that exist.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/bytes.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "engine/base/time_math.h"
#include "sim/fit/workload_document.h"
#include "study/history/calibration.h"
#include "study/start/frame.h"
#include "study/start/planned.h"

namespace backcast::study {
namespace {

using Json = Draft::Json;
using Snapshots = std::vector<policy::Snapshot>;

constexpr std::int64_t kHourSeconds = 3600, kDaySeconds = 86'400;

// The usual distance of restore points; a day where there are too few to tell.
std::int64_t usual_gap_seconds(const Snapshots& snapshots) {
  std::vector<std::int64_t> gaps;
  for (std::size_t i = 1; i < snapshots.size(); ++i) {
    const std::int64_t gap =
        unix_seconds(snapshots[i].trusted_time()) - unix_seconds(snapshots[i - 1].trusted_time());
    if (gap > 0) gaps.push_back(gap);
  }
  if (gaps.size() < 2) return kDaySeconds;
  const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
  std::nth_element(gaps.begin(), middle, gaps.end());
  // Whole hours, or whole minutes of what is more frequent.
  const std::int64_t unit = *middle >= kHourSeconds ? kHourSeconds : 60;
  return std::max<std::int64_t>((*middle + unit / 2) / unit * unit, 60);
}

Json schedule_of(const Snapshots& snapshots, std::int64_t gap) {
  if (gap == kDaySeconds) {
    const std::int64_t seconds = unix_seconds(snapshots.back().trusted_time()) % kDaySeconds;
    return {{"cron", fmt::format("{} {} * * *", seconds / 60 % 60, seconds / kHourSeconds)}};
  }
  const std::string text = gap % kDaySeconds == 0    ? fmt::format("{}d", gap / kDaySeconds)
                           : gap % kHourSeconds == 0 ? fmt::format("{}h", gap / kHourSeconds)
                                                     : fmt::format("{}m", gap / 60);
  return {{"every", text}};
}

std::string signed_size(std::int64_t bytes) {
  const auto magnitude = static_cast<std::uint64_t>(bytes < 0 ? -bytes : bytes);
  return (bytes < 0 ? "-" : "") + exact_size(magnitude);
}

// What the tool's list leaves out, and the command that adds it.
std::string missing_sizes(const std::string& tool) {
  if (tool == "restic") {
    return "restic before 0.17 exports no sizes: restic stats latest --json > size.json, then "
           "--stats size.json; newer versions say them of every snapshot they make";
  }
  if (tool == "borg") return "borg list exports no sizes: borg info --json --last 9999 REPO does";
  if (tool == "zfs") {
    return "this list says no sizes: zfs list -H -p -t snapshot -o name,creation,used,refer";
  }
  return "the history says no sizes: add the column size_bytes, or give --size";
}

class HistoryStart {
 public:
  HistoryStart(const KnownHistory& known, const StartChoices& choices)
      : known_(known), choices_(choices) {}

  Result<Started, Errors> start() {
    BACKCAST_CHECK(all_errors(find_sources()));
    BACKCAST_TRY(const Footing footing,
                 footing_of(choices_.provider, choices_.cloud, choices_.region));
    Draft draft;
    StartChoices head = choices_;
    Instant newest = sources_.front().back().trusted_time();
    for (const Snapshots& of : sources_) newest = std::max(newest, of.back().trusted_time());
    const bool is_ours = head.start.empty();
    if (is_ours) head.start = format_instant(std::chrono::ceil<std::chrono::seconds>(newest));
    put_head(draft, head, "What becomes of " + printable(known_.name));
    if (is_ours) draft.mark("/start", "the newest restore point of the history");
    put_provider(draft, footing);
    Known known;
    known.schedule = true;
    known.growth = known.change = true;
    draft.set("/defaults", Json::object());
    put_policy(draft, "/defaults", footing, known);
    std::int64_t longest = 0;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      longest = std::max(longest, put_service(draft, footing, i));
    }
    put_requirements(draft, footing);
    draft.choose("/requirements/0/at_most",
                 fmt::format("{}h", (longest + kHourSeconds - 1) / kHourSeconds + 2),
                 "the usual distance of the restore points, and two hours");
    BACKCAST_TRY(
        Started made,
        finish(draft, fmt::format("What becomes of {}, written by backcast new.", known_.name),
               choices_.file));
    made.services = sources_.size();
    made.notes.insert(made.notes.begin(), notes_.begin(), notes_.end());
    return made;
  }

 private:
  Status find_sources() {
    if (known_.history.snapshots.empty()) {
      return Error{Errc::kBadInput,
                   "the history holds no restore point",
                   {known_.name, "", 0, 0},
                   "backcast new PROVIDER begins without one"};
    }
    std::set<std::string> names;
    if (known_.source.empty()) {
      for (const auto& s : known_.history.snapshots) names.insert(policy::source_name(s));
    } else {
      names.insert(known_.source);
    }
    if (names.size() > kMostSources) {
      return bad_input(
          fmt::format("the history holds {} sources, more than {}", names.size(), kMostSources),
          "choose one: --source");
    }
    for (const std::string& name : names) {
      const bool is_only = known_.source.empty() && names.size() == 1;
      BACKCAST_TRY(auto of, policy::select_source(known_.history.snapshots, is_only ? "" : name));
      sources_.push_back(std::move(of));
      source_names_.push_back(is_only ? "" : name);
    }
    return kOk;
  }

  void put_provider(Draft& draft, const Footing& footing) const {
    if (choices_.provider.empty()) {
      draft.choose("/provider", footing.provider, "nobody named one: a store of your own, no bill");
    } else {
      draft.set("/provider", footing.provider);
    }
    put_prices(draft, footing);
  }

  // The distance of its restore points.
  std::int64_t put_service(Draft& draft, const Footing& footing, std::size_t i) {
    const Snapshots& snapshots = sources_[i];
    const policy::Snapshot& newest = snapshots.back();
    const std::string at = fmt::format("/services/{}", i);
    std::string name = name_of(newest);
    if (!names_.insert(name).second) name = fmt::format("{}-{}", name.substr(0, 60), i + 1);
    draft.set(at + "/name", name);
    if (choices_.region.empty()) {
      const Json first = begins_with(footing, "region");
      draft.choose(at + "/region", first.is_null() ? Json("home") : first, "the history says none");
    } else {
      draft.set(at + "/region", choices_.region);
    }
    draft.set(at + "/history/file", known_.file);
    if (!source_names_[i].empty()) draft.set(at + "/history/source", source_names_[i]);
    if (!known_.input.empty()) draft.set(at + "/history/input", known_.input);
    put_workload(draft, at, snapshots, name);
    const std::int64_t gap = usual_gap_seconds(snapshots);
    draft.choose(at + "/schedules", Json::array({schedule_of(snapshots, gap)}),
                 "the usual distance of its restore points");
    return gap;
  }

  // "web-srv" of /srv on web.
  std::string name_of(const policy::Snapshot& snapshot) const {
    std::string name = snapshot.host;
    for (const std::string& path : snapshot.paths) {
      name += (name.empty() || path.starts_with('/') ? "" : "-") + path;
    }
    return scenario_name(name.empty() ? choices_.name : name);
  }

  // Fitted, where the history tells enough; else the growth that its sizes show, else chosen.
  void put_workload(Draft& draft, const std::string& at, const Snapshots& snapshots,
                    const std::string& name) {
    const policy::Snapshot& newest = snapshots.back();
    const auto fit = fit_workload(known_.text, known_.name, {newest.host, newest.paths}, false);
    if (newest.size_bytes == 0) put_size(draft, at);
    if (fit.ok()) {
      const Json fields = Json::parse(sim::workload_json(fit->fit));
      for (const char* const field : {"growth", "change", "outlook", "delta"}) {
        if (fields.contains(field)) draft.set(at + "/" + field, fields.at(field));
      }
      // As people write it, and not in bytes.
      const Json grows = fields.value(Json::json_pointer("/growth/per_day"), Json());
      if (grows.is_string()) {
        const auto text = grows.get<std::string>();
        const auto bytes = parse_bytes(text.starts_with('-') ? text.substr(1) : text);
        const std::string sign = text.starts_with('-') ? "-" : "";
        if (bytes.ok()) draft.set(at + "/growth/per_day", sign + exact_size(*bytes));
      }
      draft.comment(at + "/growth",
                    fmt::format("Growth and change as {} backups show them.", fit->fit.backups));
      for (const std::string& text : fit->notes) notes_.push_back(name + ": " + text);
      for (const std::string& text : fit->fit.warnings) notes_.push_back(name + ": " + text);
      return;
    }
    notes_.push_back(fmt::format("{}: growth and change are not fitted: {}{}{}", name,
                                 fit.error().message, fit.error().hint.empty() ? "" : "; ",
                                 fit.error().hint));
    put_growth(draft, at, snapshots);
    draft.choose(at + "/change/per_day", "1%", "a round figure, not measured");
  }

  void put_size(Draft& draft, const std::string& at) {
    if (known_.size_bytes > 0 && sources_.size() == 1) {
      return draft.set(at + "/size", exact_size(known_.size_bytes));
    }
    if (!choices_.size.empty()) return draft.set(at + "/size", choices_.size);
    draft.choose(at + "/size", "100 GB", "a round figure: the history says no sizes");
    const std::string note = missing_sizes(known_.history.tool);
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) notes_.push_back(note);
  }

  static void put_growth(Draft& draft, const std::string& at, const Snapshots& snapshots) {
    const policy::Snapshot &first = snapshots.front(), &last = snapshots.back();
    const std::int64_t days =
        (unix_seconds(last.trusted_time()) - unix_seconds(first.trusted_time())) / kDaySeconds;
    if (first.size_bytes == 0 || last.size_bytes == 0 || days < 1) {
      return draft.choose(at + "/growth/per_year", "20%", "a round figure, not measured");
    }
    // Beyond 1 EB the loader refuses the history itself.
    const std::int64_t apart =
        static_cast<std::int64_t>(std::min<std::uint64_t>(last.size_bytes, INT64_MAX)) -
        static_cast<std::int64_t>(std::min<std::uint64_t>(first.size_bytes, INT64_MAX));
    draft.set(at + "/growth/per_day", signed_size(apart / days));
    draft.comment(at + "/growth", "From the first restore point to the newest.");
  }

  const KnownHistory& known_;
  const StartChoices& choices_;
  std::vector<Snapshots> sources_;
  std::vector<std::string> source_names_;  // "" where there is only one
  std::set<std::string> names_;
  std::vector<std::string> notes_;
};

}  // namespace

Result<Started, Errors> start_from_history(const KnownHistory& known, const StartChoices& choices) {
  return HistoryStart(known, choices).start();
}

}  // namespace backcast::study
