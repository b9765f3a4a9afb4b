#include "engine/api/routes/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/base/json_number.h"

namespace backcast::api {
namespace {

using nlohmann::json;

json moment(const std::optional<Instant>& when) {
  return when ? json(format_instant(*when)) : json(nullptr);
}
std::int64_t seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

// Takes fields over, and complains of the first that cannot be.
class Reader {
 public:
  explicit Reader(const json& value) : value_(value) {}

  void text(const char* name, std::string& into) {
    if (const json* found = take(name)) into = found->get<std::string>();
  }
  void words(const char* name, std::vector<std::string>& into) {
    if (const json* found = take(name)) into = found->get<std::vector<std::string>>();
  }
  void flag(const char* name, bool& into) {
    if (const json* found = take(name)) into = found->get<bool>();
  }
  template <typename Number>
  void number(const char* name, Number& into) {
    const json* found = take(name);
    if (found == nullptr) return;
    const auto count = count_number(*found, std::numeric_limits<Number>::max());
    count ? void(into = static_cast<Number>(*count))
          : fail(fmt::format("\"{}\" must be a whole number that is not negative", name));
  }
  void bytes_if(const char* name, std::optional<std::uint64_t>& into) {
    if (value_.contains(name) && value_.at(name).is_null()) into.reset();
    std::uint64_t bytes = 0;
    if (value_.contains(name) && !value_.at(name).is_null()) {
      number(name, bytes);
      into = bytes;
    }
    known_.push_back(name);
  }
  void seconds(const char* name, Duration& into) {
    std::uint32_t count = static_cast<std::uint32_t>(seconds_of(into));
    number(name, count);
    into = std::chrono::seconds(count);
  }
  void instant(const char* name, std::optional<Instant>& into) {
    if (value_.contains(name) && value_.at(name).is_null()) into.reset();
    if (const json* found = take(name)) {
      auto read = parse_instant(found->get<std::string>());
      read.ok() ? void(into = read->instant) : fail(read.error().message);
    }
  }
  const json* take(const char* name) {
    known_.push_back(name);
    const auto found = value_.find(name);
    return found == value_.end() || found->is_null() ? nullptr : &*found;
  }
  // What a caller may send back as it was answered, without effect.
  void skip(std::initializer_list<const char*> names) {
    known_.insert(known_.end(), names.begin(), names.end());
  }
  Status done() {
    for (const auto& [name, unused] : value_.items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        fail(fmt::format("there is no field \"{}\"", name));
      }
    }
    if (fault_.empty()) return kOk;
    return bad_input(fault_);
  }

 private:
  void fail(std::string message) {
    if (fault_.empty()) fault_ = std::move(message);
  }
  const json& value_;
  std::vector<std::string> known_;
  std::string fault_;
};

json json_of(const std::vector<control::Copy>& copies) {
  json listed = json::array();
  for (const control::Copy& copy : copies) {
    listed.push_back({{"region", copy.region}, {"retention", copy.retention}});
  }
  return listed;
}

}  // namespace

json json_of(const control::Project& p) {
  return {{"id", p.id},
          {"rules", p.rules},
          {"plan", p.plan},
          {"quota_bytes", p.quota_bytes ? json(*p.quota_bytes) : json(nullptr)},
          {"quota_mode", p.quota_mode},
          {"quota_ceiling_bytes",
           p.quota_ceiling_bytes == UINT64_MAX ? json(nullptr) : json(p.quota_ceiling_bytes)},
          {"grace_seconds", seconds_of(p.grace)},
          {"regions", p.regions},
          {"deleted", moment(p.deleted)},
          {"key_destroyed", moment(p.key_destroyed)}};
}

Status read_into(control::Project& p, const json& value) {
  Reader reader(value);
  reader.text("rules", p.rules);
  reader.text("plan", p.plan);
  reader.bytes_if("quota_bytes", p.quota_bytes);
  reader.text("quota_mode", p.quota_mode);
  if (value.contains("quota_ceiling_bytes")) {
    std::optional<std::uint64_t> ceiling;
    reader.bytes_if("quota_ceiling_bytes", ceiling);
    p.quota_ceiling_bytes = ceiling.value_or(UINT64_MAX);
  }
  reader.seconds("grace_seconds", p.grace);
  reader.words("regions", p.regions);
  reader.skip({"id", "deleted", "key_destroyed"});
  return reader.done();
}

std::vector<Field> project_fields() {
  return {
      {"id", "string", "As you call it", false},
      {"rules", "string", "Whose rules hold", false, {}, {"zilliz", "qdrant", "zerops", "plain"}},
      {"plan", "string", "As the vendor calls it"},
      {"quota_bytes", "integer", "null: no limit", false, {}, {}, true},
      {"quota_mode", "string", "What happens beyond", false, {}, {"keep", "hard", "bill"}},
      {"quota_ceiling_bytes",
       "integer",
       "Where billing ends and refusing begins; null: nowhere",
       false,
       {},
       {},
       true},
      {"grace_seconds", "integer", "How long backups of what is deleted stay"},
      {"regions", "array", "That it may use; none: any"},
      {"deleted", "string", "RFC 3339", false, {}, {}, true},
      {"key_destroyed", "string", "RFC 3339", false, {}, {}, true}};
}

json json_of(const control::Cluster& c) {
  const json source = c.source.empty() ? json(nullptr) : json::parse(c.source, nullptr, false);
  return {{"id", c.id},
          {"name", c.name},
          {"project", c.project},
          {"cloud", c.cloud},
          {"region", c.region},
          {"kind", c.kind},
          {"version", c.version},
          {"key", c.key},
          {"cu", c.cu},
          {"cpu", c.cpu},
          {"memory_gib", c.memory_gib},
          {"nodes", c.nodes},
          {"source", source.is_discarded() ? json(nullptr) : source},
          {"zone", c.zone},
          {"retention", c.retention},
          {"overlap", c.overlap},
          {"retries", c.retries},
          {"retry_after_seconds", seconds_of(c.retry_after)},
          {"tags", c.tags},
          {"state", c.state},
          {"created", moment(c.created)},
          {"deleted", moment(c.deleted)}};
}

Status read_into(control::Cluster& c, const json& value) {
  Reader reader(value);
  reader.text("id", c.id);
  reader.text("name", c.name);
  reader.text("project", c.project);
  reader.text("cloud", c.cloud);
  reader.text("region", c.region);
  reader.text("kind", c.kind);
  reader.text("version", c.version);
  reader.text("key", c.key);
  reader.number("cu", c.cu);
  reader.number("cpu", c.cpu);
  reader.number("memory_gib", c.memory_gib);
  reader.number("nodes", c.nodes);
  if (const json* source = reader.take("source")) c.source = source->dump();
  reader.text("zone", c.zone);
  reader.text("retention", c.retention);
  reader.text("overlap", c.overlap);
  reader.number("retries", c.retries);
  reader.seconds("retry_after_seconds", c.retry_after);
  reader.words("tags", c.tags);
  reader.skip({"state", "created", "deleted"});
  return reader.done();
}

std::vector<Field> cluster_fields() {
  return {{"id", "string", "Made where it is not given"},
          {"name", "string", "Unique in its project"},
          {"project", "string", "Its id"},
          {"cloud", "string", "Of its region: aws, gcp, azure"},
          {"region", "string", ""},
          {"kind", "string", "Of its data: folder, postgresql, …"},
          {"version", "string", "1.2.3"},
          {"key", "string",
           "That seals its backups, of its region; \"\": that of the project. It stays"},
          {"cu", "integer", "Compute units"},
          {"cpu", "integer", "Cores"},
          {"memory_gib", "integer", ""},
          {"nodes", "integer", ""},
          {"source", "object", "Where its data is, by kind", false, {}, {}, true},
          {"zone", "string", "In which it prunes; \"\": UTC"},
          {"retention", "string", "Over all its backups, as a policy is written"},
          {"overlap", "string", "", false, {}, {"", "beside", "skip", "queue"}},
          {"retries", "integer", ""},
          {"retry_after_seconds", "integer", ""},
          {"tags", "array", "Of every backup its schedules make"},
          {"state", "string", "RUNNING, SUSPENDED, RESTORING, DELETED"},
          {"created", "string", "RFC 3339"},
          {"deleted", "string", "RFC 3339", false, {}, {}, true}};
}

std::vector<control::Copy> copies_in(const json& value) {
  std::vector<control::Copy> copies;
  for (const json& copy : value) {
    copies.push_back({copy.at("region").get<std::string>(), copy.value("retention", "")});
  }
  return copies;
}

Field copies_field() {
  return {"copies",
          "array",
          "In other regions",
          false,
          {{"region", "string", "", true}, {"retention", "string", "\"\": permanent"}}};
}

json json_of(const control::Schedule& s) {
  return {{"id", s.id},
          {"cluster", s.cluster},
          {"name", s.name},
          {"rule", s.rule},
          {"zone", s.zone},
          {"retention", s.retention},
          {"initial", s.initial},
          {"catches_up", s.catches_up},
          {"copies", json_of(s.copies)},
          {"from", moment(s.from)},
          {"until", moment(s.until)},
          {"due", moment(s.due)}};
}

Status read_into(control::Schedule& s, const json& value) {
  Reader reader(value);
  reader.text("name", s.name);
  reader.text("rule", s.rule);
  reader.text("zone", s.zone);
  reader.text("retention", s.retention);
  reader.flag("initial", s.initial);
  reader.flag("catches_up", s.catches_up);
  if (const json* copies = reader.take("copies")) s.copies = copies_in(*copies);
  reader.instant("from", s.from);
  reader.instant("until", s.until);
  reader.skip({"id", "cluster", "due"});
  return reader.done();
}

std::vector<Field> schedule_fields() {
  return {{"id", "string", "Made where it is not given"},
          {"cluster", "string", "Its id"},
          {"name", "string", ""},
          {"rule", "string", "As backcast schedule reads it"},
          {"zone", "string", "\"\": UTC"},
          {"retention", "string", "Of what it makes, as a policy is written; \"\": none"},
          {"initial", "boolean", "One backup at once"},
          {"catches_up", "boolean", "Makes up for missed starts"},
          copies_field(),
          {"from", "string", "RFC 3339", false, {}, {}, true},
          {"until", "string", "RFC 3339", false, {}, {}, true},
          {"due", "string", "The next start", false, {}, {}, true}};
}

json json_of(const control::Backup& b) {
  const json contents =
      b.contents.empty() ? json(nullptr) : json::parse(b.contents, nullptr, false);
  return {{"id", b.id},
          {"cluster", b.cluster},
          {"project", b.project},
          {"region", b.region},
          {"key", b.key},
          {"original", b.original},
          {"kind", b.kind},
          {"schedule", b.schedule},
          {"name", b.name},
          {"tags", b.tags},
          {"protected", b.is_protected},
          {"state", b.state},
          {"born", moment(b.born)},
          {"available", moment(b.available)},
          {"deleted", moment(b.deleted)},
          {"expires", moment(b.expires)},
          {"size_bytes", b.size_bytes},
          {"added_bytes", b.added_bytes},
          {"reason", b.reason},
          {"contents", contents.is_discarded() ? json(nullptr) : contents}};
}

std::vector<Field> backup_fields() {
  return {
      {"id", "string", "", true},
      {"cluster", "string", "Its id", true},
      {"project", "string", "", true},
      {"region", "string", "", true},
      {"key", "string", "Of its cluster, which seals it; \"\": that of the project", true},
      {"original", "string", "Of a copy", true},
      {"kind", "string", "", true, {}, {"automatic", "manual", "copy"}},
      {"schedule", "string", "Its name", true},
      {"name", "string", "", true},
      {"tags", "array", "", true},
      {"protected", "boolean", "Never deleted by a policy", true},
      {"state", "string", "", true, {}, {"CREATING", "AVAILABLE", "DELETED", "FAILED", "REFUSED"}},
      {"born", "string", "RFC 3339", true},
      {"available", "string", "RFC 3339", true, {}, {}, true},
      {"deleted", "string", "RFC 3339", true, {}, {}, true},
      {"expires", "string", "RFC 3339", true, {}, {}, true},
      {"size_bytes", "integer", "", true},
      {"added_bytes", "integer", "By which its store grew", true},
      {"reason", "string", "Why it failed or went", true},
      {"contents", "object", "What it holds", true, {}, {}, true}};
}

json json_of(const control::Job& j) {
  return {{"id", j.id},
          {"type", j.type},
          {"cluster", j.cluster},
          {"backup", j.backup},
          {"state", j.state},
          {"reason", j.reason},
          {"progress", j.progress},
          {"attempt", j.attempt},
          {"started", moment(j.started)},
          {"ended", moment(j.ended)}};
}

std::vector<Field> job_fields() {
  return {{"id", "string", "", true},
          {"type", "string", "", true, {}, {"BACKUP", "COPY", "RESTORE", "EXPORT"}},
          {"cluster", "string", "Its id", true},
          {"backup", "string", "", true},
          {"state",
           "string",
           "",
           true,
           {},
           {"PENDING", "IN_PROGRESS", "SUCCESSFUL", "FAILED", "CANCELED"}},
          {"reason", "string", "Why it failed", true},
          {"progress", "integer", "0 to 100", true},
          {"attempt", "integer", "Counted from 1", true},
          {"started", "string", "RFC 3339", true, {}, {}, true},
          {"ended", "string", "RFC 3339", true, {}, {}, true}};
}

json json_of(const control::Limit& l) {
  return {{"name", l.name},
          {"jobs", l.jobs},
          {"wait_seconds", l.wait_at_most ? json(seconds_of(*l.wait_at_most)) : json(nullptr)},
          {"project", l.project},
          {"region", l.region},
          {"clusters", l.clusters}};
}

Status read_into(control::Limit& l, const json& value) {
  Reader reader(value);
  reader.text("name", l.name);
  reader.number("jobs", l.jobs);
  if (reader.take("wait_seconds") != nullptr) {
    l.wait_at_most = Duration{0};
    reader.seconds("wait_seconds", *l.wait_at_most);
  }
  reader.text("project", l.project);
  reader.text("region", l.region);
  reader.words("clusters", l.clusters);
  return reader.done();
}

std::vector<Field> limit_fields() {
  return {{"name", "string", "", true},
          {"jobs", "integer", "That may run at once among what it covers", true},
          {"wait_seconds", "integer", "Who waits longer misses its start", false, {}, {}, true},
          {"project", "string", "\"\": any"},
          {"region", "string", "\"\": any"},
          {"clusters", "array", "Their ids; none: all"}};
}

json json_of(const control::AppliedScenario& s) {
  return {{"name", s.name},
          {"document", s.document},
          {"projects", s.projects},
          {"applied", moment(s.applied)},
          {"who", s.who}};
}

Status read_into(control::AppliedScenario& s, const json& value) {
  Reader reader(value);
  reader.text("name", s.name);
  reader.text("document", s.document);
  reader.words("projects", s.projects);
  reader.skip({"applied", "who"});
  return reader.done();
}

std::vector<Field> scenario_fields() {
  return {{"name", "string", "", true},
          {"document", "string", "As its user wrote it", true},
          {"projects", "array", "That it speaks of", true},
          {"applied", "string", "RFC 3339: when this document was"},
          {"who", "string", "The token that applied it"}};
}

}  // namespace backcast::api
