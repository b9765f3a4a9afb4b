#include <algorithm>

#include "engine/store/packs/index_rewrite.h"
#include "engine/store/packs/pack_check.h"
#include "engine/store/repository/journal.h"
#include "engine/store/repository/mark.h"
#include "engine/store/repository/reserve.h"
#include "engine/store/upkeep/prune_work.h"

namespace backcast::store {
namespace {

// Packs under these marks that no snapshot needs.
PackSet doomed_by(PruneWork& work, const Survey& now, const std::vector<Mark>& marks) {
  PackSet doomed;
  for (const Mark& mark : marks) {
    for (const Id& id : mark.packs) {
      const PackInfo* pack = now.index.find_pack(id);
      if (!pack) continue;  // deleted by a run that was interrupted
      const auto entries = now.index.entries_of(*pack);
      const bool is_needed = std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
        return now.need.entries[now.index.number_of(entry)];
      });
      if (is_needed || work.is_young(name_of(ObjectType::kPack, id), work.options.grace)) {
        ++work.result.rescued_packs;
      } else {
        doomed.insert(id);
      }
    }
  }
  return doomed;
}

// Packs that hold what snapshots need of the doomed ones.
std::vector<const PackInfo*> heirs_of(const Survey& now, const PackSet& doomed) {
  std::vector<bool> is_heir(now.index.packs().size());
  for (const PackInfo& pack : now.index.packs()) {
    if (!doomed.contains(pack.id)) continue;
    for (const IndexEntry& entry : now.index.entries_of(pack)) {
      const IndexEntry* found = now.index.find(entry.id);
      if (found && now.need.entries[now.index.number_of(*found)]) is_heir[found->pack] = true;
    }
  }
  std::vector<const PackInfo*> heirs;
  for (std::size_t i = 0; i < is_heir.size(); ++i) {
    if (is_heir[i]) heirs.push_back(&now.index.packs()[i]);
  }
  return heirs;
}

// Whether snapshots would do without the doomed packs: what they need is there, and what took over
// from those was read back. Empty, or what is wrong.
Result<std::string> objection(PruneWork& work, const Survey& now, const PackSet& doomed) {
  std::string found;
  const auto object = [&](const PackInfo& pack, const std::string& what) {
    const std::string name = name_of(ObjectType::kPack, pack.id);
    work.add_damage(name, what);
    if (found.empty()) found = name + ": " + what;
  };
  // Of what is needed and was in a pack that is not there, no copy is left, or one that was to go.
  const auto has_no_heir = [&](const IndexEntry& entry) {
    const IndexEntry* copy = now.index.find(entry.id);
    return now.need.entries[now.index.number_of(*copy)] &&
           (now.index.is_bad(*copy) || now.index.packs()[copy->pack].is_condemned);
  };
  for (const PackFault& fault : now.faults) {
    const PackInfo& pack = now.index.packs()[fault.pack];
    const auto entries = now.index.entries_of(pack);
    if (std::any_of(entries.begin(), entries.end(), has_no_heir)) object(pack, fault.what);
  }
  if (!found.empty()) return found;
  PackFiles packs(work.repository, now.index);
  PackExaminer examiner(packs);
  for (const PackInfo* heir : heirs_of(now, doomed)) {
    BACKCAST_CHECK(work.check_stop());
    const PackVerdict verdict = examiner.examine(*heir, false);
    if (verdict.ok()) continue;
    object(*heir, verdict.fault->message);
    (void)record_damage(work.repository, {verdict.as_damage(*heir)});
  }
  return found;
}

Status remove_marks(PruneWork& work, const std::vector<Mark>& marks) {
  for (const Mark& mark : marks) {
    BACKCAST_CHECK(work.repository.objects().remove(ObjectType::kMark, mark.id));
  }
  return work.repository.folder().sync_folder(folder_of(ObjectType::kMark));
}

Status take_back(PruneWork& work, const Survey& now, const std::vector<Mark>& marks,
                 const std::string& why) {
  BACKCAST_CHECK(remove_marks(work, marks));
  work.result.held_back = why;
  work.result.rescued_packs = static_cast<std::uint64_t>(
      std::count_if(now.index.packs().begin(), now.index.packs().end(),
                    [](const PackInfo& pack) { return pack.is_condemned; }));
  work.result.marked_packs = work.result.marked_bytes = 0;
  return kOk;
}

Status remove_packs(PruneWork& work, const JournalEntry& journal) {
  for (const Deletion& deletion : journal.deletions) {
    auto removed = work.repository.objects().remove(ObjectType::kPack, deletion.id);
    if (!removed.ok() && removed.error().code != Errc::kNotFound) return removed;
  }
  return work.repository.folder().sync_folder(folder_of(ObjectType::kPack));
}

// Journal, index without them, then the files: whatever the index names exists. Where there is no
// room for a new index the files go first: they are under a mark until the index is without them.
Status delete_packs(PruneWork& work, const Index& index, const PackSet& doomed) {
  Repository& repository = work.repository;
  PruneResult& result = work.result;
  JournalEntry journal{repository.env().now(), {}};
  for (const PackInfo& pack : index.packs()) {
    if (!doomed.contains(pack.id)) continue;
    journal.deletions.push_back({ObjectType::kPack, pack.id, pack.created, pack.size_bytes});
    result.deleted_bytes += pack.size_bytes;
    ++result.deleted_packs;
  }
  result.marked_packs -= std::min(result.marked_packs, result.deleted_packs);
  result.marked_bytes -= std::min(result.marked_bytes, result.deleted_bytes);
  if (!journal.deletions.empty()) {
    BACKCAST_CHECK(with_room(repository, [&] { return write_journal(repository, journal); }));
  }
  const auto rewrite = [&] { return rewrite_index(repository, index, doomed); };
  auto rewritten = with_room(repository, rewrite);
  if (!rewritten.ok() && rewritten.error().code == Errc::kNoSpace) {
    BACKCAST_CHECK(remove_packs(work, journal));
    rewritten = rewrite();
  }
  BACKCAST_CHECK(rewritten);
  return remove_packs(work, journal);
}

}  // namespace

Status delete_marked(PruneWork& work) {
  if (work.options.dry_run) return kOk;
  std::vector<Damage> damaged;  // told by the survey
  BACKCAST_TRY(const auto all_marks, load_marks(work.repository, &damaged));
  auto marks = all_marks;
  std::erase_if(marks, [&](const Mark& mark) {
    return work.is_young(name_of(ObjectType::kMark, mark.id), work.options.grace);
  });
  if (marks.empty()) return kOk;
  // Whoever started before the mark may still refer to what it condemns.
  BACKCAST_TRY(work.result.others_at_work, work.count_others());
  if (work.result.others_at_work > 0) return kOk;
  BACKCAST_TRY(const Survey now, survey(work, true));
  if (const std::string doubt = now.doubt(); !doubt.empty()) {
    work.result.held_back = doubt;
    return kOk;
  }
  const PackSet doomed = doomed_by(work, now, marks);
  BACKCAST_TRY(const std::string wrong, objection(work, now, doomed));
  if (!wrong.empty()) return take_back(work, now, all_marks, wrong);
  BACKCAST_CHECK(delete_packs(work, now.index, doomed));
  return remove_marks(work, marks);
}

}  // namespace backcast::store
