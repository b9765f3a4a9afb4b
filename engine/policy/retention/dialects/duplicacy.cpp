// duplicacy: `duplicacy prune -keep n:m ...`, per snapshot id.
//
// n:m keeps one revision every n days among those at least m days old (0:m keeps none). Revisions
// are walked oldest first; each falls under the rule with the greatest age it has reached, and on
// reaching the next rule the spacing starts anew. The first revision under a rule is kept, then the
// next one at least n days after the last kept, so the oldest of an interval survives and the
// spacing drifts. Ages and distances are whole calendar days of local time. Revisions younger than
// every rule stay. The newest revision always stays unless -exclusive; an id with a single revision
// is left alone.
// Source: duplicacy src/duplicacy_snapshotmanager.go, PruneSnapshots.
#include <fmt/format.h>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {

void decide(const DuplicacyPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  const std::int64_t today = period_number(
      Period::kDay, unix_seconds(context.now) + context.zone.offset_at(context.now).count());
  std::size_t rule = 0;
  std::int64_t last_kept_day = kNoPeriod;
  for (std::size_t i = points.size(); i-- > 0;) {
    const bool is_spared = i == 0 && (!policy.exclusive || points.size() == 1);
    if (is_spared) {
      verdicts.keep(i, {Rule::kNewest, Effect::kKeeps, 0, 0});
      continue;
    }
    const std::int64_t day = period_number(Period::kDay, local[i]);
    while (rule < policy.keep.size() && today - day < policy.keep[rule].age_days) {
      ++rule;
      last_kept_day = kNoPeriod;
    }
    if (rule == policy.keep.size()) {
      verdicts.keep(i, {Rule::kEverything, Effect::kKeeps, 0, today - day});
      continue;
    }
    const auto index = static_cast<std::int32_t>(rule);
    const std::int32_t interval = policy.keep[rule].interval_days;
    if (interval == 0) {
      verdicts.drop(i, {Rule::kSpacing, Effect::kDrops, index, 0});
    } else if (last_kept_day != kNoPeriod && day - last_kept_day < interval) {
      verdicts.drop(i, {Rule::kSpacing, Effect::kCovered, index, day - last_kept_day});
    } else {
      last_kept_day = day;
      verdicts.keep(i, {Rule::kSpacing, Effect::kKeeps, index, 0});
    }
  }
}

namespace {

using D = DuplicacyPolicy;

Status add_keep(D& p, std::string_view value) {
  const std::size_t colon = value.find(':');
  if (colon == value.npos) return bad_input("not n:m", "write \"1:7\" for one a day past 7 days");
  D::Keep keep;
  BACKCAST_TRY(keep.interval_days, parse_count(value.substr(0, colon), 0, 100'000));
  BACKCAST_TRY(keep.age_days, parse_count(value.substr(colon + 1), 0, 100'000));
  if (!p.keep.empty() && keep.age_days >= p.keep.back().age_days) {
    return bad_input("ages must decrease from one -keep to the next",
                     "give the rule for the oldest revisions first");
  }
  p.keep.push_back(keep);
  return kOk;
}

constexpr Flag<D> kFlags[] = {
    {"-keep", "--keep", true, true, add_keep,
     [](const D& p, Values& out) {
       for (const D::Keep& keep : p.keep) {
         out.push_back(fmt::format("{}:{}", keep.interval_days, keep.age_days));
       }
     }},
    switch_flag<D, &D::exclusive>("-exclusive", "--exclusive"),
};

Status check(D& p) {
  if (!p.keep.empty()) return kOk;
  return bad_input("duplicacy: no -keep rule", "give at least one, such as -keep 1:7");
}

}  // namespace

const Dialect<DuplicacyPolicy>& duplicacy_dialect() {
  static const Dialect<D> kDialect{"duplicacy",
                                   kFlags,
                                   {"-dry-run", "-a", "-all", "-exhaustive"},
                                   {"-id", "-t", "-r"},
                                   {"duplicacy", "prune"},
                                   {},
                                   check};
  return kDialect;
}

std::string words(const DuplicacyPolicy& policy, const Reason& reason) {
  if (reason.rule == Rule::kNewest) return "newest revision";
  if (reason.rule == Rule::kEverything) return "younger than every rule";
  const auto& keep = policy.keep[static_cast<std::size_t>(reason.ordinal)];
  if (reason.effect == Effect::kDrops) return fmt::format("older than {} days", keep.age_days);
  if (reason.effect == Effect::kCovered) {
    return fmt::format("{}:{}: only {} d after the last one kept", keep.interval_days,
                       keep.age_days, reason.detail);
  }
  return fmt::format("keep {}:{}", keep.interval_days, keep.age_days);
}

}  // namespace backcast::policy
