// The exports of restic, borg and kopia.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/policy/retention/stored_counts.h"
#include "histories/element_reader.h"

namespace backcast::policy {
namespace {

using nlohmann::json;

Element child(const Element& element, const char* key) {
  static const json kEmpty = json::object();
  const auto found = element.value.find(key);
  const bool is_object = found != element.value.end() && found->is_object();
  return {is_object ? *found : kEmpty, element.pointer + "/" + key};
}

Status set_time(const Element& element, const char* key, const Zone& zone, Snapshot& s) {
  std::optional<StampedInstant> time;
  BACKCAST_CHECK(get_time(element, key, zone, time));
  if (!time) return at(element, key, fmt::format("\"{}\" is missing", key));
  s.time = time->instant;
  s.offset = time->offset;
  return kOk;
}

Status set_end(const Element& element, const char* key, const Zone& zone, Snapshot& s) {
  std::optional<StampedInstant> time;
  BACKCAST_CHECK(get_time(element, key, zone, time));
  if (time) s.end = time->instant;
  return kOk;
}

Result<RawCounts> read_counts(const Element& summary) {
  RawCounts counts;
  BACKCAST_CHECK(get(summary, "total_bytes_processed", counts.size_bytes));
  BACKCAST_CHECK(get(summary, "data_added", counts.new_bytes));
  const auto says = [&](const char* key) {
    const auto found = summary.value.find(key);
    return found != summary.value.end() && !found->is_null();
  };
  if (says("data_added") && says("data_added_packed")) {
    BACKCAST_CHECK(get(summary, "data_added_packed", counts.packed_bytes.emplace()));
  }
  return counts;
}

// `counts`: by index of the snapshots.
Status read_restic(const Element& element, const ImportOptions& options, History& history,
                   std::vector<RawCounts>& counts) {
  if (element.value.contains("snapshots")) {  // restic snapshots --group-by
    const json& group = element.value["snapshots"];
    if (!group.is_array()) return at(element, "snapshots", "\"snapshots\" is not a list");
    for (std::size_t i = 0; i < group.size(); ++i) {
      const Element inner{group[i], fmt::format("{}/snapshots/{}", element.pointer, i)};
      if (!group[i].is_object()) return at(inner, "", "not a snapshot");
      BACKCAST_CHECK(read_restic(inner, options, history, counts));
    }
    return kOk;
  }
  Snapshot s;
  BACKCAST_CHECK(get(element, "id", Need::kRequired, s.id));
  BACKCAST_CHECK(set_time(element, "time", options.zone, s));
  BACKCAST_CHECK(get(element, "hostname", Need::kOptional, s.host));
  BACKCAST_CHECK(get(element, "username", Need::kOptional, s.username));
  BACKCAST_CHECK(get(element, "paths", s.paths));
  BACKCAST_CHECK(get(element, "tags", s.tags));
  const Element summary = child(element, "summary");  // restic 0.17 and newer
  BACKCAST_TRY(counts.emplace_back(), read_counts(summary));
  BACKCAST_CHECK(set_end(summary, "backup_end", options.zone, s));
  history.snapshots.push_back(std::move(s));
  return kOk;
}

// Sizes and new bytes as stored, source by source, of those that say any.
void set_bytes(History& history, const std::vector<RawCounts>& counts) {
  std::map<std::tuple<std::string, std::string, std::vector<std::string>>, std::vector<std::size_t>>
      sources;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const Snapshot& s = history.snapshots[i];
    if (counts[i].size_bytes > 0) sources[{s.host, s.username, s.paths}].push_back(i);
  }
  for (auto& [source, members] : sources) {
    std::stable_sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
      return history.snapshots[a].trusted_time() < history.snapshots[b].trusted_time();
    });
    std::vector<RawCounts> of_one;
    for (const std::size_t i : members) of_one.push_back(counts[i]);
    StoredCounts stored = stored_counts(of_one);
    for (std::size_t i = 0; i < members.size(); ++i) {
      Snapshot& s = history.snapshots[members[i]];
      s.size_bytes = stored.backups[i].size_bytes;
      s.new_bytes = stored.backups[i].new_bytes;
    }
    history.counted[source_name(history.snapshots[members.front()])] = {stored.is_stored,
                                                                        std::move(stored.note)};
  }
}

Status read_kopia(const Element& element, const ImportOptions& options, History& history) {
  Snapshot s;
  BACKCAST_CHECK(get(element, "id", Need::kRequired, s.id));
  BACKCAST_CHECK(set_time(element, "startTime", options.zone, s));
  BACKCAST_CHECK(set_end(element, "endTime", options.zone, s));
  const Element source = child(element, "source");
  BACKCAST_CHECK(get(source, "host", Need::kOptional, s.host));
  BACKCAST_CHECK(get(source, "userName", Need::kOptional, s.username));
  std::string path, incomplete;
  BACKCAST_CHECK(get(source, "path", Need::kOptional, path));
  if (!path.empty()) s.paths.push_back(std::move(path));
  BACKCAST_CHECK(get(element, "incomplete", Need::kOptional, incomplete));
  s.is_incomplete = !incomplete.empty();
  BACKCAST_CHECK(get(element, "pins", s.pins));
  BACKCAST_CHECK(get(child(element, "stats"), "totalSize", s.size_bytes));
  const Element tags = child(element, "tags");
  for (const auto& [key, value] : tags.value.items()) {
    if (!value.is_string()) return at(tags, key.c_str(), "a tag is not a text");
    s.tags.push_back(key + ":" + value.get<std::string>());
  }
  history.snapshots.push_back(std::move(s));
  return kOk;
}

Status read_borg(const Element& element, const ImportOptions& options, History& history,
                 std::vector<std::string>& archive_ids) {
  Snapshot s;
  BACKCAST_CHECK(get(element, "name", Need::kRequired, s.id));
  const bool has_start = element.value.contains("start");
  BACKCAST_CHECK(set_time(element, has_start ? "start" : "time", options.zone, s));
  BACKCAST_CHECK(set_end(element, "end", options.zone, s));
  BACKCAST_CHECK(get(element, "hostname", Need::kOptional, s.host));
  BACKCAST_CHECK(get(element, "username", Need::kOptional, s.username));
  BACKCAST_CHECK(get(element, "tags", s.tags));
  const Element stats = child(element, "stats");
  BACKCAST_CHECK(get(stats, "original_size", s.size_bytes));
  archive_ids.emplace_back();
  BACKCAST_CHECK(get(element, "id", Need::kOptional, archive_ids.back()));
  history.snapshots.push_back(std::move(s));
  return kOk;
}

// borg 2 archives of one series share their name; their ids tell them apart.
void make_names_unique(History& history, std::vector<std::string>& archive_ids) {
  std::set<std::string_view> names;
  bool is_unique = true;
  for (const Snapshot& s : history.snapshots) is_unique = names.insert(s.id).second && is_unique;
  if (is_unique) return;
  for (std::size_t i = 0; i < history.snapshots.size(); ++i) {
    if (!archive_ids[i].empty()) history.snapshots[i].id = std::move(archive_ids[i]);
  }
}

}  // namespace

Result<History> import_restic(std::string_view text, const ImportOptions& options) {
  History history{"restic"};
  std::vector<RawCounts> counts;
  BACKCAST_TRY(const json rest, for_each_element(text, "", options, [&](const Element& element) {
                 return read_restic(element, options, history, counts);
               }));
  set_bytes(history, counts);
  return history;
}

Status add_restic_stats(History& history, std::string_view text, const ImportOptions& options) {
  const json stats = json::parse(text, nullptr, false);
  if (!stats.is_object() || !stats.contains("total_size") ||
      !stats["total_size"].is_number_unsigned()) {
    Error error = bad_input("not the output of restic stats --json");
    error.where.file = options.name;
    return error;
  }
  history.stored_bytes = stats["total_size"].get<std::uint64_t>();
  return kOk;
}

Result<History> import_borg(std::string_view text, const ImportOptions& options) {
  History history{"borg"};
  std::vector<std::string> archive_ids;
  const auto read = [&](const Element& element) {
    return read_borg(element, options, history, archive_ids);
  };
  BACKCAST_TRY(const json rest, for_each_element(text, "archives", options, read));
  make_names_unique(history, archive_ids);
  const json::json_pointer stored("/cache/stats/unique_csize");
  if (rest.contains(stored) && rest[stored].is_number_unsigned()) {
    history.stored_bytes = rest[stored].get<std::uint64_t>();
  }
  return history;
}

Result<History> import_kopia(std::string_view text, const ImportOptions& options) {
  History history{"kopia"};
  BACKCAST_TRY(const json rest, for_each_element(text, "", options, [&](const Element& element) {
                 return read_kopia(element, options, history);
               }));
  return history;
}

}  // namespace backcast::policy
