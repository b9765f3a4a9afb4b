#include "engine/store/work/restore.h"

#include <algorithm>
#include <cstdlib>

#include "engine/base/harmless.h"
#include "engine/base/text.h"
#include "engine/env/accounts.h"
#include "engine/source/tar.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/repository/lease.h"
#include "engine/store/repository/task_queue.h"
#include "engine/store/snapshots/tree.h"

namespace backcast::store {
namespace {

using source::Node;
using source::NodeKind;

// Small files travel in groups of about this much content; large ones in pieces of exactly this
// much, at multiples of it, so that they can bypass the page cache.
constexpr std::uint64_t kPieceBytes = 4 << 20;
constexpr std::uint64_t kGroupBytes = 1 << 20;
constexpr std::size_t kGroupFiles = 64;
constexpr std::size_t kQueuedTasks = 32;

// A thread's reader, and room for one piece with a chunk that begins before and one that ends
// after it.
struct Worker {
  static constexpr std::size_t kRoomBytes = kPieceBytes + 2 * kMaxChunkBytes;
  struct Free {
    void operator()(std::uint8_t* p) const { std::free(p); }
  };
  explicit Worker(PackFiles& packs) : reader(packs) {}

  std::uint8_t* room() {
    if (!bytes) bytes.reset(static_cast<std::uint8_t*>(std::aligned_alloc(4096, kRoomBytes)));
    return bytes.get();
  }
  BlobReader reader;
  std::unique_ptr<std::uint8_t, Free> bytes;
};

struct SmallFile {
  std::string path;
  Node node;
  std::vector<Id> ids;
};

// One stretch of a large file: the chunks that cover it and where the first of them begins.
struct Piece {
  std::uint64_t begin = 0, end = 0, first_chunk_at = 0;
  std::vector<const IndexEntry*> chunks;
};

struct LargeFile {
  std::string path;
  std::unique_ptr<source::RestoreFile> file;
  std::atomic<std::uint64_t> pieces_left{1};  // and the producer
  std::atomic<bool> failed{false};
};

class Restoration {
 public:
  Restoration(PackFiles& packs, source::Restorer& restorer, const RestoreRequest& request,
              RestoreProgress& progress)
      : packs_(packs),
        locator_(packs),
        restorer_(restorer),
        selection_(request.selection),
        progress_(progress),
        queue_(std::max(1u, request.threads), kQueuedTasks,
               [&packs] { return std::make_unique<Worker>(packs); }) {}

  Status run(const Snapshot& snapshot) {
    const Browser browser{[&](const std::string& path) { return begin_listing(path); },
                          [&](const std::string& path, Node& node, Content& content) {
                            return add_entry(path, node, content);
                          },
                          [&](const Error& why) { tree_is_damaged(why); }};
    auto browsed = browse(packs_, snapshot, browser);
    send_group();
    queue_.finish();
    return browsed;
  }
  bool found() const { return found_; }
  std::vector<source::Problem> take_failures() { return std::move(failures_); }
  std::vector<std::string> take_notes() { return std::move(notes_); }

 private:
  void fail(const std::string& path, const Error& error) {
    std::lock_guard lock(mutex_);
    failures_.push_back({'/' + path, error.message});
  }

  // What is damaged is not restored; what comes after it is.
  Status pass_over(const std::string& path, const Error& error) {
    if (error.code != Errc::kCorrupt) return error;
    fail(path, error);
    return kOk;
  }

  void tree_is_damaged(const Error& why) {
    lost_ = true;
    fail("", Error{why.code,
                   "a part of the tree is damaged, what it listed is not restored: " + why.message,
                   {},
                   {}});
  }

  // What stands above the selection stays as it is.
  source::Standing standing(const std::string& path) const {
    return selection_.includes(path) ? source::Standing::kRestored : source::Standing::kAsItIs;
  }

  // The entry of a folder may be missing where its listing is not: it vanished while its children
  // were saved, or it is damaged.
  Result<std::shared_ptr<source::RestoreFolder>> open_folder(const std::string& path) {
    auto folder = restorer_.folder(path);
    if (folder.ok() || path.empty() || folder.error().code != Errc::kNotFound) return folder;
    const auto slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : path.substr(0, slash);
    BACKCAST_TRY(const auto above, open_folder(parent));
    Node node;
    node.kind = NodeKind::kFolder;
    node.name = path.substr(parent.empty() ? 0 : parent.size() + 1);
    node.mode = 0700;
    node.uid = env::effective_user();
    node.gid = env::effective_group();
    node.mtime_ns = packs_.repository().env().now().time_since_epoch().count();
    const bool leads = standing(path) == source::Standing::kAsItIs;
    BACKCAST_CHECK(restorer_.make_folder(
        *above, node, leads ? source::Standing::kAsItIs : source::Standing::kNotListed));
    if (lost_) {
      fail(path, Error{Errc::kCorrupt, "owner, mode and times of this folder are lost", {}, {}});
    } else {
      notes_.push_back(printable('/' + path, 4096) +
                       ": owner, mode and times of this folder were not saved, for it vanished "
                       "during the backup; it has those of a new folder");
    }
    return restorer_.folder(path);
  }

  Status begin_listing(const std::string& path) {
    send_group();
    folder_.reset();
    if (progress_.stop)
      return Error{Errc::kInterrupted, "interrupted; the target is incomplete", {}, {}};
    if (!selection_.touches(path)) return kOk;
    auto folder = open_folder(path);
    if (folder.ok()) {
      folder_ = *folder;
    } else {
      fail(path, folder.error());
    }
    return kOk;
  }

  Status add_entry(const std::string& path, Node& node, Content& content) {
    const bool chosen = selection_.includes(path);
    found_ = found_ || chosen;
    if (!folder_) return kOk;
    if (node.kind == NodeKind::kFolder) {
      if (!selection_.touches(path)) return kOk;
      auto made = restorer_.make_folder(*folder_, node, standing(path));
      if (!made.ok()) fail(path, made.error());
      return kOk;
    }
    if (!chosen) return kOk;
    if (node.kind != NodeKind::kFile) {
      if (auto made = restorer_.write_other(*folder_, node); !made.ok()) fail(path, made.error());
      return kOk;
    }
    if (node.content_bytes() > kGroupBytes) return add_large(path, node, content);
    auto ids = content.take(content.chunks_left());
    if (!ids.ok()) return pass_over(path, ids.error());
    group_bytes_ += node.content_bytes();
    group_.push_back({path, std::move(node), *std::move(ids)});
    if (group_bytes_ >= kGroupBytes || group_.size() == kGroupFiles) send_group();
    return kOk;
  }

  void send_group() {
    if (group_.empty()) return;
    auto files = std::make_shared<std::vector<SmallFile>>(std::move(group_));
    queue_.add([this, files, folder = folder_](Worker& worker) {
      for (const SmallFile& file : *files) {
        if (auto done = write_small(worker, folder, file); !done.ok()) {
          fail(file.path, done.error());
        }
      }
    });
    group_.clear();
    group_bytes_ = 0;
  }

  Status write_small(Worker& worker, const std::shared_ptr<source::RestoreFolder>& folder,
                     const SmallFile& file) {
    const std::uint64_t size = file.node.content_bytes();
    const ByteSpan room(worker.room(), Worker::kRoomBytes);
    std::uint64_t at = 0;
    for (const Id& id : file.ids) {
      BACKCAST_TRY(const IndexEntry* entry, worker.reader.locate(id, BlobKind::kData));
      if (entry->plain_bytes > size - at) return wrong_length();
      BACKCAST_CHECK(worker.reader.read_into(*entry, room.subspan(at, entry->plain_bytes)));
      at += entry->plain_bytes;
    }
    if (at != size) return wrong_length();
    BACKCAST_CHECK(restorer_.write_file(*folder, file.node, room.first(size)));
    progress_.files += 1;
    progress_.bytes += size;
    return kOk;
  }

  static Error wrong_length() {
    return Error{Errc::kCorrupt, "its chunks do not add up to its size", {}, {}};
  }

  // Cuts a large file into pieces at multiples of kPieceBytes. A chunk across a border belongs to
  // both.
  Status add_large(const std::string& path, const Node& node, Content& content) {
    auto begun = restorer_.begin_file(*folder_, node);
    if (!begun.ok()) {
      fail(path, begun.error());
      return kOk;
    }
    if (!*begun) return kOk;
    auto large = std::make_shared<LargeFile>();
    large->path = path;
    large->file = *std::move(begun);
    Piece piece;
    std::uint64_t at = 0;
    while (content.chunks_left() > 0 && !large->failed) {
      const auto ids = content.take(64);
      if (!ids.ok()) {
        if (ids.error().code != Errc::kCorrupt) return ids.error();
        give_up(*large, ids.error());
        break;
      }
      for (const Id& id : *ids) {
        auto entry = locator_.locate(id, BlobKind::kData);
        if (!entry.ok()) {
          give_up(*large, entry.error());
          break;
        }
        // What waits to be written is bounded by its chunks as well as by its bytes.
        if (piece.chunks.size() > most_chunks(kPieceBytes)) {
          give_up(*large, wrong_length());
          break;
        }
        piece.chunks.push_back(*entry);
        const std::uint64_t begin = at;
        at += (*entry)->plain_bytes;
        if (at >= piece.begin + kPieceBytes) {
          Piece next{piece.begin + kPieceBytes, 0, begin, {}};
          if (at > next.begin) next.chunks.push_back(*entry);
          if (at == next.begin) next.first_chunk_at = at;
          piece.end = next.begin;
          send_piece(large, std::move(piece));
          piece = std::move(next);
        }
      }
    }
    piece.end = at;
    if (at != node.content_bytes() && !large->failed) give_up(*large, wrong_length());
    if (piece.end > piece.begin) send_piece(large, std::move(piece));
    finish_piece(*large);
    return kOk;
  }

  void give_up(LargeFile& large, const Error& error) {
    if (!large.failed.exchange(true)) fail(large.path, error);
  }

  void send_piece(const std::shared_ptr<LargeFile>& large, Piece piece) {
    ++large->pieces_left;
    queue_.add([this, large, piece = std::move(piece)](Worker& worker) {
      if (!large->failed) {
        if (auto done = write_piece(worker, *large, piece); !done.ok()) {
          give_up(*large, done.error());
        }
      }
      finish_piece(*large);
    });
  }

  Status write_piece(Worker& worker, LargeFile& large, const Piece& piece) {
    std::uint8_t* const base = worker.room() + kMaxChunkBytes;  // where piece.begin goes
    std::uint64_t at = piece.first_chunk_at;
    for (const IndexEntry* entry : piece.chunks) {
      BACKCAST_CHECK(worker.reader.read_into(
          *entry, {base + static_cast<std::ptrdiff_t>(at - piece.begin), entry->plain_bytes}));
      at += entry->plain_bytes;
    }
    BACKCAST_CHECK(large.file->write_at(piece.begin, {base, piece.end - piece.begin}));
    progress_.bytes += piece.end - piece.begin;
    return kOk;
  }

  void finish_piece(LargeFile& large) {
    if (large.pieces_left.fetch_sub(1) != 1 || large.failed) return;
    auto done = restorer_.commit(*large.file);
    if (!done.ok()) return fail(large.path, done.error());
    progress_.files += 1;
  }

  PackFiles& packs_;
  BlobReader locator_;
  source::Restorer& restorer_;
  const Selection& selection_;
  RestoreProgress& progress_;
  std::shared_ptr<source::RestoreFolder> folder_;  // of the listing at hand; none: not selected
  std::vector<SmallFile> group_;
  std::uint64_t group_bytes_ = 0;
  bool found_ = false;
  bool lost_ = false;  // a part of the tree
  std::mutex mutex_;
  std::vector<source::Problem> failures_;
  std::vector<std::string> notes_;
  TaskQueue<Worker> queue_;
};

// The reference list opens without the private key: while that is unlocked, the disk can bring what
// will be needed first.
void read_ahead(PackFiles& packs, const Snapshot& snapshot) {
  constexpr std::uint64_t kAheadBytes = 1 << 30;
  constexpr std::size_t kAheadChunks = 1 << 17;  // a list may name a small one any number of times
  BlobReader reader(packs);
  std::vector<const IndexEntry*> wanted;
  std::uint64_t bytes = 0;
  const auto is_enough = [&] { return bytes >= kAheadBytes || wanted.size() >= kAheadChunks; };
  const auto want = [&](const Id& id) {
    const IndexEntry* entry = packs.index().find(id);
    if (!entry || is_enough()) return;
    bytes += entry->stored_bytes;
    wanted.push_back(entry);
  };
  for (const Id& id : snapshot.tree) want(id);
  for (const Id& chunk : snapshot.references) {
    if (is_enough()) break;
    // Damage is found again, and reported, when the tree is read.
    if (!visit_reference_chunk(reader, snapshot, chunk, want).ok()) break;
  }
  packs.will_read(std::move(wanted));
}

}  // namespace

Result<RestoreResult> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreRequest& given, RestoreProgress& progress) {
  RestoreRequest request = given;
  if (request.threads == 0) request.threads = std::max(1u, std::thread::hardware_concurrency());
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const Index index, load_index(repository));
  PackFiles packs(repository, index);
  if (request.selection.path().empty()) read_ahead(packs, snapshot);
  BACKCAST_CHECK(repository.unlock());
  BACKCAST_TRY(auto restorer,
               source::Restorer::open(repository.env(), request.target, request.writing));
  RestoreResult result;
  {
    Restoration restoration(packs, restorer, request, progress);
    // A damaged tree ends the way through it; what came before is still worth finishing.
    auto browsed = restoration.run(snapshot);
    if (!browsed.ok() && browsed.error().code != Errc::kCorrupt) return browsed.error();
    result.failures = restoration.take_failures();
    result.notes = restoration.take_notes();
    if (!browsed.ok()) {
      result.failures.push_back(
          {"/", "the tree is damaged from here on: " + browsed.error().message});
    } else if (!restoration.found() && !request.selection.path().empty()) {
      return Error{Errc::kNotFound,
                   harmless("/" + request.selection.path()) + " is not in the snapshot",
                   {},
                   "backcast ls lists what is"};
    }
  }
  if (auto finished = restorer.finish(); !finished.ok()) {
    result.failures.push_back({"/", finished.error().message});
  }
  if (request.sync) result.synced = restorer.sync();
  result.counts = restorer.counts();
  for (std::string& note : restorer.notes()) result.notes.push_back(std::move(note));
  for (std::string& note : packs.overcome()) result.notes.push_back(std::move(note));
  return result;
}

}  // namespace backcast::store
