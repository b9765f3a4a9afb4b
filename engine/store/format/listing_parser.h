// The stream of a tree, taken in pieces and handed on as listings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/source/node.h"

namespace backcast::store {

// The entries of one folder, or a part of them. Depth first; a folder's entry comes before its
// listings. Paths are without leading "/"; "" is above the roots.
struct TreeListing {
  std::string path;
  std::vector<source::Node> nodes;
};

class ListingParser {
 public:
  using Visit = std::function<Status(TreeListing&)>;
  // `visit` must outlive it.
  explicit ListingParser(const Visit& visit) : visit_(visit) {}
  // Hands on what is whole by now. Memory follows the largest entry, not what a record says of its
  // length: a record may be one small chunk of the store a thousand times over. Errors: kCorrupt,
  // and those of `visit`.
  Status add(std::string_view text);
  bool is_between_records() const { return !in_record_ && pending_.empty(); }

 private:
  // Both return the bytes they took of pending_ from `at` on; 0: more is needed.
  Result<std::size_t> begin_record(std::size_t at);
  Result<std::size_t> take_entry(std::size_t at);
  Status hand_on();

  const Visit& visit_;
  std::string pending_;
  std::size_t wanted_ = 0;  // bytes of pending_ from which looking again is worth while
  bool in_record_ = false;
  bool handed_on_ = false;  // a part of the record at hand
  TreeListing listing_;
  std::uint64_t entries_left_ = 0, record_bytes_ = 0;  // of the record at hand
  std::size_t part_bytes_ = 0;                         // of listing_
};

}  // namespace backcast::store
