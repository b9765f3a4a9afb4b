#include "study/start/planned.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/base/document/node.h"
#include "engine/base/text.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/retention/tags.h"
#include "engine/policy/schedule/schedule.h"
#include "scenarios/document/shipped.h"

namespace backcast::study {
namespace {

using Json = nlohmann::ordered_json;

std::string lower(std::string_view text) {
  std::string result(trim(text));
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Providers as people call them.
std::string provider_named(std::string_view word) {
  static const std::map<std::string, std::string, std::less<>> kNames{
      {"amazon", "aws"},
      {"amazon web services", "aws"},
      {"s3", "aws"},
      {"amazon s3", "aws"},
      {"google", "gcp"},
      {"google cloud", "gcp"},
      {"gcs", "gcp"},
      {"microsoft", "azure"},
      {"microsoft azure", "azure"},
      {"backblaze", "b2"},
      {"backblaze b2", "b2"},
      {"on-premises", "plain"},
      {"on-prem", "plain"},
      {"onprem", "plain"},
      {"local", "plain"},
      {"own", "plain"}};
  std::string name = lower(word);
  const auto found = kNames.find(name);
  if (found != kNames.end()) return found->second;
  constexpr std::string_view kCloud = " cloud";
  if (name.ends_with(kCloud)) name.resize(name.size() - kCloud.size());
  return name;
}

bool is_known(const std::string& provider) {
  return scenario::is_path(provider) ||
         scenario::shipped_text("profiles/" + provider + ".json").has_value();
}

// "30", "30 days": a number of days.
std::optional<int> days_in(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) {
    ++digits;
  }
  if (digits == 0 || digits > 5) return std::nullopt;
  const std::string unit = lower(text.substr(digits));
  if (unit != "" && unit != "d" && unit != "day" && unit != "days" && unit != "tage") {
    return std::nullopt;
  }
  return std::stoi(std::string(text.substr(0, digits)));
}

// The field of a schedule that the words are; null if they are none.
Json schedule_in(const std::string& text) {
  const std::string word = lower(text);
  if (word == "daily" || word == "weekly" || word == "monthly") return {{"every", word}};
  if (word == "hourly") return {{"every", "1h"}};
  if (word == "nightly") return {{"cron", "0 2 * * *"}};
  if (policy::parse_schedule(text).ok()) return {{"rule", text}};
  if (parse_duration(word).ok()) return {{"every", word}};
  return {};
}

std::string as_tag(std::string_view text) {
  std::string tag;
  for (const char c : text) {
    const bool is_kept = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                         policy::kCostTags.marks.find(c) != std::string_view::npos;
    if (is_kept) {
      tag += c;
    } else if (!tag.empty() && tag.back() != '-' && tag.back() != ':') {
      tag += '-';
    }
  }
  while (tag.ends_with('-')) tag.pop_back();
  if (tag.size() > policy::kCostTags.max_tag_bytes) tag.resize(policy::kCostTags.max_tag_bytes);
  return tag;
}

}  // namespace

std::string exact_size(std::uint64_t bytes) {
  constexpr std::array<std::pair<std::uint64_t, const char*>, 8> kUnits{{{kTB, "TB"},
                                                                         {kTiB, "TiB"},
                                                                         {kGB, "GB"},
                                                                         {kGiB, "GiB"},
                                                                         {kMB, "MB"},
                                                                         {kMiB, "MiB"},
                                                                         {kKB, "kB"},
                                                                         {kKiB, "KiB"}}};
  for (const auto& [unit, name] : kUnits) {
    if (bytes > 0 && bytes % unit == 0) return fmt::format("{} {}", bytes / unit, name);
  }
  return fmt::format("{} B", bytes);
}

Planner::Planner(const inventory::Inventory& list, const StartChoices& choices)
    : list_(list), choices_(choices) {}

void Planner::leave_out(int line, std::string reason, std::string hint) {
  const auto [place, is_new] = left_by_reason_.try_emplace(reason, left_out.size());
  if (is_new) left_out.push_back({std::move(reason), std::move(hint), {}, false});
  left_out[place->second].lines.push_back(line);
}

const Footing* Planner::footing_of_row(const inventory::Item& item, std::string_view* problem) {
  std::string word = item.provider;
  // "aws" under Cloud, and nothing else said: the provider itself.
  if (word.empty() && is_known(provider_named(item.cloud))) word = item.cloud;
  std::string provider = provider_named(word);
  if (provider.empty()) provider = choices_.provider;
  if (provider.empty()) provider = list_.provider;
  if (provider.empty()) {
    provider = "plain";
    is_provider_chosen = true;
  }
  if (!is_known(provider)) {
    *problem = "provider";
    return nullptr;
  }
  const bool is_cloud_provider = provider_named(item.cloud) == provider;
  const std::string cloud =
      item.cloud.empty() || is_cloud_provider ? choices_.cloud : provider_named(item.cloud);
  const std::string region = item.region.empty() ? choices_.region : item.region;
  const auto [known, is_new] = seen_.try_emplace(provider + '\n' + cloud + '\n' + region, nullptr);
  if (!is_new) {
    if (known->second == nullptr) *problem = "provider";
    return known->second;
  }
  // Services of one provider in one cloud stand on the same.
  auto found = footing_of(provider, cloud, region);
  if (!found.ok() && !cloud.empty()) found = footing_of(provider, "", region);
  if (!found.ok()) {
    *problem = "provider";
    return nullptr;
  }
  auto& footing = footings_[provider + "/" + found->cloud];
  if (footing == nullptr) footing = std::make_unique<Footing>(std::move(*found));
  return known->second = footing.get();
}

// Where it lies: what its row says, else what whoever asks says, else what is chosen. A site of
// one's own is a region of a store of one's own alone.
void Planner::place(const inventory::Item& item, PlannedRow& row) const {
  const bool has_clouds = !scenario::clouds_of(row.footing->profile).empty();
  const bool is_home = row.footing->provider == "plain";
  row.region = item.region;
  if (row.region.empty() && is_home) row.region = item.site;
  if (row.region.empty()) row.region = choices_.region;
  if (row.region.empty()) {
    const Draft::Json first = begins_with(*row.footing, "region");
    row.region = first.is_string() ? first.get<std::string>() : "home";
    row.is_region_chosen = true;
  }
  if (!item.site.empty() && row.region != item.site) row.tags.push_back("site:" + item.site);
  const bool is_told = !has_clouds || row.footing->cloud.empty() ||
                       scenario::cloud_of(row.footing->profile, row.region) == row.footing->cloud;
  if (!is_told) row.cloud = row.footing->cloud;
}

void Planner::note_words(const char* what, const std::string& word, int line) {
  unread_[fmt::format("{} is no {} that can be read: kept as a tag", printable(word), what)]
      .push_back(line);
}

void Planner::put_policy_words(const inventory::Item& item, PlannedRow& row) {
  Json schedule;
  if (!item.schedule.empty()) {
    schedule = schedule_in(item.schedule);
    if (schedule.is_null()) {
      row.tags.push_back("schedule:" + item.schedule);
      note_words("schedule", item.schedule, item.line);
    }
  }
  if (!item.policy.empty()) {
    const auto days = days_in(item.policy);
    if (lower(item.policy) == "forever" || days) {
      if (schedule.is_null()) {
        const auto preset = row.footing->profile.document->find("schedule");
        schedule = preset == row.footing->profile.document->end() ? Json({{"cron", "0 2 * * *"}})
                                                                  : Json::parse(preset->dump());
      }
      schedule["retention_days"] = days ? Json(*days) : Json("forever");
    } else if (policy::parse_policy(item.policy).ok()) {
      row.retention = item.policy;
    } else {
      row.tags.push_back("policy:" + item.policy);
      note_words("retention policy", item.policy, item.line);
    }
  }
  if (!schedule.is_null()) row.schedule = schedule.dump();
}

void Planner::put_tags(const inventory::Item& item, PlannedRow& row) {
  if (row.name != item.name) row.tags.push_back("name:" + item.name);
  row.tags.insert(row.tags.end(), item.tags.begin(), item.tags.end());
  std::vector<std::string> kept;
  std::size_t bytes = 0;
  for (const std::string& text : row.tags) {
    std::string tag = as_tag(text);
    if (tag.empty() || std::find(kept.begin(), kept.end(), tag) != kept.end()) continue;
    bytes += tag.size();
    if (bytes > policy::kCostTags.max_total_bytes) {
      unread_["more tags than a service can have: the others are left out"].push_back(item.line);
      break;
    }
    kept.push_back(std::move(tag));
  }
  row.tags = std::move(kept);
}

Result<Ok, Errors> Planner::plan() {
  if (!choices_.provider.empty()) {
    BACKCAST_TRY(const Footing asked,
                 footing_of(choices_.provider, choices_.cloud, choices_.region));
  }
  for (const inventory::Item& item : list_.items) {
    std::string_view problem;
    PlannedRow row;
    row.item = &item;
    row.footing = footing_of_row(item, &problem);
    if (row.footing == nullptr) {
      const auto names = scenario::shipped_names("profiles");
      const std::string word = item.provider.empty() ? item.cloud : item.provider;
      leave_out(item.line, fmt::format("unknown provider {}", printable(word)),
                did_you_mean(lower(word), std::span<const std::string_view>(names)));
      continue;
    }
    row.name = scenario_name(item.name);
    const auto [first, is_new] = names_.try_emplace(row.name, item.line);
    if (!is_new) row.name = row.name.substr(0, 56) + fmt::format("-{}", item.line);
    place(item, row);
    row.project = item.project.empty() ? "" : scenario_name(item.project);
    put_policy_words(item, row);
    put_tags(item, row);
    rows.push_back(std::move(row));
  }
  for (const auto& [words, lines] : unread_) {
    notes.push_back(fmt::format("{}: {}", inventory::lines_text(lines), words));
  }
  return kOk;
}

}  // namespace backcast::study
