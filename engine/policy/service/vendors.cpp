// Who has which rules. Sources: the vendors' documentation and API descriptions, as the profiles
// name them (scenarios/profiles).
#include <algorithm>
#include <array>

#include "engine/policy/service/service_rules.h"

namespace backcast::policy {
namespace {

// By hand never beside an automatic job and never two at once; automatic ones always start, the
// initial backup among them. Automatic backups and scheduled copies go with the cluster at once,
// what was made by hand stays. Copies stay with one cloud, and a restore in the backup's region.
constexpr ServiceRules kZilliz{
    .name = "zilliz",
    .vendor = "Zilliz",
    .admission = {.manual_waits_for_automatic = true, .max_manual = 1, .refusal_code = 96038},
    .tags = {},
    .retention = {.own_words = true,
                  .days_words = "zilliz: --retention-days ",
                  .scheduled_forever = false,
                  .manual_permanent = true},
    .schedule = {.only_windows = true, .is_utc = true},
    .copies = {.anywhere = false, .by_plan = true},
    .deletion = {.automatic_goes = true},
    .restore = {.versions = VersionRule::kOriginalOrLatest,
                .stays_in_region = true,
                .by_role = true,
                .of_collections = true,
                .sealed_databases_apart = true},
    .keys = {.lowest_plan = ServicePlan::kBusinessCritical, .most = 20},
    .has_plans = true,
    .backs_up_when_switched_on = true};

// Everything outlives its cluster unless the caller asks for deletion. A restore sets the cluster
// back to the backup's version.
constexpr ServiceRules kQdrant{
    .name = "qdrant",
    .vendor = "Qdrant",
    .admission = {},
    .tags = {},
    .retention = {.own_words = true, .days_words = "qdrant: --retention-days "},
    .schedule = {.words = "qdrant: ", .is_utc = true, .name_min = 4, .name_max = 64},
    .copies = {.anywhere = false},
    .deletion = {.as_asked = true},
    .restore = {.versions = VersionRule::kSetsBack},
    .keys = {.of_clusters = false}};

constexpr std::array<std::string_view, 7> kZeropsKinds{
    "mariadb", "postgresql", "qdrant", "elasticsearch", "nats", "meilisearch", "shared-storage"};

// Everything goes after the grace, and with a project its key.
constexpr ServiceRules kZerops{
    .name = "zerops",
    .vendor = "Zerops",
    .admission = {},
    .tags = {.by_time = true, .limits = TagLimits{}},
    .retention = {.own_words = true},
    .schedule = {.words = "zerops: ", .names_periods = true, .is_utc = true},
    .copies = {.anywhere = false},
    .deletion = {.automatic_goes = true,
                 .manual_goes = true,
                 .grace = 7 * kDay,
                 .destroys_key = true},
    .restore = {},
    .keys = {.of_clusters = false},
    .nodes = NodeRule::kSpreads,
    .kinds = kZeropsKinds};

constexpr int kMaxRetentionDays = 36'600;  // as long as the longest run
constexpr ServiceRules kPlain{
    .name = "plain",
    .vendor = "",
    .admission = {},
    .tags = {},
    .retention = {.days_words = "native: --ttl ", .days_unit = "d", .max_days = kMaxRetentionDays},
    .schedule = {},
    .copies = {},
    .deletion = {.as_asked = true},
    .restore = {.of_collections = true},
    .keys = {}};

constexpr std::array<const ServiceRules*, 4> kVendors{&kZilliz, &kQdrant, &kZerops, &kPlain};

}  // namespace

const ServiceRules* service_rules(std::string_view name) {
  const auto found = std::find_if(kVendors.begin(), kVendors.end(),
                                  [&](const ServiceRules* rules) { return rules->name == name; });
  return found == kVendors.end() ? nullptr : *found;
}

}  // namespace backcast::policy
