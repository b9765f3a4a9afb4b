// The tree of a snapshot as a stream of listings, and its list of chunk references as a stream of
// ids. A file's node says how many of the references are its content; they come in the same order.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/source/node.h"
#include "engine/store/format/listing_parser.h"
#include "engine/store/packs/blob_reader.h"
#include "engine/store/packs/chunk_writer.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

// Chunks of a file's content: what Node::content holds in a tree.
void set_chunk_count(source::Node& node, std::uint64_t chunks);
Result<std::uint64_t> chunk_count(const source::Node& node);
// A writer cuts no chunk below 64 KiB but the last; ids of much smaller ones would outweigh
// content.
constexpr std::uint64_t most_chunks(std::uint64_t content_bytes) {
  return content_bytes / 64 + 1;
}

// Header of a listing record; the nodes follow, as append_node writes them.
std::string listing_record(const std::string& path, std::size_t node_count,
                           std::string_view node_bytes);

class TreeWriter {
 public:
  TreeWriter(ChunkStore& store, int level);
  // For each listing: begin_listing, its references, add_listing.
  void begin_listing() { listing_references_ = count_; }
  Status add_listing(std::string_view record);
  Status add_reference(const Id& id);
  // Stores what is left; fills tree, references and reference_count.
  Status finish(Snapshot& snapshot);

 private:
  Status cut_tree(bool at_end);
  void mark_chunk(std::size_t size);
  Status cut_references();

  ChunkWriter writer_;
  Chunker chunker_;
  std::string tree_, references_;
  std::vector<Id> tree_ids_, reference_ids_;
  std::uint64_t count_ = 0, listing_references_ = 0;
  struct Start {
    std::uint64_t at = 0, references_before = 0;
  };
  std::deque<Start> starts_;     // of listings in tree_
  std::uint64_t cut_bytes_ = 0;  // of the tree before tree_
  std::vector<TreeMark> marks_;
};

// Calls `visit` with each listing in order, a long one in parts. Needs the private key. A damaged
// chunk is an error; or, where `lost` is given, reported there, and reading goes on at the next
// listing that is whole; its references begin at `references_before`.
using OnLost = std::function<Status(const Error& why, std::uint64_t references_before)>;
Status read_tree(BlobReader& reader, const Snapshot& snapshot,
                 const std::function<Status(TreeListing&)>& visit, const OnLost& lost = nullptr);

// Reads the reference list in order, a chunk at a time. Needs no private key.
class ReferenceReader {
 public:
  ReferenceReader(BlobReader& reader, const Snapshot& snapshot)
      : reader_(reader), snapshot_(snapshot) {}
  // The next `count` ids. kCorrupt if the list is shorter, or if some of them are in a damaged
  // chunk: then the next call goes on behind them all the same.
  Result<std::vector<Id>> next(std::uint64_t count);
  Status skip(std::uint64_t count);
  std::uint64_t position() const { return position_; }

 private:
  Status load();  // makes sure that at least one id is left

  BlobReader& reader_;
  const Snapshot& snapshot_;
  std::size_t chunk_ = 0;  // next to load
  std::string loaded_;
  std::uint64_t left_ = 0;      // ids at the end of the chunk at hand
  std::optional<Error> fault_;  // of the chunk at hand: its ids are not known, their number is
  std::uint64_t position_ = 0;
};

// The ids in one chunk of a reference list.
Status visit_reference_chunk(BlobReader& reader, const Snapshot& snapshot, const Id& chunk,
                             const std::function<void(const Id&)>& visit);

// Every chunk that a snapshot needs, its tree and reference list included, each perhaps more than
// once.
Status visit_references(BlobReader& reader, const Snapshot& snapshot,
                        const std::function<void(const Id&)>& visit);

}  // namespace backcast::store
