// What snapshots store, share and free, against brute force over their reference lists; and that
// prune frees exactly what forget promised and nothing that is needed.
#include <gtest/gtest.h>

#include <set>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/lease.h"
#include "engine/store/snapshots/presence.h"
#include "engine/store/snapshots/usage.h"
#include "engine/store/upkeep/check.h"
#include "engine/store/upkeep/prune.h"
#include "engine/store/work/copy.h"
#include "engine/store/work/forget.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using ChunkSet = std::set<Id>;

struct Accounts {
  std::unique_ptr<Repository> repository;
  Index index;
  std::vector<Snapshot> snapshots;
  std::vector<ChunkSet> chunks;  // per snapshot

  explicit Accounts(Lab& lab) : repository(*lab.open()), index(*load_index(*repository)) {
    snapshots = *load_snapshots(*repository);
    PackFiles packs(*repository, index);
    BlobReader reader(packs);
    for (const Snapshot& snapshot : snapshots) {
      chunks.emplace_back();
      EXPECT_TRUE(
          visit_references(reader, snapshot, [&](const Id& id) { chunks.back().insert(id); }).ok());
    }
  }
  std::uint64_t bytes(const ChunkSet& set) const {
    std::uint64_t sum = 0;
    for (const Id& id : set) sum += index.find(id)->stored_bytes;
    return sum;
  }
  // Needed by those in `gone` and by none of the others.
  std::uint64_t freed(const std::vector<bool>& gone) const {
    ChunkSet doomed, needed;
    for (std::size_t i = 0; i < gone.size(); ++i) {
      (gone[i] ? doomed : needed).insert(chunks[i].begin(), chunks[i].end());
    }
    for (const Id& id : needed) doomed.erase(id);
    return bytes(doomed);
  }
};

Result<PruneResult> prune_now(Repository& repository, Duration grace = Duration::zero()) {
  PruneOptions options;
  options.grace = grace;
  options.max_unused_percent = 0;
  PruneProgress progress;
  return prune(repository, options, progress);
}

void make_history(Lab& lab, int generations) {
  for (int i = 0; i < generations; ++i) {
    if (i > 0) lab.write_source(static_cast<std::uint64_t>(i));
    lab.commit();
    lab.env().advance(kDay);
  }
}

ForgetRequest keep_last(const std::string& count) {
  ForgetRequest request;
  request.policy = *policy::parse_policy("restic: --keep-last " + count);
  return request;
}

TEST(Accounting, PresenceAgreesWithBruteForceForEverySubset) {
  Lab lab(200'000);
  make_history(lab, 6);
  const Accounts truth(lab);
  PackFiles packs(*truth.repository, truth.index);
  const auto presence = Presence::of(packs, truth.snapshots);
  ASSERT_TRUE(presence.ok());
  const auto n = static_cast<std::uint32_t>(truth.snapshots.size());
  for (std::uint32_t a = 0; a < n; ++a) {
    EXPECT_EQ(presence->stored_bytes(a), truth.bytes(truth.chunks[a]));
    for (std::uint32_t b = a; b < n; ++b) {
      ChunkSet lost;
      for (const Id& id : truth.chunks[a]) {
        if (!truth.chunks[b].contains(id)) lost.insert(id);
      }
      EXPECT_EQ(presence->lost_bytes(b - a)[b], truth.bytes(lost));
    }
  }
  ChunkSet needed;
  for (const ChunkSet& chunks : truth.chunks) needed.insert(chunks.begin(), chunks.end());
  EXPECT_EQ(presence->needed_bytes(), truth.bytes(needed));
  for (unsigned mask = 0; mask < 1u << n; ++mask) {
    std::vector<bool> gone(n);
    for (std::uint32_t i = 0; i < n; ++i) gone[i] = (mask >> i & 1) != 0;
    EXPECT_EQ(presence->freed_bytes(gone), truth.freed(gone)) << "subset " << mask;
  }
}

TEST(Accounting, ForgetSaysExactlyWhatPruneFrees) {
  Lab lab(200'000);
  make_history(lab, 6);
  std::uint64_t promised = 0, objects = 0, before = 0;
  {
    const Accounts truth(lab);
    for (const auto& entry : truth.index.entries()) before += entry.stored_bytes;
    const auto plan = plan_forget(*truth.repository, keep_last("2"));
    ASSERT_TRUE(plan.ok()) << to_string(plan.error());
    EXPECT_EQ(plan->deletions, 4u);
    promised = plan->frees_bytes;
    for (const ForgetVerdict& verdict : plan->verdicts) {
      EXPECT_FALSE(verdict.reason.empty());
      if (verdict.keep) continue;
      objects += verdict.snapshot.object_bytes;
      lab.committed().erase(verdict.snapshot.id);
    }
    EXPECT_EQ(promised - objects, truth.freed({true, true, true, true, false, false}));
    ASSERT_TRUE(apply_forget(*truth.repository, *plan).ok());
    const auto pruned = prune_now(*truth.repository);
    ASSERT_TRUE(pruned.ok()) << to_string(pruned.error());
  }
  const Accounts left(lab);
  std::uint64_t after = 0;
  for (const auto& entry : left.index.entries()) after += entry.stored_bytes;
  EXPECT_EQ(before - after, promised - objects);
  EXPECT_TRUE(lab.verify("after prune").empty());
}

TEST(Prune, WaitsForItsGraceAndForOthersAtWork) {
  Lab lab(200'000);
  make_history(lab, 3);
  const auto repository = *lab.open();
  const auto plan = plan_forget(*repository, keep_last("1"));
  for (const auto& verdict : plan->verdicts) {
    if (!verdict.keep) lab.committed().erase(verdict.snapshot.id);
  }
  ASSERT_TRUE(apply_forget(*repository, *plan).ok());
  auto marked = prune_now(*repository, kDay);
  ASSERT_TRUE(marked.ok());
  EXPECT_GT(marked->marked_packs, 0u);
  EXPECT_EQ(marked->deleted_packs, 0u);
  lab.env().advance(2 * kDay);
  {
    const auto other = Lease::take(*repository, LeaseKind::kWork);
    const auto waiting = prune_now(*repository, kDay);
    EXPECT_EQ(waiting->others_at_work, 1u);
    EXPECT_EQ(waiting->deleted_packs, 0u);
  }
  const auto done = prune_now(*repository, kDay);
  ASSERT_TRUE(done.ok());
  EXPECT_GT(done->deleted_packs, 0u);
  EXPECT_TRUE(lab.verify("after both phases").empty());
}

TEST(Prune, TakesBackWhatSomebodyCameToNeed) {
  Lab lab(200'000);
  const Id first = lab.commit();
  const auto repository = *lab.open();
  const auto snapshot = *load_snapshot(*repository, first);
  const std::string content = lab.committed()[first];
  // Forgotten and marked; then a backup that had started earlier publishes what refers to it.
  ASSERT_TRUE(repository->objects().remove(ObjectType::kSnapshot, first).ok());
  ASSERT_TRUE(prune_now(*repository, kDay).ok());
  ASSERT_TRUE(repository->objects()
                  .publish(ObjectType::kSnapshot, first, as_bytes(encode_snapshot(snapshot)))
                  .ok());
  lab.env().advance(2 * kDay);
  const auto done = prune_now(*repository, kDay);
  ASSERT_TRUE(done.ok());
  EXPECT_GT(done->rescued_packs, 0u);
  EXPECT_EQ(done->deleted_packs, 0u);
  EXPECT_TRUE(lab.verify("after the rescue").empty());
}

TEST(Prune, ABackupNeverRefersToWhatIsCondemned) {
  Lab lab(200'000);
  const Id first = lab.commit();
  lab.committed().clear();
  const auto repository = *lab.open();
  ASSERT_TRUE(repository->objects().remove(ObjectType::kHead, first).ok());
  ASSERT_TRUE(repository->objects().remove(ObjectType::kSnapshot, first).ok());
  ASSERT_TRUE(prune_now(*repository, kDay).ok());
  lab.commit();  // the same files again, while their chunks wait for deletion
  lab.env().advance(2 * kDay);
  const auto done = prune_now(*repository, kDay);
  ASSERT_TRUE(done.ok());
  EXPECT_GT(done->deleted_packs, 0u);
  EXPECT_TRUE(lab.verify("after prune").empty());
}

TEST(Prune, SecondPruneAtATimeIsLockedOut) {
  Lab lab(10'000);
  lab.commit();
  const auto repository = *lab.open();
  const auto other = Lease::take(*repository, LeaseKind::kMaintenance);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(prune_now(*repository).error().code, Errc::kLocked);
}

TEST(Forget, StopsAtItsCeiling) {
  Lab lab(10'000);
  make_history(lab, 12);
  const auto repository = *lab.open();
  auto request = keep_last("1");
  const auto plan = plan_forget(*repository, request);
  EXPECT_EQ(plan->deletions, 11u);
  EXPECT_TRUE(plan->above_ceiling());
  EXPECT_FALSE(apply_forget(*repository, *plan).ok());
  EXPECT_EQ(load_snapshots(*repository)->size(), 12u);
  request.max_deletions = 11;
  EXPECT_TRUE(apply_forget(*repository, *plan_forget(*repository, request)).ok());
  EXPECT_EQ(load_snapshots(*repository)->size(), 1u);
}

TEST(Forget, AClockSetBackTenYearsLosesNothing) {
  Lab lab(10'000);
  make_history(lab, 4);
  const auto repository = *lab.open();
  const Instant now = lab.env().now();
  lab.env().set_now(now - 3650 * kDay);
  EXPECT_EQ(plan_forget(*repository, keep_last("1"))->deletions, 0u) << "all are from the future";
  const Id newest = lab.commit();
  lab.env().set_now(now);
  const auto plan = plan_forget(*repository, keep_last("1"));
  for (const ForgetVerdict& verdict : plan->verdicts) {
    EXPECT_EQ(verdict.keep, verdict.snapshot.id == newest) << "the last that arrived is the newest";
  }
}

TEST(Forget, ASnapshotFromTheFutureDisplacesNothing) {
  Lab lab(10'000);
  make_history(lab, 3);
  const Instant now = lab.env().now();
  lab.env().set_now(now + 3650 * kDay);
  const Id future = lab.commit();
  lab.env().set_now(now);
  const auto plan = plan_forget(**lab.open(), keep_last("3"));
  for (const ForgetVerdict& verdict : plan->verdicts) EXPECT_TRUE(verdict.keep);
  EXPECT_EQ(plan->verdicts.front().snapshot.id, future);
}

// What a stolen writer key can put beside the snapshots of an honest week.
struct Liar {
  Lab lab{500};
  std::vector<Id> honest;

  explicit Liar(int days = 7) {
    for (int day = 0; day < days; ++day) {
      honest.push_back(lab.commit());
      lab.env().advance(kDay);
    }
  }
  Id forge(Instant received, bool is_copy, std::uint64_t sequence) {
    const auto repository = *lab.open();
    Snapshot snapshot = *load_snapshot(*repository, honest[0]);
    snapshot.id = random_id();
    snapshot.received = received;
    snapshot.is_copy = is_copy;
    snapshot.sequence = sequence;
    EXPECT_TRUE(
        repository->objects()
            .publish(ObjectType::kSnapshot, snapshot.id, as_bytes(encode_snapshot(snapshot)))
            .ok());
    return snapshot.id;
  }
  ForgetPlan plan(const char* policy) {
    ForgetRequest request;
    request.policy = *policy::parse_policy(policy);
    request.max_deletions = 1000;
    auto plan = plan_forget(**lab.open(), request);
    EXPECT_TRUE(plan.ok()) << to_string(plan.error());
    return *plan;
  }
  void expect_kept(const ForgetPlan& plan, const std::string& what) {
    for (const ForgetVerdict& verdict : plan.verdicts) {
      const bool is_honest =
          std::find(honest.begin(), honest.end(), verdict.snapshot.id) != honest.end();
      EXPECT_TRUE(verdict.keep || !is_honest) << what;
    }
  }
};

TEST(Forget, ForgedCopiesAndSnapshotsThatClaimOtherTimesPushNothingOut) {
  for (const bool is_copy : {true, false}) {
    for (const std::uint64_t sequence : {1, 4, 100}) {
      Liar liar;
      const Instant now = liar.lab.env().now();
      for (int day = 1; day <= 7; ++day) {
        liar.forge(now - day * kDay + std::chrono::hours(11), is_copy, sequence);
      }
      const auto plan = liar.plan("restic: --keep-daily 7");
      liar.expect_kept(plan, fmt::format("copy {}, sequence {}", is_copy, sequence));
      if (!is_copy) continue;
      const auto told = std::count_if(plan.verdicts.begin(), plan.verdicts.end(),
                                      [](const ForgetVerdict& v) { return v.came.has_value(); });
      EXPECT_GE(told, 6);
    }
  }
}

TEST(Forget, OneThatSaysItCameFirstAndNowMovesNoOthers) {
  Liar liar;
  liar.forge(liar.lab.env().now(), false, 0);
  liar.expect_kept(liar.plan("restic: --keep-daily 8"), "sequence 0, received now");
}

TEST(Forget, TimesStampedAheadDisplaceNothingWhenTheyHaveCome) {
  Liar liar(1);
  const Instant then = liar.lab.env().now();
  for (int day = 0; day < 7; ++day) liar.forge(then + day * kDay + std::chrono::hours(11), true, 9);
  for (int day = 0; day < 7; ++day) {
    liar.honest.push_back(liar.lab.commit());
    liar.lab.env().advance(kDay);
  }
  liar.expect_kept(liar.plan("restic: --keep-daily 8"), "stamped ahead");
}

TEST(Forget, AMovedRepositoryKeepsItsTimesAndStillRefusesNewcomers) {
  Liar liar;
  // As cp and rsync do: every file is new.
  for (const std::string& name : liar.lab.env().files()) {
    liar.lab.env().set_bytes(name, liar.lab.env().bytes(name));
  }
  const auto moved = liar.plan("restic: --keep-daily 3");
  EXPECT_EQ(moved.deletions, 4u) << "as before it was moved";
  liar.lab.env().advance(2 * kDay);
  const Instant now = liar.lab.env().now();
  for (int day = 3; day <= 9; ++day) {
    liar.forge(now - day * kDay + std::chrono::hours(11), true, 100);
  }
  const auto plan = liar.plan("restic: --keep-daily 7");
  std::size_t honest = 0;
  for (const ForgetVerdict& verdict : plan.verdicts) {
    honest += verdict.keep && std::find(liar.honest.begin(), liar.honest.end(),
                                        verdict.snapshot.id) != liar.honest.end();
  }
  EXPECT_GE(honest, 6u);
}

TEST(Forget, WhatCopyBringsDailyIsJudgedAsBefore) {
  Lab lab(500);
  for (int day = 0; day < 10; ++day) {
    const auto repository = *lab.open();
    Snapshot snapshot;
    if (day == 0) lab.commit();
    snapshot = load_snapshots(*repository)->front();
    snapshot.id = random_id();
    snapshot.is_copy = true;
    snapshot.sequence = static_cast<std::uint64_t>(day) + 2;
    snapshot.received = lab.env().now() - std::chrono::hours(12);
    ASSERT_TRUE(
        repository->objects()
            .publish(ObjectType::kSnapshot, snapshot.id, as_bytes(encode_snapshot(snapshot)))
            .ok());
    lab.env().advance(kDay);
  }
  ForgetRequest request;
  request.policy = *policy::parse_policy("restic: --keep-daily 3");
  const auto plan = plan_forget(**lab.open(), request);
  EXPECT_EQ(plan->deletions, 7u);
  for (const ForgetVerdict& verdict : plan->verdicts) {
    EXPECT_EQ(verdict.is_spared, !verdict.snapshot.is_copy) << "the only one of its own";
  }
}

TEST(Copy, OneProjectExchangesChunksUnopened) {
  Lab lab(200'000);
  make_history(lab, 3);
  const auto from = *lab.open();
  OpenOptions writer;
  writer.writer = *parse_writer_key(writer_key_text(lab.keys()));
  ASSERT_TRUE(Repository::create(lab.env(), "/second", lab.keys(), "p", kStretchingFloor).ok());
  const auto blind_from = *Repository::open(lab.env(), Lab::kPath, writer);
  const auto blind_to = *Repository::open(lab.env(), "/second", writer);
  CopyProgress progress;
  const auto copied = copy_snapshots(*blind_from, *blind_to, *load_snapshots(*from), progress);
  ASSERT_TRUE(copied.ok()) << to_string(copied.error());
  EXPECT_FALSE(copied->unsealed);
  OpenOptions reader;
  reader.keys = lab.keys();
  const auto to = *Repository::open(lab.env(), "/second", reader);
  for (const Snapshot& snapshot : *load_snapshots(*to)) {
    EXPECT_EQ(*Lab::content_of(*to, snapshot), lab.committed()[snapshot.id]);
  }
  CheckOptions options;
  options.read_data = true;
  CheckProgress check_progress;
  EXPECT_TRUE(check(*to, options, check_progress)->ok());
}

TEST(Copy, BetweenProjectsEverythingIsSealedAnew) {
  Lab lab(200'000);
  make_history(lab, 2);
  const Keys others = Keys::generate();
  const auto from = *lab.open();
  const auto to = *Repository::create(lab.env(), "/other", others, "p", kStretchingFloor);
  CopyProgress progress;
  const auto copied = copy_snapshots(*from, *to, *load_snapshots(*from), progress);
  ASSERT_TRUE(copied.ok()) << to_string(copied.error());
  EXPECT_TRUE(copied->unsealed);
  for (const Snapshot& snapshot : *load_snapshots(*to)) {
    EXPECT_EQ(*Lab::content_of(*to, snapshot), lab.committed()[snapshot.id]);
  }
  EXPECT_EQ(copy_snapshots(*from, *to, *load_snapshots(*from), progress)->present.size(), 2u);
}

TEST(Ledger, HoldsEveryByteFromItsStoringToItsDeletion) {
  Lab lab(200'000);
  make_history(lab, 3);
  const auto repository = *lab.open();
  const auto bytes_at = [&](Instant t) {
    std::uint64_t sum = 0;
    const auto records = usage(*repository, {}, lab.env().now());
    for (const UsageRecord& r : *records) {
      if (r.kind == UsageKind::kStorage && r.start <= t && t < r.end) sum += r.quantity;
    }
    return sum;
  };
  const auto on_disk = [&] {
    std::uint64_t sum = 0;
    for (const std::string& name : lab.env().files()) {
      if (name.find("/packs/") != std::string::npos ||
          name.find("/snapshots/") != std::string::npos) {
        sum += lab.env().bytes(name).size();
      }
    }
    return sum;
  };
  EXPECT_EQ(bytes_at(lab.env().now() - kSecond), on_disk());
  const std::uint64_t before = on_disk();
  ASSERT_TRUE(apply_forget(*repository, *plan_forget(*repository, keep_last("1"))).ok());
  ASSERT_TRUE(prune_now(*repository).ok());
  const Instant pruned = lab.env().now();
  lab.env().advance(kDay);
  EXPECT_EQ(bytes_at(pruned - kSecond), before);
  EXPECT_EQ(bytes_at(pruned + kSecond), on_disk());
  EXPECT_LT(on_disk(), before);
}

}  // namespace
}  // namespace backcast::store
