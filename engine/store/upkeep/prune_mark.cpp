#include <algorithm>

#include "engine/base/checked.h"
#include "engine/store/packs/pack_check.h"
#include "engine/store/repository/mark.h"
#include "engine/store/repository/reserve.h"
#include "engine/store/snapshots/publish.h"
#include "engine/store/upkeep/prune_work.h"

namespace backcast::store {
namespace {

// What is copied before the index and a mark are written: bounds what an interruption repeats.
constexpr std::uint64_t kCopyBatchBytes = 512ULL << 20;
// Packs below a quarter of the target are joined once there are this many: one appears per backup.
constexpr std::size_t kManySmallPacks = 32;

struct Candidate {
  const PackInfo* pack = nullptr;
  std::uint64_t needed_bytes = 0, unneeded_bytes = 0;
};

// Packs that are not as they should be are left to repair.
bool is_sound(const Survey& now, const PackInfo& pack) {
  if (pack.is_bad || pack.is_recovered) return false;
  const auto entries = now.index.entries_of(pack);
  return std::none_of(entries.begin(), entries.end(),
                      [&](const IndexEntry& entry) { return now.index.is_bad(entry); });
}

// A backup lists what it stored before its snapshot needs it.
bool may_be_of_a_backup(const PruneWork& work, const PackInfo& pack) {
  return work.result.others_at_work > 0 &&
         work.is_young(name_of(ObjectType::kPack, pack.id), std::max(work.options.grace, kDay));
}

std::vector<Candidate> candidates(PruneWork& work, const Survey& now) {
  const Index& index = now.index;
  const std::vector<bool>& needed = now.need.entries;
  std::vector<Candidate> all;
  std::uint64_t stored = 0, unneeded = 0;
  for (const PackInfo& pack : index.packs()) {
    if (pack.is_condemned || !is_sound(now, pack)) continue;
    Candidate candidate{&pack, 0, 0};
    for (const IndexEntry& entry : index.entries_of(pack)) {
      (needed[index.number_of(entry)] ? candidate.needed_bytes : candidate.unneeded_bytes) +=
          entry.stored_bytes;
    }
    stored += candidate.needed_bytes + candidate.unneeded_bytes;
    unneeded += candidate.unneeded_bytes;
    if (candidate.needed_bytes == 0 && may_be_of_a_backup(work, pack)) continue;
    all.push_back(candidate);
  }
  work.result.unused_bytes = unneeded;
  // The emptiest first, until few enough holes are left.
  std::sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
    const auto x = int128{a.unneeded_bytes} * (b.needed_bytes + b.unneeded_bytes);
    const auto y = int128{b.unneeded_bytes} * (a.needed_bytes + a.unneeded_bytes);
    return x != y ? x > y : a.pack->id < b.pack->id;
  });
  const auto is_small = [](const Candidate& c) {
    return c.pack->size_bytes < kTargetPackBytes / 4;
  };
  const bool join =
      static_cast<std::size_t>(std::count_if(all.begin(), all.end(), is_small)) >= kManySmallPacks;
  std::vector<Candidate> chosen;
  for (const Candidate& candidate : all) {
    const bool too_many_holes =
        int128{unneeded} * 100 > int128{stored} * work.options.max_unused_percent;
    const bool empty = candidate.needed_bytes == 0;
    if (!empty && !(candidate.unneeded_bytes > 0 && too_many_holes) &&
        !(join && is_small(candidate))) {
      continue;
    }
    unneeded -= candidate.unneeded_bytes;
    stored -= candidate.unneeded_bytes;
    chosen.push_back(candidate);
  }
  return chosen;
}

// What is needed goes into new packs, sealed as it is, and into the index; only then are the old
// packs condemned. A pack is read through before anything of it is taken; a damaged one is left.
Status copy_and_mark(PruneWork& work, const Survey& now, std::span<const Candidate> batch) {
  Repository& repository = work.repository;
  Mark mark{random_id(), {}, {}};
  std::uint64_t marked_bytes = 0, copied_bytes = 0;
  PackFiles packs(repository, now.index);
  ChunkStore store(repository, now.index);
  PackExaminer examiner(packs);
  ScanRoom room;
  for (const Candidate& candidate : batch) {
    const PackInfo& pack = *candidate.pack;
    BACKCAST_CHECK(work.check_stop());
    if (candidate.needed_bytes > 0 && !work.options.dry_run) {
      const PackVerdict verdict = examiner.examine(pack, false);
      if (!verdict.ok()) {
        work.add_damage(name_of(ObjectType::kPack, pack.id), verdict.fault->message);
        (void)record_damage(repository, {verdict.as_damage(pack)});
        continue;
      }
      const auto copy = [&](const IndexEntry& entry, ByteView sealed) -> Status {
        if (!now.need.entries[now.index.number_of(entry)]) return kOk;
        work.progress.copied_bytes += sealed.size();
        return store.sink().append({entry.label(), pack.keys[entry.key], sealed});
      };
      BACKCAST_CHECK(scan_pack(packs, pack, room, copy));
    }
    mark.packs.push_back(pack.id);
    marked_bytes += pack.size_bytes;
    copied_bytes += candidate.needed_bytes;
  }
  if (!work.options.dry_run && !mark.packs.empty()) {
    BACKCAST_TRY(const auto written, commit_packs(store));
    (void)written;
    mark.made = repository.env().now();
    BACKCAST_CHECK(with_room(repository, [&] {
      return repository.objects().publish(ObjectType::kMark, mark.id, as_bytes(encode_mark(mark)));
    }));
  }
  work.result.marked_packs += mark.packs.size();
  work.result.marked_bytes += marked_bytes;
  work.result.copied_bytes += copied_bytes;
  return kOk;
}

}  // namespace

Status mark_unneeded(PruneWork& work, const Survey& now) {
  const auto chosen = candidates(work, now);  // those of which nothing is needed come first
  for (std::size_t from = 0; from < chosen.size();) {
    const bool is_empty = chosen[from].needed_bytes == 0;
    std::size_t to = from;
    std::uint64_t batch_bytes = 0;
    while (to < chosen.size() && batch_bytes < kCopyBatchBytes &&
           (chosen[to].needed_bytes == 0) == is_empty) {
      batch_bytes += chosen[to++].needed_bytes;
    }
    auto marked = copy_and_mark(work, now, std::span(chosen).subspan(from, to - from));
    // On a full disk nothing can be copied, but what is marked can still be deleted.
    if (!marked.ok() && marked.error().code == Errc::kNoSpace && !is_empty) {
      work.result.held_back = "no room to copy what is needed out of mostly unused packs";
      return kOk;
    }
    BACKCAST_CHECK(marked);
    from = to;
  }
  return kOk;
}

}  // namespace backcast::store
