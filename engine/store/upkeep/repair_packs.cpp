#include <algorithm>
#include <map>
#include <set>

#include "engine/store/packs/index_rewrite.h"
#include "engine/store/packs/pack_check.h"
#include "engine/store/repository/aside.h"
#include "engine/store/repository/journal.h"
#include "engine/store/snapshots/presence.h"
#include "engine/store/snapshots/publish.h"
#include "engine/store/upkeep/repair_work.h"

namespace backcast::store {
namespace {

// The digest that the index is to have of a pack: of its bytes as they are.
Result<Tag> digest_of(Repository& repository, const Id& pack) {
  BACKCAST_TRY(const auto file, repository.folder().open(name_of(ObjectType::kPack, pack)));
  PackDigest digest(repository.keys().digest_key(), pack);
  std::vector<std::uint8_t> buffer(1 << 20);
  for (std::uint64_t at = 0;;) {
    BACKCAST_TRY(const std::size_t got, file->read_at(at, buffer));
    digest.add(ByteView(buffer).first(got));
    at += got;
    if (got < buffer.size()) return digest.finish();
  }
}

// A pack by its own table, without the chunks of it that do not open. Its digest is that of today:
// without the private key nobody notices what changed before.
Result<Pack> read_lost_pack(Repository& repository, const Id& id) {
  BACKCAST_TRY(Pack pack, read_pack_table(repository, id));
  BACKCAST_TRY(pack.digest, digest_of(repository, id));
  Index alone;
  alone.add(pack, Id(), false);
  PackFiles files(repository, alone);
  const PackVerdict verdict = PackExaminer(files).examine(alone.packs()[0], true);
  if (verdict.fault) return *verdict.fault;
  for (const IndexEntry* bad : verdict.bad) {
    std::erase_if(pack.blobs, [&](const Blob& blob) { return blob.id == bad->id; });
  }
  return pack;
}

// The packs' part of a repair.
class PackRepair {
 public:
  PackRepair(RepairWork& work, Index& index)
      : work_(work), repository_(work.repository), index_(index) {}

  Status run() {
    BACKCAST_TRY(recorded_, load_damage(repository_));
    BACKCAST_CHECK(look());
    BACKCAST_TRY(const Need need, need_now());
    for (const auto& [number, finding] : findings_) weigh(number, finding, need);
    if (work_.options.dry_run) return kOk;
    BACKCAST_CHECK(move_whole_chunks());
    BACKCAST_CHECK(drop());
    return renew_records();
  }

 private:
  struct Finding {
    PackVerdict verdict;
    bool is_missing = false;
    // By this look alone: that a disk did not answer before is no proof.
    bool is_bad(const IndexEntry& entry) const {
      return is_missing ||
             std::find(verdict.bad.begin(), verdict.bad.end(), &entry) != verdict.bad.end();
    }
  };

  Status look() {
    std::set<std::uint32_t> suspects;
    for (const PackFault& fault : look_at_packs(repository_, index_)) {
      suspects.insert(fault.pack);
      if (fault.is_missing) findings_[fault.pack].is_missing = true;
    }
    for (const BadPack& bad : recorded_) {
      if (const PackInfo* pack = index_.find_pack(bad.pack)) suspects.insert(number_of(*pack));
    }
    for (std::uint32_t i = 0; work_.options.read_data && i < index_.packs().size(); ++i) {
      suspects.insert(i);
    }
    PackFiles packs(repository_, index_);
    PackExaminer examiner(packs);
    std::vector<BadPack> bad;
    for (const std::uint32_t number : suspects) {
      BACKCAST_CHECK(work_.check_stop());
      const PackInfo& pack = index_.packs()[number];
      Finding finding;
      finding.is_missing = findings_.contains(number);
      if (pack.is_recovered && !finding.is_missing) continue;  // with dry_run
      if (!finding.is_missing) {
        finding.verdict = examiner.examine(pack, true, [&](std::size_t bytes) {
          work_.progress.bytes += bytes;
          return !work_.progress.stop;
        });
        BACKCAST_CHECK(work_.check_stop());
        if (finding.verdict.ok()) continue;
      }
      bad.push_back(finding.is_missing ? BadPack{pack.id, {}} : finding.verdict.as_damage(pack));
      findings_[number] = std::move(finding);
    }
    index_.distrust(bad);
    return kOk;
  }

  std::uint32_t number_of(const PackInfo& pack) const {
    return static_cast<std::uint32_t>(&pack - index_.packs().data());
  }

  Result<Need> need_now() {
    std::vector<Error> damaged;
    BACKCAST_TRY(const auto snapshots, load_snapshots(repository_, &damaged));
    PackFiles packs(repository_, index_);
    return needed_by(packs, snapshots);
  }

  // Drop it, or leave it for somebody who knows more?
  void weigh(std::uint32_t number, const Finding& finding, const Need& need) {
    const PackInfo& pack = index_.packs()[number];
    bool is_worth_keeping = finding.verdict.is_locked;
    std::uint64_t lost = 0;
    std::vector<const IndexEntry*> whole;
    for (const IndexEntry& entry : index_.entries_of(pack)) {
      const IndexEntry* best = index_.find(entry.id);
      const bool has_better = best != &entry && !index_.is_bad(*best);
      if (has_better) continue;
      const bool is_needed = need.entries[index_.number_of(*best)];
      if (!finding.is_missing && !finding.verdict.is_told) {
        is_worth_keeping |= is_needed || !need.is_known();
      } else if (finding.is_bad(entry)) {
        lost += best == &entry && is_needed ? 1 : 0;
      } else {
        whole.push_back(&entry);
      }
    }
    const std::string name = name_of(ObjectType::kPack, pack.id);
    if (is_worth_keeping) {
      const bool lacks_key = !repository_.keys().can_read();
      work_.result.left.push_back({name, finding.verdict.fault->message +
                                             (lacks_key ? "; with the passphrase repair keeps what "
                                                          "of it is whole"
                                                        : "")});
      if (!finding.verdict.is_locked) left_.push_back(finding.verdict.as_damage(pack));
      return;
    }
    ++(finding.is_missing ? work_.result.missing_packs : work_.result.damaged_packs);
    work_.result.lost_chunks += lost;
    work_.result.moved_chunks += whole.size();
    if (!whole.empty()) moves_.emplace_back(number, std::move(whole));
    dropped_.emplace_back(number, finding.is_missing);
  }

  // As they are sealed. The pack is damaged, so its digest is wrong; what is taken was opened.
  Status move_whole_chunks() {
    PackFiles packs(repository_, index_);
    ChunkStore store(repository_, index_);
    ScanRoom room;
    for (const auto& move : moves_) {
      const PackInfo& pack = index_.packs()[move.first];
      const auto& whole = move.second;
      std::size_t taken = 0;
      const auto take = [&](const IndexEntry& entry, ByteView sealed) -> Status {
        if (!std::binary_search(whole.begin(), whole.end(), &entry)) return kOk;
        ++taken;
        return store.sink().append({entry.label(), pack.keys[entry.key], sealed});
      };
      const auto scanned = scan_pack(packs, pack, room, take);
      if (!scanned.ok() && scanned.error().code != Errc::kCorrupt) return scanned;
      if (taken < whole.size()) {
        return failed(name_of(ObjectType::kPack, pack.id) + " cannot be read a second time",
                      "run repair again");
      }
    }
    BACKCAST_TRY(const auto written, commit_packs(store));
    (void)written;
    return kOk;
  }

  // Journal, files, index: until the index is without them, what is bad is distrusted by damage/.
  Status drop() {
    if (dropped_.empty()) return kOk;
    JournalEntry journal{repository_.env().now(), {}};
    PackSet gone;
    for (const auto& [number, is_missing] : dropped_) {
      const PackInfo& pack = index_.packs()[number];
      journal.deletions.push_back({ObjectType::kPack, pack.id, pack.created, pack.size_bytes});
      gone.insert(pack.id);
    }
    BACKCAST_CHECK(write_journal(repository_, journal));
    for (const auto& [number, is_missing] : dropped_) {
      if (is_missing) continue;
      const Id& id = index_.packs()[number].id;
      const std::string what = findings_[number].verdict.fault
                                   ? findings_[number].verdict.fault->message
                                   : "holds chunks that do not open";
      BACKCAST_TRY(const std::string name, set_bad_aside(repository_, ObjectType::kPack, id));
      work_.result.set_aside.push_back({name, what});
    }
    return rewrite_index(repository_, index_, gone);
  }

  // Records of what could not be mended come first, then the old ones go.
  Status renew_records() {
    Objects& objects = repository_.objects();
    const auto old = objects.list(ObjectType::kDamage);
    if (!old.ok() && old.error().code == Errc::kNotFound) return kOk;
    if (!old.ok()) return old.error();
    if (old->empty()) return kOk;
    // Those that no index lists: see list_lost_packs.
    for (const BadPack& bad : recorded_) {
      const bool is_there = repository_.folder().stat(name_of(ObjectType::kPack, bad.pack)).ok();
      const bool is_known = index_.find_pack(bad.pack) || repository_.keys().can_read();
      if (is_there && !is_known) left_.push_back(bad);
    }
    if (!left_.empty()) {
      BACKCAST_CHECK(
          objects.publish(ObjectType::kDamage, random_id(), as_bytes(encode_damage(left_))));
    }
    for (const Id& id : *old) BACKCAST_CHECK(objects.remove(ObjectType::kDamage, id));
    work_.result.mended_records = recorded_.size() - std::min(recorded_.size(), left_.size());
    return repository_.folder().sync_folder(folder_of(ObjectType::kDamage));
  }

  RepairWork& work_;
  Repository& repository_;
  Index& index_;
  std::vector<BadPack> recorded_, left_;
  std::map<std::uint32_t, Finding> findings_;
  std::vector<std::pair<std::uint32_t, std::vector<const IndexEntry*>>> moves_;
  std::vector<std::pair<std::uint32_t, bool>> dropped_;  // pack, is it missing
};

}  // namespace

Status list_lost_packs(RepairWork& work, Index& index) {
  Repository& repository = work.repository;
  BACKCAST_TRY(const auto files, repository.objects().list(ObjectType::kPack));
  BACKCAST_TRY(const auto recorded, load_damage(repository));
  std::vector<Pack> found;
  for (const Id& id : files) {
    BACKCAST_CHECK(work.check_stop());
    if (const PackInfo* known = index.find_pack(id); known && !known->is_recovered) continue;
    // Its bytes as they are must not become what they should be.
    const bool is_bad = std::any_of(recorded.begin(), recorded.end(),
                                    [&](const BadPack& bad) { return bad.pack == id; });
    if (is_bad && !repository.keys().can_read()) {
      work.result.left.push_back(
          {name_of(ObjectType::kPack, id),
           "was found damaged, and no index lists it; with the passphrase repair lists what of it "
           "is whole"});
      continue;
    }
    // Not whole: what a backup leaves that was interrupted, or is still at work. Prune removes it.
    auto pack = read_lost_pack(repository, id);
    if (pack.ok()) found.push_back(*std::move(pack));
  }
  work.result.listed_packs = found.size();
  if (found.empty()) return kOk;
  const Id object = random_id();
  if (!work.options.dry_run) {
    return repository.objects().publish(ObjectType::kIndex, object, as_bytes(encode_packs(found)));
  }
  std::erase_if(found, [&](const Pack& pack) { return index.find_pack(pack.id) != nullptr; });
  for (Pack& pack : found) index.add(std::move(pack), object, false);
  return kOk;
}

Status repair_packs(RepairWork& work, Index& index) {
  return PackRepair(work, index).run();
}

}  // namespace backcast::store
