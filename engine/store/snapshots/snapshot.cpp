#include "engine/store/snapshots/snapshot.h"

#include <algorithm>
#include <tuple>

#include "engine/base/text.h"
#include "engine/store/format/chunker.h"

namespace backcast::store {
namespace {

constexpr std::uint64_t kMaxTextBytes = 1 << 20;
enum Flag : std::uint8_t { kIsCopy = 1, kHasExpiry = 2 };

void append_texts(WireWriter& out, const std::vector<std::string>& texts) {
  out.varint(texts.size());
  for (const std::string& text : texts) out.bytes(text);
}

std::vector<std::string> read_texts(WireReader& in) {
  std::vector<std::string> texts;
  const std::uint64_t count = in.varint(kMaxTextBytes);
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) texts.emplace_back(in.bytes(kMaxTextBytes));
  return texts;
}

void append_ids(WireWriter& out, const std::vector<Id>& ids) {
  out.varint(ids.size());
  for (const Id& id : ids) out.fixed(view(id));
}

std::vector<Id> read_ids(WireReader& in) {
  const std::uint64_t count = in.varint(in.rest().size() / kIdBytes);
  std::vector<Id> ids(count);
  for (Id& id : ids) id = read_id(in);
  return ids;
}

void append_marks(WireWriter& out, const std::vector<TreeMark>& marks) {
  std::uint64_t before = 0;
  for (const TreeMark& mark : marks) {
    const bool any = mark.listing_at != TreeMark::kNone;
    out.varint(any ? std::uint64_t{mark.listing_at} + 1 : 0);
    if (!any) continue;
    out.varint(mark.references_before - before);
    before = mark.references_before;
  }
}

std::vector<TreeMark> read_marks(WireReader& in, std::size_t count) {
  std::vector<TreeMark> marks;
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t listing = in.varint(kMaxChunkBytes);
    if (listing == 0) {
      marks.emplace_back();
      continue;
    }
    before += in.varint(INT64_MAX - before);
    marks.push_back({static_cast<std::uint32_t>(listing - 1), before});
  }
  return marks;
}

// Fields of one kind in the order they are stored; the same list writes and reads.
template <typename S>
auto numbers_of(S& s) {
  return std::tie(s.sequence, s.files, s.folders, s.others, s.content_bytes, s.problems,
                  s.read_bytes, s.added_chunks, s.added_plain_bytes, s.added_stored_bytes,
                  s.requests, s.reference_count);
}

}  // namespace

std::string encode_snapshot(const Snapshot& snapshot) {
  std::string out;
  WireWriter writer(out);
  std::apply([&](const auto&... number) { (writer.varint(number), ...); }, numbers_of(snapshot));
  writer.zigzag(snapshot.time.time_since_epoch().count());
  writer.zigzag(snapshot.received.time_since_epoch().count());
  writer.zigzag(snapshot.took.count());
  writer.u8((snapshot.is_copy ? kIsCopy : 0) | (snapshot.expires ? kHasExpiry : 0));
  if (snapshot.expires) writer.zigzag(snapshot.expires->time_since_epoch().count());
  writer.bytes(snapshot.host);
  writer.bytes(snapshot.program);
  append_texts(writer, snapshot.paths);
  append_texts(writer, snapshot.tags);
  append_ids(writer, snapshot.tree);
  append_ids(writer, snapshot.references);
  append_marks(writer, snapshot.tree_marks);
  return out;
}

Result<Snapshot> decode_snapshot(const Id& id, ByteView bytes) {
  WireReader in(bytes);
  Snapshot snapshot;
  snapshot.id = id;
  std::apply([&](auto&... number) { ((number = in.varint()), ...); }, numbers_of(snapshot));
  snapshot.time = Instant(Duration(in.zigzag()));
  snapshot.received = Instant(Duration(in.zigzag()));
  snapshot.took = Duration(in.zigzag());
  const std::uint8_t flags = in.u8();
  if (flags > (kIsCopy | kHasExpiry)) in.fail();
  snapshot.is_copy = (flags & kIsCopy) != 0;
  if ((flags & kHasExpiry) != 0) snapshot.expires = Instant(Duration(in.zigzag()));
  snapshot.host = in.bytes(kMaxTextBytes);
  snapshot.program = in.bytes(kMaxTextBytes);
  snapshot.paths = read_texts(in);
  snapshot.tags = read_texts(in);
  snapshot.tree = read_ids(in);
  snapshot.references = read_ids(in);
  if (!in.at_end()) snapshot.tree_marks = read_marks(in, snapshot.tree.size());
  if (!in.ok() || !in.at_end()) {
    return Error{Errc::kCorrupt, name_of(ObjectType::kSnapshot, id) + ": damaged", {}, {}};
  }
  return snapshot;
}

Result<Snapshot> load_snapshot(Repository& repository, const Id& id) {
  BACKCAST_TRY(const std::string plain, repository.objects().load(ObjectType::kSnapshot, id));
  BACKCAST_TRY(Snapshot snapshot, decode_snapshot(id, as_bytes(plain)));
  snapshot.object_bytes = plain.size() + kObjectHeaderBytes + kSealOverheadBytes;
  return snapshot;
}

Error unless_forgotten(Repository& repository, const Id& id, const Error& error) {
  if (error.code != Errc::kCorrupt) return error;
  const auto info = repository.folder().stat(name_of(ObjectType::kSnapshot, id));
  if (info.ok() || info.error().code != Errc::kNotFound) return error;
  return Error{Errc::kNotFound,
               "snapshot " + to_hex(id).substr(0, 8) + " was forgotten and pruned meanwhile",
               {},
               "run it again"};
}

Result<std::vector<Snapshot>> load_snapshots(Repository& repository, std::vector<Error>* damaged) {
  BACKCAST_TRY(const auto ids, repository.objects().list(ObjectType::kSnapshot));
  std::vector<Snapshot> snapshots;
  for (const Id& id : ids) {
    auto snapshot = load_snapshot(repository, id);
    // Forgotten by somebody else since the listing.
    if (!snapshot.ok() && snapshot.error().code == Errc::kNotFound) continue;
    if (!snapshot.ok() && damaged && snapshot.error().code == Errc::kCorrupt) {
      damaged->push_back(snapshot.error());
      continue;
    }
    if (!snapshot.ok()) return snapshot.error();
    snapshots.push_back(*std::move(snapshot));
  }
  std::sort(snapshots.begin(), snapshots.end(), [](const Snapshot& a, const Snapshot& b) {
    return std::tie(a.sequence, a.received, a.id) < std::tie(b.sequence, b.received, b.id);
  });
  return snapshots;
}

Status check_snapshot_name(const std::string& name) {
  constexpr std::size_t kLeastDigits = 4;
  const bool is_hex = name.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (is_hex && name.size() >= kLeastDigits && name.size() <= 2 * kIdBytes) return kOk;
  return bad_input(printable(name) + " is not a snapshot id",
                   "name one by at least 4 digits of its id; backcast snapshots lists them");
}

}  // namespace backcast::store
