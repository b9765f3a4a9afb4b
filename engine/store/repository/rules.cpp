#include "engine/store/repository/rules.h"

#include <algorithm>

namespace backcast::store {
namespace {

constexpr std::uint64_t kMaxTextBytes = 64 << 10;

Result<RulesInForce> in_force(RepositoryRules rules) {
  RulesInForce out{std::move(rules), {}, {}};
  BACKCAST_TRY(out.zone, policy::Zone::find(out.rules.zone));
  if (out.rules.retention.empty()) return out;
  BACKCAST_TRY(out.retention, policy::parse_policy(out.rules.retention));
  return out;
}

// A folder that repositories of earlier versions lack.
Result<std::vector<Id>> list_rules(Repository& repository) {
  auto ids = repository.objects().list(ObjectType::kRules);
  if (!ids.ok() && ids.error().code == Errc::kNotFound) return std::vector<Id>();
  return ids;
}

// Of two with one version, set at the same time, every reader takes the same.
Result<std::optional<RepositoryRules>> newest_rules(Repository& repository) {
  BACKCAST_TRY(const auto ids, list_rules(repository));
  std::optional<RepositoryRules> newest;
  Id newest_id;
  for (const Id& id : ids) {
    const auto plain = repository.objects().load(ObjectType::kRules, id);
    if (!plain.ok() && plain.error().code == Errc::kNotFound) continue;  // replaced since
    if (!plain.ok()) return plain.error();
    BACKCAST_TRY(RepositoryRules rules, decode_rules(id, as_bytes(*plain)));
    if (newest && std::tie(rules.version, id) < std::tie(newest->version, newest_id)) continue;
    newest = std::move(rules);
    newest_id = id;
  }
  return newest;
}

// Whether all that the policy fixes at birth has a place in a snapshot.
Status can_obey(const policy::RetentionPolicy& policy, const policy::PlanContext& context) {
  constexpr const char* kHint = "give it to forget --policy instead";
  // Right after a run nothing is due where a policy also says when snapshots are made.
  if (!policy::tags_at_birth(policy, {}, context.now, context.now, context.zone)) {
    return bad_input("this policy also says when snapshots are made: backup cannot obey it", kHint);
  }
  if (policy::birth_looks_back(policy)) {
    return bad_input("this policy gives flags to full backups: snapshots have none", kHint);
  }
  policy::Point newborn;
  newborn.time = newborn.end = context.now;
  if (policy::birth(policy, newborn, {}, context).cold) {
    return bad_input("this policy moves to cold storage: a repository has one kind of storage",
                     kHint);
  }
  return kOk;
}

}  // namespace

std::string encode_rules(const RepositoryRules& rules) {
  std::string out;
  WireWriter writer(out);
  writer.varint(rules.version);
  writer.zigzag(rules.set.time_since_epoch().count());
  writer.bytes(rules.retention);
  writer.bytes(rules.zone);
  writer.u8(rules.quota ? 1 : 0);
  if (rules.quota) {
    writer.varint(rules.quota->limit_bytes);
    writer.u8(rules.quota->mode == policy::QuotaMode::kBill ? 1 : 0);
    writer.varint(rules.quota->ceiling_bytes);
  }
  return out;
}

Result<RepositoryRules> decode_rules(const Id& id, ByteView bytes) {
  WireReader in(bytes);
  RepositoryRules rules;
  rules.version = in.varint();
  rules.set = Instant(Duration(in.zigzag()));
  rules.retention = in.bytes(kMaxTextBytes);
  rules.zone = in.bytes(kMaxTextBytes);
  const std::uint8_t has_quota = in.u8();
  if (has_quota == 1) {
    rules.quota.emplace();
    rules.quota->limit_bytes = in.varint();
    const std::uint8_t bills = in.u8();
    if (bills > 1) in.fail();
    rules.quota->mode = bills == 1 ? policy::QuotaMode::kBill : policy::QuotaMode::kHard;
    rules.quota->ceiling_bytes = in.varint();
  }
  if (has_quota > 1 || !in.ok() || !in.at_end()) {
    return Error{Errc::kCorrupt, name_of(ObjectType::kRules, id) + ": damaged", {}, {}};
  }
  return rules;
}

Result<std::optional<RulesInForce>> load_rules(Repository& repository) {
  auto newest = newest_rules(repository);
  if (!newest.ok()) {
    Error error = newest.error();
    if (error.code == Errc::kCorrupt) {
      error.hint = "backcast repair sets it aside; then set the policy again";
    }
    return error;
  }
  if (!*newest) return std::optional<RulesInForce>();
  auto rules = in_force(**std::move(newest));
  if (rules.ok()) return std::optional(*std::move(rules));
  return bad_input("the repository's policy: " + rules.error().message,
                   "use the version of backcast that set it, or set it again: backcast policy");
}

Result<std::optional<RulesInForce>> load_rules_to_save(Repository& repository,
                                                       std::optional<Damage>& damaged) {
  auto rules = load_rules(repository);
  if (rules.ok() || rules.error().code != Errc::kCorrupt) return rules;
  damaged = Damage{"rules", to_string(rules.error()) +
                                ". What is saved has neither tags nor expiry of the repository's "
                                "policy, and its quota was not asked"};
  return std::optional<RulesInForce>();
}

Status set_rules(Repository& repository, RepositoryRules rules) {
  BACKCAST_TRY(const auto checked, in_force(rules));
  const Instant now = repository.env().now();
  if (checked.retention) BACKCAST_CHECK(can_obey(*checked.retention, {now, checked.zone}));
  if (rules.quota && rules.quota->mode == policy::QuotaMode::kKeep) {
    return bad_input(
        "a repository cannot obey a quota that keeps what is protected: its snapshots "
        "share chunks, so that the size of one is not what deleting it frees",
        "choose hard or bill");
  }
  const auto before = newest_rules(repository);
  BACKCAST_TRY(const auto old, list_rules(repository));
  if (!before.ok()) return before.error();
  rules.version = *before ? (*before)->version + 1 : 1;
  rules.set = now;
  BACKCAST_CHECK(
      repository.objects().publish(ObjectType::kRules, random_id(), as_bytes(encode_rules(rules))));
  for (const Id& id : old) {
    auto removed = repository.objects().remove(ObjectType::kRules, id);
    if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
  }
  return kOk;
}

std::uint64_t held_bytes(const Index& index) {
  std::uint64_t bytes = 0;
  for (const PackInfo& pack : index.packs()) bytes += pack.size_bytes;
  return bytes;
}

Status check_quota(const std::optional<RulesInForce>& rules, std::uint64_t held_bytes) {
  if (!rules || !rules->rules.quota) return kOk;
  const policy::QuotaVerdict verdict = policy::check_quota(*rules->rules.quota, held_bytes);
  if (verdict.stored) return kOk;
  return failed("the repository's quota: " + policy::explain(verdict),
                "backcast forget and prune make room; backcast policy changes the quota");
}

}  // namespace backcast::store
