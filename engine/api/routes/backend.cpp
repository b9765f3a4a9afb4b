#include "engine/api/routes/backend.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <future>
#include <nlohmann/json.hpp>

#include "engine/control/catalogue/tokens.h"
#include "engine/policy/retention/retention.h"

namespace backcast::api {
namespace {

std::atomic<std::uint64_t> next_file{0};

// As the catalogue keeps them.
Token token_from(const control::Token& row) {
  Token token;
  token.name = row.name;
  token.hash = row.hash;
  token.projects = row.projects;
  token.cluster = row.cluster;
  token.created = row.created;
  token.revoked = row.revoked;
  if (row.role == "manage" || row.role == "view") {
    token.role = policy::CallerRole::kCustomWithBackup;
    token.manages = row.role == "manage";
  } else {
    token.role = policy::parse_caller_role(row.role).value_or(policy::CallerRole::kOther);
  }
  return token;
}

bool is_about(const control::Project& project, std::string_view rules) {
  return rules.empty() || project.rules == rules;
}

// In a header only what says nothing there.
std::string plain(std::string name) {
  for (char& c : name) {
    const bool fine = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-';
    if (!fine) c = '_';
  }
  return name;
}

}  // namespace

TokenStore store_of(control::Tokens& tokens) {
  return {[&tokens](const std::string& hash) -> Result<std::optional<Token>> {
            BACKCAST_TRY(const auto row, tokens.find(hash));
            if (!row) return std::optional<Token>();
            return std::optional(token_from(*row));
          },
          [&tokens](const Token& token) -> Status {
            return tokens.add({token.name, token.hash, std::string(role_word(token)),
                               token.projects, token.cluster, token.created, token.revoked});
          },
          [&tokens](const std::string& name, Instant when) { return tokens.revoke(name, when); },
          [&tokens]() -> Result<std::vector<Token>> {
            BACKCAST_TRY(const auto rows, tokens.list());
            std::vector<Token> listed;
            for (const control::Token& row : rows) listed.push_back(token_from(row));
            return listed;
          }};
}

control::Caller caller_of(const Call& call) {
  return {call.caller.name};
}

Result<control::Project, Failure> project_of(Backend& backend, const Call& call,
                                             const std::string& id, const Scope& scope) {
  BACKCAST_TRY(const auto projects, told(backend.control.projects()));
  const auto found =
      std::find_if(projects.begin(), projects.end(), [&](const auto& p) { return p.id == id; });
  if (found == projects.end() || !is_about(*found, scope.rules)) return scope.missing;
  if (!reaches(call.caller, id)) return scope.beyond;
  return *found;
}

Result<Owned, Failure> cluster_of(Backend& backend, const Call& call, const std::string& id,
                                  const Scope& scope) {
  auto cluster = backend.control.cluster(id);
  if (!cluster.ok()) {
    return cluster.error().code == Errc::kNotFound ? scope.missing : failure_of(cluster.error());
  }
  BACKCAST_TRY(control::Project project, project_of(backend, call, cluster->project, scope));
  const policy::ServiceRules* rules = policy::service_rules(project.rules);
  return Owned{std::move(*cluster), std::move(project), rules};
}

Result<OwnedBackup, Failure> backup_of(Backend& backend, const Call& call, const std::string& id,
                                       const Scope& scope) {
  auto backup = backend.control.backup(id);
  if (!backup.ok()) {
    return backup.error().code == Errc::kNotFound ? scope.missing : failure_of(backup.error());
  }
  BACKCAST_TRY(Owned owner, cluster_of(backend, call, backup->cluster, scope));
  return OwnedBackup{std::move(*backup), std::move(owner)};
}

Result<std::vector<Owned>, Failure> clusters_of(Backend& backend, const Call& call,
                                                std::string_view rules) {
  BACKCAST_TRY(const auto projects, told(backend.control.projects()));
  BACKCAST_TRY(auto clusters, told(backend.control.clusters()));
  std::vector<Owned> reached;
  for (control::Cluster& cluster : clusters) {
    const auto project = std::find_if(projects.begin(), projects.end(),
                                      [&](const auto& p) { return p.id == cluster.project; });
    if (project == projects.end() || !is_about(*project, rules)) continue;
    if (!reaches(call.caller, project->id)) continue;
    reached.push_back({std::move(cluster), *project, policy::service_rules(project->rules)});
  }
  return reached;
}

Result<control::Backups, Failure> backups_of(Backend& backend, const Call& call,
                                             control::BackupFilter filter, std::string_view rules) {
  const bool everything = call.caller.projects.empty() && rules.empty();
  if (everything || !filter.cluster.empty() || !filter.project.empty()) {
    return told(backend.control.backups(filter));
  }
  BACKCAST_TRY(const auto projects, told(backend.control.projects()));
  control::BackupFilter part = filter;
  part.offset = 0;
  part.limit = filter.offset + filter.limit;
  control::Backups all;
  for (const control::Project& project : projects) {
    if (!reaches(call.caller, project.id) || !is_about(project, rules)) continue;
    part.project = project.id;
    BACKCAST_TRY(control::Backups found, told(backend.control.backups(part)));
    all.count += found.count;
    all.page.insert(all.page.end(), std::make_move_iterator(found.page.begin()),
                    std::make_move_iterator(found.page.end()));
  }
  std::stable_sort(all.page.begin(), all.page.end(),
                   [](const auto& a, const auto& b) { return a.born > b.born; });
  const auto size = static_cast<std::uint64_t>(all.page.size());
  all.page.erase(all.page.begin(),
                 all.page.begin() + static_cast<std::ptrdiff_t>(std::min(filter.offset, size)));
  if (all.page.size() > filter.limit) all.page.resize(filter.limit);
  return all;
}

Response download_of(Backend& backend, const Call& call, const control::Backup& backup,
                     bool encrypted, const std::string& file_name) {
  const std::string file = backend.scratch_folder + "/download-" + std::to_string(::getpid()) +
                           "-" + std::to_string(next_file++);
  auto written = std::make_shared<std::future<Status>>(std::async(
      std::launch::async,
      [&backend, backup, encrypted, file] { return backend.write_file(backup, encrypted, file); }));
  Response response;
  response.later = [written, file, file_name,
                    &dialect = dialect_of(call.request.target)]() -> std::optional<Response> {
    if (written->wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      return std::nullopt;
    }
    const Status done = written->get();
    Response answer;
    if (!done.ok()) {
      ::unlink(file.c_str());
      return dialect.refuse(failure_of(done.error()));
    }
    answer.file = file;
    answer.removes_file = true;
    answer.headers = {{"content-type", "application/octet-stream"},
                      {"content-disposition", "attachment; filename=\"" + plain(file_name) + "\""}};
    return answer;
  };
  return response;
}

Result<std::optional<std::uint64_t>, Failure> count_in(const Call& call, std::string_view name) {
  const auto text = call.query(name);
  if (!text) return std::optional<std::uint64_t>();
  std::uint64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size()) {
    return Failure{400, "\"" + std::string(name) + "\" must be a whole number"};
  }
  return std::optional(number);
}

Result<std::optional<Instant>, Failure> instant_in(const Call& call, std::string_view name) {
  const auto text = call.query(name);
  if (!text) return std::optional<Instant>();
  BACKCAST_TRY(const StampedInstant stamped, told(parse_instant(*text)));
  return std::optional(stamped.instant);
}

Result<bool, Failure> flag_in(const Call& call, std::string_view name) {
  const auto text = call.query(name);
  if (!text || *text == "false" || *text == "0") return false;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  return Failure{400, "\"" + std::string(name) + "\" must be true or false"};
}

Result<std::string> retention_text(const policy::ServiceRules& rules, std::int64_t days) {
  BACKCAST_CHECK(policy::retention_of_days(rules, days));
  return std::string(rules.retention.days_words) + std::to_string(days) +
         std::string(rules.retention.days_unit);
}

}  // namespace backcast::api
