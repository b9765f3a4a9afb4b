#include "engine/store/snapshots/tree.h"

#include <algorithm>

namespace backcast::store {
namespace {

// A reference chunk ends where an id says so, so that unchanged stretches are the same chunks:
// mean 512 references.
constexpr std::size_t kMaxReferences = 4096;

bool ends_chunk(const Id& id) {
  return id.bytes[15] == 0 && (id.bytes[14] & 1) == 0;
}

Error damaged(const Snapshot& snapshot, const char* what) {
  return Error{
      Errc::kCorrupt, "snapshot " + to_hex(snapshot.id).substr(0, 8) + ": " + what, {}, {}};
}

}  // namespace

void set_chunk_count(source::Node& node, std::uint64_t chunks) {
  node.content.clear();
  if (chunks != 0) WireWriter(node.content).varint(chunks);
}

Result<std::uint64_t> chunk_count(const source::Node& node) {
  if (node.content.empty()) return std::uint64_t{0};
  WireReader in(as_bytes(node.content));
  const std::uint64_t count = in.varint();
  if (!in.ok() || !in.at_end() || count == 0 || count > most_chunks(node.content_bytes())) {
    return Error{Errc::kCorrupt, "damaged node", {}, {}};
  }
  return count;
}

std::string listing_record(const std::string& path, std::size_t node_count,
                           std::string_view node_bytes) {
  std::string body;
  WireWriter writer(body);
  writer.bytes(path);
  writer.varint(node_count);
  std::string record;
  WireWriter framed(record);
  framed.varint(body.size() + node_bytes.size());
  framed.fixed(body);
  framed.fixed(node_bytes);
  return record;
}

TreeWriter::TreeWriter(ChunkStore& store, int level)
    : writer_(store, level), chunker_(store.repository().keys().gear_key(), kTreeSizes) {}

Status TreeWriter::add_listing(std::string_view record) {
  starts_.push_back({cut_bytes_ + tree_.size(), listing_references_});
  tree_.append(record);
  return tree_.size() < 4 * kTreeSizes.maximum ? Status(kOk) : cut_tree(false);
}

Status TreeWriter::cut_tree(bool at_end) {
  ByteView rest = as_bytes(tree_);
  while (!rest.empty()) {
    const std::size_t size = chunker_.first_chunk(rest, at_end);
    if (size == 0) break;
    BACKCAST_TRY(const Id id, writer_.put(BlobKind::kTree, rest.first(size)));
    tree_ids_.push_back(id);
    mark_chunk(size);
    rest = rest.subspan(size);
  }
  tree_.erase(0, tree_.size() - rest.size());
  return kOk;
}

void TreeWriter::mark_chunk(std::size_t size) {
  TreeMark mark;
  const std::uint64_t end = cut_bytes_ + size;
  for (; !starts_.empty() && starts_.front().at < end; starts_.pop_front()) {
    if (mark.listing_at != TreeMark::kNone) continue;
    mark = {static_cast<std::uint32_t>(starts_.front().at - cut_bytes_),
            starts_.front().references_before};
  }
  marks_.push_back(mark);
  cut_bytes_ = end;
}

Status TreeWriter::add_reference(const Id& id) {
  WireWriter(references_).fixed(view(id));
  ++count_;
  if (ends_chunk(id) || references_.size() == kMaxReferences * kIdBytes) return cut_references();
  return kOk;
}

Status TreeWriter::cut_references() {
  BACKCAST_TRY(const Id id, writer_.put(BlobKind::kReferences, as_bytes(references_)));
  reference_ids_.push_back(id);
  references_.clear();
  return kOk;
}

Status TreeWriter::finish(Snapshot& snapshot) {
  BACKCAST_CHECK(cut_tree(true));
  if (!references_.empty()) BACKCAST_CHECK(cut_references());
  snapshot.tree = std::move(tree_ids_);
  snapshot.tree_marks = std::move(marks_);
  snapshot.references = std::move(reference_ids_);
  snapshot.reference_count = count_;
  return kOk;
}

Status read_tree(BlobReader& reader, const Snapshot& snapshot,
                 const std::function<Status(TreeListing&)>& visit, const OnLost& lost) {
  std::optional<ListingParser> parser(std::in_place, visit);
  std::optional<Error> damage;  // since which no listing was found
  for (std::size_t i = 0; i < snapshot.tree.size(); ++i) {
    auto bytes = reader.read(snapshot.tree[i], BlobKind::kTree);
    if (!bytes.ok()) {
      const bool can_go_on = lost && bytes.error().code == Errc::kCorrupt &&
                             snapshot.tree_marks.size() == snapshot.tree.size();
      if (!can_go_on) return bytes.error();
      if (!damage) damage = bytes.error();
      continue;
    }
    std::string_view text = as_text(*bytes);
    if (damage) {
      const TreeMark& mark = snapshot.tree_marks[i];
      if (mark.listing_at >= text.size()) continue;  // none begins here
      BACKCAST_CHECK(lost(*damage, mark.references_before));
      damage.reset();
      text.remove_prefix(mark.listing_at);
      parser.emplace(visit);
    }
    BACKCAST_CHECK(parser->add(text));
  }
  if (damage) return lost(*damage, snapshot.reference_count);
  return parser->is_between_records() ? Status(kOk)
                                      : Status(damaged(snapshot, "its tree ends too early"));
}

Status ReferenceReader::load() {
  if (left_ > 0) return kOk;
  if (chunk_ == snapshot_.references.size()) {
    return damaged(snapshot_, "its reference list ends too early");
  }
  const Id& chunk = snapshot_.references[chunk_++];
  auto bytes = reader_.read(chunk, BlobKind::kReferences);
  fault_.reset();
  if (bytes.ok() && (bytes->empty() || bytes->size() % kIdBytes != 0)) {
    bytes = damaged(snapshot_, "damaged reference list");
  }
  if (bytes.ok()) {
    loaded_ = as_text(*bytes);
  } else {
    // The index knows how many ids it held.
    const IndexEntry* entry = reader_.packs().index().find(chunk);
    if (bytes.error().code != Errc::kCorrupt || !entry) return bytes.error();
    fault_ = bytes.error();
    loaded_.assign(entry->plain_bytes, '\0');
  }
  left_ = loaded_.size() / kIdBytes;
  return left_ > 0 ? Status(kOk) : Status(damaged(snapshot_, "damaged reference list"));
}

Result<std::vector<Id>> ReferenceReader::next(std::uint64_t count) {
  std::vector<Id> ids;
  ids.reserve(std::min<std::uint64_t>(count, kMaxReferences));
  std::optional<Error> fault;
  for (; count > 0; --count) {
    BACKCAST_CHECK(load());
    if (fault_) fault = fault_;
    WireReader in(as_bytes(loaded_).last(left_ * kIdBytes));
    ids.push_back(read_id(in));
    --left_;
    ++position_;
  }
  if (fault) return *fault;
  return ids;
}

Status ReferenceReader::skip(std::uint64_t count) {
  while (count > 0) {
    BACKCAST_CHECK(load());
    const std::uint64_t step = std::min(count, left_);
    left_ -= step;
    position_ += step;
    count -= step;
  }
  return kOk;
}

Status visit_reference_chunk(BlobReader& reader, const Snapshot& snapshot, const Id& chunk,
                             const std::function<void(const Id&)>& visit) {
  BACKCAST_TRY(const ByteView bytes, reader.read(chunk, BlobKind::kReferences));
  if (bytes.empty() || bytes.size() % kIdBytes != 0) {
    return damaged(snapshot, "damaged reference list");
  }
  WireReader in(bytes);
  while (!in.at_end()) visit(read_id(in));
  return kOk;
}

Status visit_references(BlobReader& reader, const Snapshot& snapshot,
                        const std::function<void(const Id&)>& visit) {
  for (const Id& id : snapshot.tree) visit(id);
  for (const Id& chunk : snapshot.references) {
    visit(chunk);
    BACKCAST_CHECK(visit_reference_chunk(reader, snapshot, chunk, visit));
  }
  return kOk;
}

}  // namespace backcast::store
