#include "engine/api/snapshots/snapshots.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr const char* kDatabase = "default";
constexpr std::uint64_t kPage = 1000;
constexpr int kMostInASecond = 1000;

json parsed(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  return value.is_object() ? value : json::object();
}

json list_in(const json& of, const char* field) {
  const auto found = of.find(field);
  return found == of.end() || !found->is_array() ? json::array() : *found;
}

// As the contents of a backup name it.
json chosen_of(const Part& part) {
  json chosen{{"database", kDatabase}, {"name", part.collection}};
  if (part.shard) chosen["shard"] = *part.shard;
  return json::array({std::move(chosen)});
}

// Other backups are none: their downloads have no checksum.
bool is_snapshot_of(const control::Backup& backup, const Part& part) {
  const json contents = parsed(backup.contents);
  if (!contents.contains("snapshot")) return false;
  if (part.collection.empty()) return !contents.contains("chosen");
  return contents.contains("chosen") && contents["chosen"] == chosen_of(part);
}

Failure no_collection(const std::string& name) {
  return {404, fmt::format("Not found: Collection `{}` doesn't exist!", name)};
}

// The server numbers its peers; a cluster of ours is one, which keeps its number.
std::uint64_t peer_of(const control::Cluster& cluster) {
  constexpr int kDigits = 13, kHexadecimal = 16;
  return std::stoull(sha256_hex(cluster.id).substr(0, kDigits), nullptr, kHexadecimal);
}

// "2026-01-31-06-00-00"
std::string stamp(Instant when) {
  std::string text = format_instant(when).substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', '-');
  std::replace(text.begin(), text.end(), ':', '-');
  return text;
}

std::string name_at(const control::Cluster& cluster, const Part& part, Instant when) {
  if (part.collection.empty()) return fmt::format("full-snapshot-{}.snapshot", stamp(when));
  if (part.shard) {
    return fmt::format("{}-shard-{}-{}.snapshot", part.collection, *part.shard, stamp(when));
  }
  return fmt::format("{}-{}-{}.snapshot", part.collection, peer_of(cluster), stamp(when));
}

// Of those that others give, the ones that look like ours.
bool is_name(const std::string& text) {
  constexpr std::size_t kMostBytes = 200;
  return text.size() <= kMostBytes && text.ends_with(".snapshot") && !text.starts_with('.') &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
         });
}

}  // namespace

json description_of(const control::Backup& snapshot) {
  const json contents = parsed(snapshot.contents);
  const json measured = contents.value("snapshot", json());
  json described{{"name", snapshot.name},
                 {"creation_time", format_instant(snapshot.born).substr(0, 19)},
                 {"size", snapshot.size_bytes}};
  if (measured.is_object()) {
    described["size"] = measured.value("bytes", snapshot.size_bytes);
    described["checksum"] = measured.value("sha256", "");
  }
  return described;
}

// Set back to what it was, a cluster serves nobody meanwhile.
Result<control::Cluster, Failure> Snapshots::cluster_of(const Call& call) {
  BACKCAST_TRY(control::Cluster cluster, meant_by(call));
  if (cluster.state != "RESTORING") return cluster;
  return Failure{503, "Service unavailable: the cluster is being restored"};
}

Result<control::Cluster, Failure> Snapshots::meant_by(const Call& call) {
  const Failure none{404, "no cluster of this token has collections",
                     "create one, or send the api key of another"};
  if (!call.caller.cluster.empty()) {
    auto bound = backend_.control.cluster(call.caller.cluster);
    if (!bound.ok()) return failure_of(bound.error());
    if (bound->deleted) return Failure{404, "the cluster of this token is deleted"};
    if (!backend_.data.has_collections(*bound)) return none;
    return std::move(*bound);
  }
  BACKCAST_TRY(auto clusters, clusters_of(backend_, call));
  std::erase_if(clusters, [&](const Owned& owned) {
    return owned.cluster.deleted || !backend_.data.has_collections(owned.cluster);
  });
  if (clusters.empty()) return none;
  if (clusters.size() == 1) return std::move(clusters.front().cluster);
  return Failure{400, fmt::format("this token reaches {} clusters", clusters.size()),
                 "make one for the cluster that is meant: backcast token create NAME --role manage "
                 "--cluster CLUSTER"};
}

Allowed Snapshots::check_there(const control::Cluster& cluster, const Part& part) {
  if (part.collection.empty()) return kOk;
  BACKCAST_TRY(const std::string text, told(backend_.data.describe(cluster)));
  for (const json& database : list_in(parsed(text), "databases")) {
    if (database.value("name", "") != kDatabase) continue;
    for (const json& one : list_in(database, "collections")) {
      if (one.value("name", "") != part.collection) continue;
      const json shards = list_in(one, "shard_ids");
      if (!part.shard) return kOk;
      if (!one.contains("shard_ids")) {
        return Failure{400, "the shards of this cluster are not kept apart",
                       "take the whole collection"};
      }
      if (std::find(shards.begin(), shards.end(), json(*part.shard)) != shards.end()) return kOk;
      return Failure{404, fmt::format("Not found: Shard {} of `{}` doesn't exist!", *part.shard,
                                      part.collection)};
    }
  }
  return no_collection(part.collection);
}

Result<std::vector<control::Backup>, Failure> Snapshots::list(const control::Cluster& cluster,
                                                              const Part& part) {
  control::BackupFilter filter;
  filter.cluster = cluster.id;
  filter.kind = "manual";
  filter.state = "AVAILABLE";
  filter.limit = kPage;
  std::vector<control::Backup> found;
  for (;; filter.offset += kPage) {
    BACKCAST_TRY(control::Backups page, told(backend_.control.backups(filter)));
    for (control::Backup& backup : page.page) {
      if (is_snapshot_of(backup, part)) found.push_back(std::move(backup));
    }
    if (filter.offset + kPage >= page.count) break;
  }
  // Snapshots outlive what they are of, even a cluster that cannot be read any more.
  if (found.empty()) BACKCAST_CHECK(check_there(cluster, part));
  return found;
}

Result<control::Backup, Failure> Snapshots::find(const control::Cluster& cluster, const Part& part,
                                                 const std::string& name) {
  control::BackupFilter filter;
  filter.cluster = cluster.id;
  filter.kind = "manual";
  filter.state = "AVAILABLE";
  filter.name = name;
  BACKCAST_TRY(control::Backups named, told(backend_.control.backups(filter)));
  for (control::Backup& backup : named.page) {
    if (!name.empty() && is_snapshot_of(backup, part)) return std::move(backup);
  }
  return Failure{404, fmt::format("Not found: Snapshot `{}` doesn't exist!", name)};
}

Result<std::string, Failure> Snapshots::free_name(const control::Cluster& cluster, const Part& part,
                                                  const std::string& wish) {
  control::BackupFilter filter;
  filter.cluster = cluster.id;
  filter.limit = 1;
  if (is_name(wish)) {
    filter.name = wish;
    BACKCAST_TRY(const control::Backups taken, told(backend_.control.backups(filter)));
    if (taken.count == 0) return wish;
  }
  // Of several in one second, the next ones are called after the seconds that follow.
  Instant when = backend_.now();
  for (int i = 0; i < kMostInASecond; ++i, when += kSecond) {
    filter.name = name_at(cluster, part, when);
    BACKCAST_TRY(const control::Backups taken, told(backend_.control.backups(filter)));
    if (taken.count == 0) return filter.name;
  }
  return Failure{429, "too many snapshots at once"};
}

Result<control::Started, Failure> Snapshots::begin(const control::Caller& caller,
                                                   control::ManualBackup backup) {
  BACKCAST_TRY(control::Started started, told(backend_.control.create_backup(caller, backup)));
  if (!started.job.empty()) return started;
  BACKCAST_TRY(const control::Backup refused, told(backend_.control.backup(started.backup)));
  return Failure{409, "no snapshot can be made now: " + refused.reason};
}

Result<control::Started, Failure> Snapshots::make(const control::Caller& caller,
                                                  const control::Cluster& cluster,
                                                  const Part& part) {
  const std::lock_guard lock(naming_);
  control::ManualBackup asked;
  asked.cluster = cluster.id;
  BACKCAST_TRY(asked.name, free_name(cluster, part, ""));
  json contents{{"snapshot", true}};
  if (!part.collection.empty()) contents["chosen"] = chosen_of(part);
  asked.contents = contents.dump();
  return begin(caller, std::move(asked));
}

Result<control::Started, Failure> Snapshots::take(const control::Caller& caller,
                                                  const control::Cluster& cluster, const Part& part,
                                                  const std::string& taken_in,
                                                  const std::string& wish) {
  const std::lock_guard lock(naming_);
  control::ManualBackup asked;
  asked.cluster = cluster.id;
  BACKCAST_TRY(asked.name, free_name(cluster, part, wish));
  asked.contents =
      json{{"snapshot", true}, {"chosen", chosen_of(part)}, {"adopt", taken_in}}.dump();
  return begin(caller, std::move(asked));
}

}  // namespace backcast::api
