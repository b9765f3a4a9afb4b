#include "engine/store/check.h"

#include <algorithm>
#include <thread>
#include <unordered_set>

#include "engine/store/browse.h"
#include "engine/store/forgotten.h"
#include "engine/store/head.h"
#include "engine/store/journal.h"
#include "engine/store/lease.h"
#include "engine/store/mark.h"
#include "engine/store/pack_scan.h"
#include "engine/store/task_queue.h"

namespace backcast::store {
namespace {

using IdSet = std::unordered_set<Id, IdHash>;

class Checking {
 public:
  Checking(Repository& repository, const CheckOptions& options, CheckProgress& progress)
      : repository_(repository), options_(options), progress_(progress) {}

  Result<CheckResult> run() {
    BACKCAST_CHECK(load_index());
    BACKCAST_CHECK(look_for_packs());
    if (options_.open_data) BACKCAST_CHECK(repository_.unlock());
    if (options_.read_data || options_.open_data) read_packs();
    // Reading takes its time, in which the keys are unlocked.
    if (repository_.is_unlocking()) BACKCAST_CHECK(repository_.unlock());
    name_damaged_chunks();
    BACKCAST_TRY(const SnapshotNames names, list_snapshot_names(repository_));
    const std::vector<Id>& ids = names.live;
    result_.forgotten = names.forgotten.size();
    for (const std::string& name : names.foreign) add_damage(name, "not what its name says");
    result_.opened_trees = repository_.keys().can_read();
    result_.opened_data = options_.open_data;
    for (const Id& id : ids) {
      if (progress_.stop) return Error{Errc::kInterrupted, "interrupted", {}, {}};
      BACKCAST_CHECK(check_snapshot(id));
    }
    BACKCAST_CHECK(look_for_missing_snapshots(names));
    if (auto current = repository_.config_is_current(); !current.ok()) {
      add_damage("config", current.error().message);
    }
    result_.chunks = index_.entries().size();
    return std::move(result_);
  }

 private:
  // What one thread needs to scan packs.
  struct Scanner {
    explicit Scanner(PackFiles& packs)
        : cipher(packs.repository().config().project, packs.repository().keys().chunk_id_key()) {}
    ScanRoom room;
    ChunkCipher cipher;
    Decompressor decompressor;
    std::vector<std::uint8_t> packed, plain;
  };

  void add_damage(std::string object, std::string what) {
    std::lock_guard lock(mutex_);
    result_.damage.push_back({std::move(object), std::move(what)});
  }

  // Like Repository::load_index, but goes on past damaged objects.
  Status load_index() {
    BACKCAST_TRY(const auto ids, repository_.objects().list(ObjectType::kIndex));
    IdSet condemned;
    if (auto marks = load_marks(repository_); marks.ok()) {
      for (const Mark& mark : *marks) condemned.insert(mark.packs.begin(), mark.packs.end());
    } else {
      add_damage("marks", marks.error().message);
    }
    for (const Id& id : ids) {
      auto plain = repository_.objects().load(ObjectType::kIndex, id);
      if (!plain.ok() && plain.error().code == Errc::kNotFound) continue;  // prune replaced it
      auto packs = plain.ok() ? decode_packs(as_bytes(*plain)) : plain.error();
      if (!packs.ok()) {
        add_damage(name_of(ObjectType::kIndex, id), packs.error().message);
        continue;
      }
      for (Pack& pack : *packs) index_.add(std::move(pack), id, condemned.contains(pack.id));
    }
    return kOk;
  }

  Status look_for_packs() {
    BACKCAST_TRY(const auto files, repository_.objects().list(ObjectType::kPack));
    const IdSet listed(files.begin(), files.end());
    for (std::uint32_t number = 0; number < index_.packs().size(); ++number) {
      const PackInfo& pack = index_.packs()[number];
      ++result_.packs;
      result_.stored_bytes += pack.size_bytes;
      const std::string name = name_of(ObjectType::kPack, pack.id);
      auto info = repository_.folder().stat(name);
      if (!info.ok()) {
        add_damage(name, info.error().message);
        bad_packs_.insert(number);
      } else if (info->size_bytes != pack.size_bytes) {
        add_damage(name, "has " + std::to_string(info->size_bytes) + " bytes, not " +
                             std::to_string(pack.size_bytes));
        if (!options_.read_data && !options_.open_data) bad_packs_.insert(number);
      }
    }
    result_.orphans = static_cast<std::uint64_t>(std::count_if(
        files.begin(), files.end(), [&](const Id& id) { return !index_.find_pack(id); }));
    return kOk;
  }

  void read_packs() {
    progress_.expected_bytes = result_.stored_bytes;
    PackFiles packs(repository_, index_);
    TaskQueue<Scanner> queue(options_.threads, 4, [&] { return std::make_unique<Scanner>(packs); });
    for (std::uint32_t number = 0; number < index_.packs().size(); ++number) {
      if (progress_.stop) break;
      if (bad_packs_.contains(number)) continue;
      queue.add([this, &packs, number](Scanner& scanner) {
        read_pack(packs, number, scanner, options_.open_data);
      });
    }
    queue.finish();
  }

  // Packs whose digest is not what it was: which of their chunks?
  void name_damaged_chunks() {
    PackFiles packs(repository_, index_);
    Scanner scanner(packs);
    for (const std::uint32_t number : suspects_) read_pack(packs, number, scanner, true);
  }

  void read_pack(PackFiles& packs, std::uint32_t number, Scanner& scanner, bool opening) {
    const PackInfo& pack = index_.packs()[number];
    bool named = false;  // chunks of it were found damaged
    std::uint32_t seen = 0;
    const auto on_chunk = [&](const IndexEntry& entry, ByteView sealed) -> Status {
      progress_.bytes += sealed.size();
      ++seen;
      if (progress_.stop) return Error{Errc::kInterrupted, "interrupted", {}, {}};
      const bool can_open = opening && (repository_.keys().can_read() ||
                                        index_.packs()[entry.pack].keys[entry.key].is_derived);
      if (can_open && !opens(packs, entry, sealed, scanner)) {
        named = true;
        std::lock_guard lock(mutex_);
        bad_chunks_.insert(entry.id);
        result_.damage.push_back(
            {"chunk " + to_hex(entry.id), "damaged in " + name_of(ObjectType::kPack, pack.id)});
      }
      return kOk;
    };
    const auto scanned = scan_pack(packs, pack, scanner.room, on_chunk);
    if (opening == options_.open_data) {
      ++progress_.packs;
      std::lock_guard lock(mutex_);
      result_.read_bytes += pack.size_bytes;
    }
    if (scanned.ok() || scanned.error().code == Errc::kInterrupted) return;
    if (!opening) {
      progress_.expected_bytes += pack.size_bytes;
      std::lock_guard lock(mutex_);
      suspects_.push_back(number);
      return;
    }
    if (!named) add_damage(name_of(ObjectType::kPack, pack.id), scanned.error().message);
    // Without the private key nobody can tell which of its chunks are affected.
    if (repository_.keys().can_read() && seen == pack.entries) return;
    std::lock_guard lock(mutex_);
    bad_packs_.insert(number);
  }

  bool opens(PackFiles& packs, const IndexEntry& entry, ByteView sealed, Scanner& scanner) {
    auto key = packs.data_key(entry.pack, entry.key);
    if (!key.ok()) return false;
    scanner.cipher.set_key(*key);
    scanner.packed.resize(kMaxChunkBytes);
    scanner.plain.resize(kMaxChunkBytes);
    const ByteSpan plain = ByteSpan(scanner.plain).first(entry.plain_bytes);
    std::uint8_t* const opened = entry.is_compressed() ? scanner.packed.data() : plain.data();
    if (!scanner.cipher.open(entry.label(), sealed, opened)) return false;
    if (entry.is_compressed() &&
        !scanner.decompressor.decompress({opened, sealed.size() - kTagBytes}, plain)) {
      return false;
    }
    return scanner.cipher.id_of(entry.kind, plain) == entry.id;
  }

  // Every snapshot gets at most the number of those made before it, plus one. So a number beyond
  // those that are here or were forgotten says that some vanished; for the newest its head does.
  Status look_for_missing_snapshots(const SnapshotNames& names) {
    auto journal = read_journal(repository_);
    if (!journal.ok()) {
      add_damage("journal", journal.error().message);
      return kOk;
    }
    IdSet made(names.live.begin(), names.live.end());
    for (const Forgotten& forgotten : names.forgotten) made.insert(forgotten.id);
    for (const JournalEntry& entry : *journal) {
      for (const Deletion& deletion : entry.deletions) {
        if (deletion.type == ObjectType::kSnapshot) made.insert(deletion.id);
      }
    }
    std::uint64_t missing = newest_sequence_ > made.size() ? newest_sequence_ - made.size() : 0;
    BACKCAST_TRY(const auto heads, read_heads(repository_));
    for (const Id& id : heads) {
      auto head = repository_.objects().load(ObjectType::kHead, id);
      if (!head.ok() && head.error().code == Errc::kNotFound) continue;  // a newer one came
      if (!head.ok()) add_damage(name_of(ObjectType::kHead, id), head.error().message);
      if (made.contains(id)) continue;
      // Published since the listing, perhaps.
      if (repository_.objects().load(ObjectType::kSnapshot, id).ok()) continue;
      add_damage(name_of(ObjectType::kSnapshot, id), "missing: neither here nor forgotten");
      if (missing > 0) --missing;
    }
    if (missing > 0) {
      add_damage("snapshots", std::to_string(missing) + " missing: neither here nor forgotten");
    }
    return kOk;
  }

  // Empty if the chunk is fine as far as it was looked at.
  std::string fault_of(const Id& id, BlobKind kind) const {
    const IndexEntry* entry = index_.find(id);
    if (!entry || entry->kind != kind) return "chunk " + to_hex(id) + " is missing";
    if (bad_chunks_.contains(id)) return "chunk " + to_hex(id) + " is damaged";
    if (bad_packs_.contains(entry->pack)) {
      return name_of(ObjectType::kPack, index_.packs()[entry->pack].id) + " is damaged or missing";
    }
    return {};
  }

  Status check_snapshot(const Id& id) {
    auto snapshot = load_snapshot(repository_, id);
    if (!snapshot.ok() && snapshot.error().code == Errc::kNotFound) return kOk;
    ++result_.snapshots;
    const std::string name = to_hex(id);
    if (!snapshot.ok()) {
      result_.damage.push_back({name_of(ObjectType::kSnapshot, id), snapshot.error().message});
      result_.affected.push_back({name, "", "the snapshot itself is damaged"});
      return kOk;
    }
    newest_sequence_ = std::max(newest_sequence_, snapshot->sequence);
    PackFiles packs(repository_, index_);
    std::string fault = structure_fault(packs, *snapshot);
    bool named_files = false;
    if (repository_.keys().can_read()) {
      const std::string tree_fault = tree_faults(packs, *snapshot, !fault.empty(), named_files);
      if (fault.empty()) fault = tree_fault;
    }
    if (fault.empty() && !named_files) {
      result_.intact.push_back(name);
    } else if (!named_files) {
      result_.affected.push_back({name, "", fault});
    }
    return kOk;
  }

  std::string structure_fault(PackFiles& packs, const Snapshot& snapshot) const {
    std::string fault;
    const auto note = [&](const Id& id, BlobKind kind) {
      if (fault.empty()) fault = fault_of(id, kind);
    };
    for (const Id& id : snapshot.tree) note(id, BlobKind::kTree);
    for (const Id& id : snapshot.references) note(id, BlobKind::kReferences);
    if (!fault.empty()) return fault;
    BlobReader reader(packs);
    std::uint64_t count = 0;
    for (const Id& chunk : snapshot.references) {
      auto visited = visit_reference_chunk(reader, snapshot, chunk, [&](const Id& id) {
        ++count;
        note(id, BlobKind::kData);
      });
      if (!visited.ok()) return visited.error().message;
    }
    if (fault.empty() && count != snapshot.reference_count)
      return "its reference list is not whole";
    return fault;
  }

  // Empty if the chunks of one file are fine.
  Result<std::string> file_fault(Content& content) const {
    while (content.chunks_left() > 0) {
      const auto ids = content.take(1024);
      if (!ids.ok() && ids.error().code == Errc::kCorrupt) return ids.error().message;
      if (!ids.ok()) return ids.error();
      for (const Id& id : *ids) {
        if (std::string fault = fault_of(id, BlobKind::kData); !fault.empty()) return fault;
      }
    }
    return std::string();
  }

  // Reads the tree; if something is known to be wrong, names the files.
  std::string tree_faults(PackFiles& packs, const Snapshot& snapshot, bool name_files,
                          bool& named_files) {
    std::string last = "/";
    const auto entry = [&](const std::string& path, source::Node&, Content& content) -> Status {
      last = '/' + path;
      if (!name_files) return kOk;
      BACKCAST_TRY(const std::string fault, file_fault(content));
      if (fault.empty()) return kOk;
      named_files = true;
      result_.affected.push_back({to_hex(snapshot.id), last, fault});
      return kOk;
    };
    const auto lost = [&](const Error& why) {
      named_files = true;
      result_.affected.push_back(
          {to_hex(snapshot.id), last, "entries after it are lost: " + why.message});
    };
    const auto browsed = browse(packs, snapshot, {nullptr, entry, lost});
    if (browsed.ok()) return {};
    named_files = false;
    return "its tree cannot be read: " + browsed.error().message;
  }

  Repository& repository_;
  const CheckOptions& options_;
  CheckProgress& progress_;
  Index index_;
  std::mutex mutex_;
  std::unordered_set<std::uint32_t> bad_packs_;
  std::vector<std::uint32_t> suspects_;
  IdSet bad_chunks_;
  CheckResult result_;
  std::uint64_t newest_sequence_ = 0;
};

}  // namespace

Result<CheckResult> check(Repository& repository, const CheckOptions& given,
                          CheckProgress& progress) {
  CheckOptions options = given;
  if (options.threads == 0) options.threads = std::max(1u, std::thread::hardware_concurrency());
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  return Checking(repository, options, progress).run();
}

}  // namespace backcast::store
