// What a repository asks of everybody who saves into it and forgets in it: the policy its snapshots
// are born under and judged by, and its quota. Sealed like every object, so that nobody without the
// writer key makes one; whoever may delete files may delete it, and forget then asks for a policy.
#pragma once

#include <optional>
#include <string>

#include "engine/policy/service/quota.h"
#include "engine/store/repository/damage.h"
#include "engine/store/repository/repository.h"

namespace backcast::store {

struct RepositoryRules {
  std::uint64_t version = 0;  // of all there are the highest holds
  Instant set{};
  std::string retention;  // in its tool's own words; "" = none
  std::string zone = "UTC";
  std::optional<policy::Quota> quota;  // of its packs; kHard or kBill
};

// As they are asked: read once, then only looked at.
struct RulesInForce {
  RepositoryRules rules;
  std::optional<policy::RetentionPolicy> retention;
  policy::Zone zone{};
};

std::string encode_rules(const RepositoryRules& rules);
Result<RepositoryRules> decode_rules(const Id& id, ByteView bytes);

// Nothing where nobody set any. Errors: kCorrupt for a damaged object; kBadInput for words that
// this program does not know.
Result<std::optional<RulesInForce>> load_rules(Repository& repository);
// The same for whoever saves: damage in there is no reason to have no backup. Nothing then, and
// what to tell of it.
Result<std::optional<RulesInForce>> load_rules_to_save(Repository& repository,
                                                       std::optional<Damage>& damaged);
// Puts them in force in place of those there are. Gives them their version and time. Errors:
// kBadInput for a policy or a quota that no repository can obey, an unknown zone.
Status set_rules(Repository& repository, RepositoryRules rules);

// What the packs listed in an index take in the store: what the quota counts.
std::uint64_t held_bytes(const Index& index);
// Errors: kFailed with the quota's own words if so much may not be held.
Status check_quota(const std::optional<RulesInForce>& rules, std::uint64_t held_bytes);

}  // namespace backcast::store
