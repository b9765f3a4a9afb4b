#include "engine/store/snapshots/browse.h"

#include <algorithm>

namespace backcast::store {

Selection::Selection(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  path_ = path;
}

bool Selection::includes(std::string_view path) const {
  return path_.empty() || path == path_ || (path.starts_with(path_) && path[path_.size()] == '/');
}

bool Selection::leads_to(std::string_view path) const {
  return path.empty() ||
         (path_.size() > path.size() && path_.starts_with(path) && path_[path.size()] == '/');
}

Result<std::vector<Id>> Content::take(std::uint64_t count) {
  count = std::min(count, left_);
  left_ -= count;
  return references_.next(count);
}

Status Content::skip() {
  BACKCAST_CHECK(references_.skip(left_));
  left_ = 0;
  return kOk;
}

namespace {

Status read_all(PackFiles& packs, const Snapshot& snapshot, const Browser& browser) {
  BlobReader tree_reader(packs), reference_reader(packs);
  ReferenceReader references(reference_reader, snapshot);
  const auto visit = [&](TreeListing& listing) -> Status {
    if (browser.listing) BACKCAST_CHECK(browser.listing(listing.path));
    for (source::Node& node : listing.nodes) {
      BACKCAST_TRY(const std::uint64_t chunks, chunk_count(node));
      Content content(references, chunks);
      const std::string path = listing.path.empty() ? node.name : listing.path + '/' + node.name;
      BACKCAST_CHECK(browser.entry(path, node, content));
      BACKCAST_CHECK(content.skip());
    }
    return kOk;
  };
  OnLost lost;
  if (browser.lost) {
    lost = [&](const Error& why, std::uint64_t references_before) -> Status {
      browser.lost(why);
      if (references_before < references.position()) return why;
      return references.skip(references_before - references.position());
    };
  }
  BACKCAST_CHECK(read_tree(tree_reader, snapshot, visit, lost));
  if (references.position() != snapshot.reference_count) {
    return Error{Errc::kCorrupt,
                 "snapshot " + to_hex(snapshot.id).substr(0, 8) +
                     ": tree and reference list do not fit together",
                 {},
                 {}};
  }
  return kOk;
}

}  // namespace

Status browse(PackFiles& packs, const Snapshot& snapshot, const Browser& browser) {
  const Status read = read_all(packs, snapshot, browser);
  return read.ok() ? read : unless_forgotten(packs.repository(), snapshot.id, read.error());
}

}  // namespace backcast::store
