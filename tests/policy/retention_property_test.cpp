// What must hold for every retention dialect, whatever the history.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/policy/history_generator.h"

namespace backcast::policy {
namespace {

using testing::history_gen;
using testing::policy_of;
using testing::test_now;
using testing::without_extremes;

std::vector<Snapshot> kept_of(const std::vector<Snapshot>& history, const Plan& plan) {
  std::vector<Snapshot> kept;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (plan.verdicts[i].keep) kept.push_back(history[i]);
  }
  return kept;
}

std::set<std::string> ids_of(const std::vector<Snapshot>& history) {
  std::set<std::string> ids;
  for (const Snapshot& s : history) ids.insert(s.id);
  return ids;
}

class EveryDialect : public ::testing::TestWithParam<std::string> {
 protected:
  template <typename Property>
  void check(Property property) {
    const rc::detail::TestMetadata metadata{};
    const auto result = rc::detail::checkTestable(std::move(property), metadata,
                                                  rc::detail::configuration().testParams);
    if (result.template is<rc::detail::SuccessResult>()) return;
    std::ostringstream text;
    rc::detail::printResultMessage(result, text);
    FAIL() << text.str();
  }
  PlanContext context() const { return {test_now(), Zone::find("Europe/Berlin").value()}; }
};

TEST_P(EveryDialect, PlanningTwiceDeletesNothingMore) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    const auto history = *history_gen();
    RC_LOG() << to_text(policy);
    const auto kept = kept_of(history, plan(policy, history, context()));
    const auto again = kept_of(kept, plan(policy, kept, context()));
    RC_ASSERT(ids_of(again) == ids_of(kept));
  });
}

TEST_P(EveryDialect, EveryVerdictHasAReasonInWords) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    const auto history = *history_gen();
    const Plan p = plan(policy, history, context());
    RC_ASSERT(p.verdicts.size() == history.size());
    RC_ASSERT(p.newest_first.size() == history.size());
    for (std::size_t i = 0; i < history.size(); ++i) {
      RC_ASSERT(!p.reasons_of(i).empty());
      for (const Reason& reason : p.reasons_of(i)) {
        RC_ASSERT(!to_text(policy, reason).empty());
        RC_ASSERT((reason.effect == Effect::kKeeps || reason.effect == Effect::kOldest) ==
                  p.verdicts[i].keep);
      }
    }
  });
}

TEST_P(EveryDialect, ProtectedIsNeverDeleted) {
  check([this] {
    const std::string dialect = GetParam();
    const RetentionPolicy policy = policy_of(dialect);
    const auto history = *history_gen();
    const Plan p = plan(policy, history, context());
    const auto* native = std::get_if<NativePolicy>(&policy);
    for (std::size_t i = 0; i < history.size(); ++i) {
      const Snapshot& s = history[i];
      const std::string tag = s.tags.empty() ? "" : s.tags.front();
      const bool is_protected = (s.is_protected && (native || dialect == "pbs")) ||
                                (dialect == "borg2" && tag == "@PROT") ||
                                (dialect == "kopia" && !s.pins.empty()) ||
                                (dialect == "zerops" && tag == "protected");
      if (is_protected) RC_ASSERT(p.verdicts[i].keep);
    }
  });
}

TEST_P(EveryDialect, TheOrderOfTheInputDoesNotMatter) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    auto history = *history_gen();
    std::set<Instant> times;
    std::erase_if(history, [&](const Snapshot& s) { return !times.insert(s.time).second; });
    const auto ids = ids_of(kept_of(history, plan(policy, history, context())));
    std::reverse(history.begin(), history.end());
    RC_ASSERT(ids_of(kept_of(history, plan(policy, history, context()))) == ids);
    std::sort(history.begin(), history.end(),
              [](const Snapshot& a, const Snapshot& b) { return a.id < b.id; });
    RC_ASSERT(ids_of(kept_of(history, plan(policy, history, context()))) == ids);
  });
}

TEST_P(EveryDialect, WhereTheStoreKnowsTheTimeTheClientsStampDecidesNothing) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    auto history = without_extremes(*history_gen());
    for (Snapshot& s : history) s.received = s.time;
    const auto ids = ids_of(kept_of(history, plan(policy, history, context())));
    for (Snapshot& s : history) {
      s.time += std::chrono::hours(24 * *rc::gen::inRange(-3650, 3650));
    }
    RC_ASSERT(ids_of(kept_of(history, plan(policy, history, context()))) == ids);
  });
}

TEST_P(EveryDialect, BareNumbersGiveTheSamePlan) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    auto history = *history_gen();
    for (Snapshot& s : history) s.host = "one group";
    const auto* restic = std::get_if<ResticPolicy>(&policy);
    if (restic && restic->group_by_tags) RC_DISCARD();
    const Plan full = plan(policy, history, context());
    std::vector<Point> points;
    for (const Snapshot& s : history) points.push_back(to_point(policy, s));
    Plan bare;
    plan(policy, points, context(), bare);
    plan(policy, points, context(), bare);  // reuses what the first call left behind
    RC_ASSERT(bare.reasons == full.reasons);
    RC_ASSERT(bare.newest_first == full.newest_first);
    for (std::size_t i = 0; i < history.size(); ++i) {
      RC_ASSERT(bare.verdicts[i].keep == full.verdicts[i].keep);
    }
  });
}

TEST_P(EveryDialect, APolicyReadsBackFromItsOwnWords) {
  check([] {
    const RetentionPolicy policy = policy_of(GetParam());
    RC_LOG() << to_text(policy);
    const auto again = parse_policy(to_text(policy));
    RC_ASSERT(again.ok());
    RC_ASSERT(*again == policy);
  });
}

std::vector<std::string> all_dialects() {
  std::vector<std::string> names;
  for (const std::string_view name : dialect_names()) names.emplace_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Retention, EveryDialect, ::testing::ValuesIn(all_dialects()),
                         [](const auto& param) { return param.param; });

// ---------------------------------------------------------------------------------------------
// Verdicts at creation.

class EveryDialectOfBirth : public EveryDialect {};

TEST_P(EveryDialectOfBirth, ANewerBackupNeverChangesTheFateOfAnother) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    auto history = *history_gen();
    for (Snapshot& s : history) s.is_incomplete = false;
    const Plan before = plan(policy, history, context());
    Snapshot newer;
    newer.id = "newer";
    newer.time = test_now();
    history.push_back(newer);
    const Plan after = plan(policy, history, context());
    for (std::size_t i = 0; i + 1 < history.size(); ++i) {
      RC_ASSERT(after.verdicts[i].keep == before.verdicts[i].keep);
    }
  });
}

TEST_P(EveryDialectOfBirth, WhatIsExpiredStaysExpiredAndBirthSaysWhen) {
  check([this] {
    const RetentionPolicy policy = policy_of(GetParam());
    auto history = without_extremes(*history_gen());
    for (Snapshot& s : history) s.is_incomplete = s.is_protected = false;
    for (const Snapshot& s : history) {
      const std::vector<Snapshot> alone{s};
      const Birth born = birth(policy, to_point(policy, s), {}, context());
      if (s.tags == std::vector<std::string>{"protected"}) continue;
      const auto is_kept = [&](Instant now) {
        return plan(policy, alone, {now, Zone::utc()}).verdicts[0].keep;
      };
      if (!born.expires) {
        RC_ASSERT(is_kept(s.time + std::chrono::hours(24 * 400)));
        continue;
      }
      RC_ASSERT(is_kept(*born.expires - kSecond));
      RC_ASSERT(!is_kept(*born.expires + kSecond));
      RC_ASSERT(!is_kept(*born.expires + std::chrono::hours(24 * 400)));
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Retention, EveryDialectOfBirth,
                         ::testing::Values("zilliz", "qdrant", "aws"),
                         [](const auto& param) { return param.param; });

RC_GTEST_PROP(NativeRules, ASnapshotStampedAheadDisplacesNothing, ()) {
  const RetentionPolicy policy = policy_of("native");
  auto history = *history_gen();
  const PlanContext context{test_now(), Zone::utc()};
  const Plan before = plan(policy, history, context);
  Snapshot ahead;
  ahead.id = "ahead";
  ahead.time = test_now() + std::chrono::hours(24 * *rc::gen::inRange(1, 3650));
  ahead.size_bytes = 1ULL << 40;
  ahead.is_incomplete = *rc::gen::arbitrary<bool>();
  history.push_back(ahead);
  const Plan after = plan(policy, history, context);
  for (std::size_t i = 0; i + 1 < history.size(); ++i) {
    RC_ASSERT(after.verdicts[i].keep == before.verdicts[i].keep);
  }
}

}  // namespace
}  // namespace backcast::policy
