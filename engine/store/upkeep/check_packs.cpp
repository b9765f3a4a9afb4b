#include "engine/store/upkeep/check_packs.h"

#include <algorithm>

#include "engine/store/packs/load_index.h"
#include "engine/store/repository/journal.h"
#include "engine/store/repository/task_queue.h"

namespace backcast::store {
namespace {

using IdSet = std::unordered_set<Id, IdHash>;
constexpr int kAttempts = 5;

}  // namespace

void PackCheck::add_damage(std::string object, std::string what) {
  std::lock_guard lock(mutex_);
  result_.damage.push_back({std::move(object), std::move(what)});
}

// Loads the index and looks for its packs. Those that are missing may have been deleted by a
// prune that was just ending: then a newer index does not name them.
Status PackCheck::look_for_packs() {
  BACKCAST_TRY(const auto files, repository_.objects().list(ObjectType::kPack));
  std::vector<Damage> damage;
  std::vector<PackFault> faults;
  IdSet missing;
  for (int attempt = 0; attempt <= kAttempts; ++attempt) {
    BACKCAST_TRY(index_, load_index_unjudged(repository_, damage));
    faults = look_at_packs(repository_, index_);
    IdSet now_missing;
    for (const PackFault& fault : faults) {
      if (fault.is_missing) now_missing.insert(index_.packs()[fault.pack].id);
    }
    if (now_missing == missing) break;
    missing = std::move(now_missing);
  }
  result_.damage = std::move(damage);
  BACKCAST_TRY(recorded_, load_damage(repository_));
  for (const PackFault& fault : faults) {
    const PackInfo& pack = index_.packs()[fault.pack];
    absent_.insert(fault.pack);
    // A prune that said so was deleting it when it was interrupted.
    if (fault.is_missing && pack.is_condemned && was_noted(pack.id)) continue;
    add_damage(name_of(ObjectType::kPack, pack.id), fault.what);
    if (fault.is_sure) found_.push_back({pack.id, {}});
  }
  result_.packs = index_.packs().size();
  for (const PackInfo& pack : index_.packs()) result_.stored_bytes += pack.size_bytes;
  result_.orphans = static_cast<std::uint64_t>(std::count_if(
      files.begin(), files.end(), [&](const Id& id) { return !index_.find_pack(id); }));
  return kOk;
}

void PackCheck::read_packs() {
  progress_.expected_bytes = result_.stored_bytes;
  PackFiles packs(repository_, index_);
  TaskQueue<PackExaminer> queue(options_.threads, 4,
                                [&] { return std::make_unique<PackExaminer>(packs); });
  for (std::uint32_t number = 0; number < index_.packs().size(); ++number) {
    if (progress_.stop) break;
    const auto read = [this, number](PackExaminer& examiner) {
      read_pack(number, examiner, options_.open_data);
      ++progress_.packs;
    };
    // Of a recovered pack there is nothing to compare with.
    const bool has_digest = !index_.packs()[number].is_recovered;
    if (has_digest && !absent_.contains(number)) queue.add(read);
  }
  queue.finish();
}

// Packs whose digest is not what it was: which of their chunks?
void PackCheck::name_damaged_chunks() {
  PackFiles packs(repository_, index_);
  PackExaminer examiner(packs);
  if (options_.read_data || options_.open_data) suspects_.insert(absent_.begin(), absent_.end());
  // What was found damaged before is looked at again, whatever else is read: it may be mended, or
  // have been a disk that could not be read for a while.
  for (const BadPack& bad : recorded_) {
    const PackInfo* pack = index_.find_pack(bad.pack);
    if (!pack || pack->is_recovered) continue;
    const auto number = static_cast<std::uint32_t>(pack - index_.packs().data());
    if (!absent_.contains(number)) suspects_.insert(number);
  }
  for (const auto& [number, verdict] : verdicts_) suspects_.erase(number);
  for (const std::uint32_t number : suspects_) read_pack(number, examiner, true);
}

void PackCheck::read_pack(std::uint32_t number, PackExaminer& examiner, bool opening) {
  const PackInfo& pack = index_.packs()[number];
  const PackVerdict verdict = examiner.examine(pack, opening, [&](std::size_t bytes) {
    progress_.bytes += bytes;
    return !progress_.stop;
  });
  if (progress_.stop) return;
  std::lock_guard lock(mutex_);
  if (opening == options_.open_data) result_.read_bytes += pack.size_bytes;
  if (verdict.ok()) {
    whole_.insert(pack.id);
  } else if (!opening) {
    progress_.expected_bytes += pack.size_bytes;
    suspects_.insert(number);
  } else {
    verdicts_.emplace_back(number, verdict);
  }
}

// What is bad, by this reading or by the records of earlier ones, counts for no snapshot; and
// others learn of it.
void PackCheck::weigh_damage() {
  for (const auto& [number, verdict] : verdicts_) {
    const PackInfo& pack = index_.packs()[number];
    const bool is_gone = verdict.fault && verdict.fault->code == Errc::kNotFound;
    if (is_gone && (absent_.contains(number) || was_deleted(pack.id))) continue;
    const std::string name = name_of(ObjectType::kPack, pack.id);
    for (const IndexEntry* entry : verdict.bad) {
      add_damage("chunk " + to_hex(entry->id), "damaged in " + name);
    }
    const bool is_named = !verdict.bad.empty() || absent_.contains(number);
    if (!is_named) add_damage(name, verdict.fault->message);
    const BadPack bad = verdict.as_damage(pack);
    index_.distrust({bad});
    judged_.insert(pack.id);
    std::erase_if(found_, [&](const BadPack& found) { return found.pack == pack.id; });
    // What is sealed to keys that are not at hand is not damaged.
    if (!verdict.is_locked) found_.push_back(bad);
  }
  for (const std::uint32_t number : absent_) {
    const Id& pack = index_.packs()[number].id;
    if (!judged_.contains(pack)) index_.distrust(pack);
  }
  if (!found_.empty()) (void)record_damage(repository_, found_);
  for (const BadPack& bad : recorded_) add_recorded(bad);
}

// Unless this reading knows better.
void PackCheck::add_recorded(const BadPack& bad) {
  const PackInfo* pack = index_.find_pack(bad.pack);
  if (!pack || judged_.contains(bad.pack) || pack->is_bad) return;
  const bool names_chunks = std::any_of(bad.chunks.begin(), bad.chunks.end(),
                                        [](const Id& id) { return id != kPackFrame; });
  // Without the private key nobody sees a chunk that was written wrong.
  if (whole_.contains(bad.pack) && (!names_chunks || repository_.keys().can_read())) return;
  index_.distrust({bad});
  const std::string name = name_of(ObjectType::kPack, bad.pack);
  for (const Id& id : bad.chunks) {
    if (id != kPackFrame) add_damage("chunk " + to_hex(id), "was found damaged in " + name);
  }
  if (!names_chunks) add_damage(name, "was found damaged");
}

bool PackCheck::was_noted(const Id& pack) {
  const auto journal = read_journal(repository_);
  // That it is damaged is told apart from this.
  if (!journal.ok()) return journal.error().code == Errc::kCorrupt;
  return std::any_of(journal->begin(), journal->end(), [&](const JournalEntry& entry) {
    return std::any_of(entry.deletions.begin(), entry.deletions.end(), [&](const Deletion& gone) {
      return gone.type == ObjectType::kPack && gone.id == pack;
    });
  });
}

bool PackCheck::was_deleted(const Id& pack) {
  std::vector<Damage> ignored;
  const auto index = load_index_unjudged(repository_, ignored);
  return index.ok() && !index->find_pack(pack);
}

}  // namespace backcast::store
