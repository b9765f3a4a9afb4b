#include "engine/service/labels.h"

#include <nlohmann/json.hpp>

#include "engine/service/contents.h"

namespace backcast::service {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;

json count_of(Instant t) {
  return t.time_since_epoch().count();
}
json count_of(const std::optional<Instant>& t) {
  return t ? count_of(*t) : json();
}
Instant instant_in(const json& value) {
  return Instant(Duration(value.get<std::int64_t>()));
}
std::optional<Instant> instant_if(const json& value) {
  return value.is_null() ? std::nullopt : std::optional(instant_in(value));
}

json json_of(const control::Project& p) {
  return {{"id", p.id},
          {"rules", p.rules},
          {"plan", p.plan},
          {"quota_bytes", p.quota_bytes ? json(*p.quota_bytes) : json()},
          {"quota_mode", p.quota_mode},
          {"quota_ceiling_bytes", p.quota_ceiling_bytes},
          {"grace", p.grace.count()},
          {"regions", p.regions}};
}

control::Project project_in(const json& value) {
  control::Project p;
  p.id = value.at("id");
  p.rules = value.at("rules");
  p.plan = value.at("plan");
  if (!value.at("quota_bytes").is_null()) p.quota_bytes = value["quota_bytes"].get<std::uint64_t>();
  p.quota_mode = value.at("quota_mode");
  p.quota_ceiling_bytes = value.at("quota_ceiling_bytes");
  p.grace = Duration(value.at("grace").get<std::int64_t>());
  p.regions = value.at("regions").get<std::vector<std::string>>();
  return p;
}

json json_of(const control::Cluster& c) {
  return {{"id", c.id},
          {"name", c.name},
          {"cloud", c.cloud},
          {"region", c.region},
          {"kind", c.kind},
          {"version", c.version},
          {"key", c.key},
          {"cu", c.cu},
          {"cpu", c.cpu},
          {"memory_gib", c.memory_gib},
          {"nodes", c.nodes},
          {"source", c.source},
          {"zone", c.zone},
          {"retention", c.retention},
          {"overlap", c.overlap},
          {"retries", c.retries},
          {"retry_after", c.retry_after.count()},
          {"tags", c.tags},
          {"created", count_of(c.created)},
          {"deleted", count_of(c.deleted)}};
}

control::Cluster cluster_in(const json& value) {
  control::Cluster c;
  c.id = value.at("id");
  c.name = value.at("name");
  c.cloud = value.at("cloud");
  c.region = value.at("region");
  c.kind = value.at("kind");
  c.version = value.at("version");
  c.key = value.at("key");
  c.cu = value.at("cu");
  c.cpu = value.at("cpu");
  c.memory_gib = value.at("memory_gib");
  c.nodes = value.at("nodes");
  c.source = value.at("source");
  c.zone = value.at("zone");
  c.retention = value.at("retention");
  c.overlap = value.at("overlap");
  c.retries = value.at("retries");
  c.retry_after = Duration(value.at("retry_after").get<std::int64_t>());
  c.tags = value.at("tags").get<std::vector<std::string>>();
  c.created = instant_in(value.at("created"));
  c.deleted = instant_if(value.at("deleted"));
  return c;
}

// What the catalogue knows of the contents beyond what the snapshot itself says.
json beyond_snapshot(const std::string& text) {
  json contents = json::parse(text, nullptr, false);
  if (!contents.is_object()) return json::object();
  for (const char* long_list : {"databases", "users", "roles"}) contents.erase(long_list);
  return contents;
}

json json_of(const control::Backup& b) {
  return {{"id", b.id},
          {"region", b.region},
          {"original", b.original},
          {"kind", b.kind},
          {"schedule", b.schedule},
          {"name", b.name},
          {"tags", b.tags},
          {"of_manual", b.of_manual},
          {"protected", b.is_protected},
          {"born", count_of(b.born)},
          {"available", count_of(b.available)},
          {"expires", count_of(b.expires)},
          {"size_bytes", b.size_bytes},
          {"added_bytes", b.added_bytes},
          {"reason", b.reason},
          {"contents", beyond_snapshot(b.contents)}};
}

control::Backup backup_in(const json& value) {
  control::Backup b;
  b.id = value.at("id");
  b.region = value.at("region");
  b.original = value.at("original");
  b.kind = value.at("kind");
  b.schedule = value.at("schedule");
  b.name = value.at("name");
  b.tags = value.at("tags").get<std::vector<std::string>>();
  b.of_manual = value.at("of_manual");
  b.is_protected = value.at("protected");
  b.born = instant_in(value.at("born"));
  b.available = instant_if(value.at("available"));
  b.expires = instant_if(value.at("expires"));
  b.size_bytes = value.at("size_bytes");
  b.added_bytes = value.at("added_bytes");
  b.reason = value.at("reason");
  b.contents = value.at("contents").dump();
  return b;
}

}  // namespace

std::string label_of(const control::Kept& kept) {
  return json{{"version", kVersion},
              {"row", kept.row},
              {"cluster_row", kept.cluster_row},
              {"changes", kept.changes},
              {"label", kept.label},
              {"project", json_of(kept.project)},
              {"cluster", json_of(kept.cluster)},
              {"backup", json_of(kept.backup)},
              {"birth",
               {{"policy", kept.birth_policy},
                {"place", kept.birth_place},
                {"of_copy", kept.birth_of_copy}}}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<control::Kept> read_label(const std::string& text) {
  try {
    const json value = json::parse(text);
    if (value.at("version") != kVersion) return bad_input("it is of another version");
    control::Kept kept;
    kept.row = value.at("row");
    kept.cluster_row = value.at("cluster_row");
    kept.changes = value.value("changes", std::int64_t{0});  // labels of before do not say
    kept.label = value.at("label");
    kept.project = project_in(value.at("project"));
    kept.cluster = cluster_in(value.at("cluster"));
    kept.backup = backup_in(value.at("backup"));
    const json& birth = value.at("birth");
    kept.birth_policy = birth.at("policy");
    kept.birth_place = birth.at("place");
    kept.birth_of_copy = birth.at("of_copy");
    kept.cluster.project = kept.backup.project = kept.project.id;
    kept.backup.cluster = kept.cluster.id;
    return kept;
  } catch (const json::exception& e) {
    return bad_input(std::string("it cannot be read: ") + e.what());
  }
}

}  // namespace backcast::service
