#include "study/start/frame.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

#include "engine/base/document/node.h"
#include "engine/base/text.h"
#include "scenarios/document/schema_check.h"
#include "scenarios/load/load.h"

namespace backcast::study {
namespace {

using Json = Draft::Json;

// The preset of a provider that has one, to be seen and changed.
bool put_preset(Draft& draft, const std::string& place, const Footing& footing) {
  const auto preset = footing.profile.document->find("schedule");
  if (preset == footing.profile.document->end()) return false;
  Json schedule = Json::parse(preset->dump());
  const std::string at = place + "/schedules/0";
  if (const Json days = begins_with(footing, "retention_days"); !days.is_null()) {
    schedule["retention_days"] = days;
  }
  draft.set(place + "/schedules", Json::array({schedule}));
  const std::string because = "the preset of " + footing.provider;
  for (const auto& [key, value] : schedule.items()) {
    const bool is_ours = key == "retention_days" && !begins_with(footing, key).is_null();
    draft.mark(at + "/" + key,
               is_ours ? "the provider presets none: backups would stay for ever" : because);
  }
  return true;
}

void put_own_policy(Draft& draft, const std::string& place, const Known& known) {
  if (!known.schedule) {
    draft.choose(place + "/schedules", Json::array({{{"cron", "0 2 * * *"}}}),
                 "once a night, UTC: give yours in any tool's words (backcast schedule)");
  }
  if (!known.retention) {
    draft.choose(place + "/retention", "restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 12",
                 "a week of days, a month of weeks, a year of months: give yours in its tool's "
                 "words");
  }
}

void put_job(Draft& draft, const std::string& place, bool is_own_store) {
  draft.choose(place + "/job/rate", "100 MB/s", "a gigabit line, less what protocols take");
  if (!is_own_store) return;
  draft.choose(place + "/job/reads", "changes",
               "tools that look at times or changed blocks read no more");
}

bool lives_by_change(const nlohmann::json& fields) {
  const std::string delta = fields.value("delta", "lifetimes");
  return delta == "lifetimes" || delta == "incremental" || delta == "differential";
}

}  // namespace

Result<Footing, Errors> footing_of(const std::string& provider, const std::string& cloud,
                                   const std::string& region) {
  Footing footing{{}, provider.empty() ? "plain" : provider, cloud};
  BACKCAST_TRY(footing.profile, scenario::find_profile(footing.provider));
  const auto clouds = scenario::clouds_of(footing.profile);
  if (clouds.empty()) {
    if (cloud.empty()) return footing;
    return Errors{bad_input(fmt::format("{} has no clouds to choose from", footing.provider))};
  }
  if (cloud.empty()) {
    const Json first = begins_with(footing, "region");
    const std::string place = !region.empty()     ? region
                              : first.is_string() ? first.get<std::string>()
                                                  : clouds.front();
    footing.cloud = scenario::cloud_of(footing.profile, place);
    return footing;
  }
  if (std::find(clouds.begin(), clouds.end(), cloud) != clouds.end()) return footing;
  return Errors{bad_input(fmt::format("{} is not on cloud {}", footing.provider, printable(cloud)),
                          fmt::format("one of {}", fmt::join(clouds, ", ")))};
}

Json begins_with(const Footing& footing, const std::string& key) {
  const nlohmann::json* whole = scenario::said_for_cloud(footing.profile, footing.cloud, "new");
  if (whole != nullptr && whole->contains(key)) return Json::parse(whole->at(key).dump());
  const auto top = footing.profile.document->find("new");
  if (top == footing.profile.document->end() || !top->contains(key)) return {};
  return Json::parse(top->at(key).dump());
}

bool lives_by_change(const Footing& footing) {
  return lives_by_change(scenario::with_defaults(footing.profile, footing.cloud, {}, {}));
}

std::string scenario_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool is_kept = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                         (!name.empty() && (c == '.' || c == '_' || c == ':' || c == '-'));
    if (is_kept) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() == 64) break;
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "plan" : name;
}

void put_head(Draft& draft, const StartChoices& choices, const std::string& title) {
  const auto& schema = scenario::shipped_schema("schema/scenario.schema.json");
  draft.set("/$schema", schema.value("$id", ""));
  draft.set("/name", choices.name);
  draft.set("/title", title);
  if (choices.start.empty()) {
    draft.choose("/start", choices.today, "the day this was written");
  } else {
    draft.set("/start", choices.start);
  }
  if (choices.horizon.empty()) {
    draft.choose("/horizon", "1 year", "long enough for monthly restore points to be kept and go");
  } else {
    draft.set("/horizon", choices.horizon);
  }
}

void put_prices(Draft& draft, const Footing& footing) {
  const Json prices = begins_with(footing, "prices");
  if (!prices.is_array()) return;
  for (std::size_t i = 0; i < prices.size(); ++i) {
    const std::string at = fmt::format("/prices/{}", i);
    for (const char* const key : {"row", "rate", "because"}) {
      draft.set(at + "/" + key, prices[i].value(key, ""));
    }
    draft.mark(at + "/rate", "a guess, as nobody publishes it: put your own quote here");
  }
}

void put_policy(Draft& draft, const std::string& place, const Footing& footing,
                const Known& known) {
  const bool is_own_store = footing.profile.rules->name == std::string("plain");
  if (is_own_store) {
    put_own_policy(draft, place, known);
  } else if (!known.schedule) {
    put_preset(draft, place, footing);
  }
  if (!known.growth) {
    draft.choose(place + "/growth/per_year", "20%",
                 "a round figure, not measured: what your data grew by last year");
  }
  const auto fields = scenario::with_defaults(footing.profile, footing.cloud, {}, {});
  const auto job = fields.find("job");
  if (!known.job && (job == fields.end() || !job->contains("rate"))) {
    put_job(draft, place, is_own_store);
  }
  if (!known.change && lives_by_change(fields)) {
    draft.choose(place + "/change/per_day", "1%",
                 "a round figure, not measured: backcast calibrate fits yours to a history");
  }
}

void put_requirements(Draft& draft, const Footing& footing) {
  const Json rpo = begins_with(footing, "rpo");
  draft.set(
      "/requirements",
      Json::array({{{"name", "rpo"}, {"kind", "rpo"}, {"at_most", rpo.is_null() ? "26h" : rpo}}}));
  draft.mark("/requirements/0/at_most",
             "what the schedule can keep: give what you can afford to lose");
  draft.comment_after("/requirements/0", "What may it cost? Put a comma above, and:");
  draft.comment_after(
      "/requirements/0",
      R"({"name": "budget", "kind": "budget", "per": "month", "at_most": "100.00 USD"})");
}

Result<Started, Errors> finish(const Draft& draft, const std::string& from,
                               const std::string& name) {
  Started started;
  started.text =
      draft.text(fmt::format("// {}\n// docs/scenarios.md explains every field.\n", from));
  auto document = Document::parse(started.text, name);
  if (!document.ok()) return Errors{document.error()};
  BACKCAST_TRY(scenario::Loaded loaded, scenario::load(*document));
  for (const Unpriced& place : unpriced_places(loaded)) {
    started.notes.push_back(fmt::format(
        "no price is known for storage in {} ({}), so the bill is not complete; {}, or give a rate "
        "under \"prices\"",
        place.region, place.book, place.hint));
  }
  started.chosen = scenario::chosen_fields(*document).size();
  return started;
}

}  // namespace backcast::study
