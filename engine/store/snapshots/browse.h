// Going through a snapshot entry by entry, with the chunks of each file's content at hand.
#pragma once

#include <functional>
#include <string>

#include "engine/store/snapshots/tree.h"

namespace backcast::store {

// Which entries: everything, or one path with what lies beneath and the folders that lead to it.
class Selection {
 public:
  // `path` with or without leading and trailing "/"; "" selects everything.
  explicit Selection(std::string_view path = {});
  bool includes(std::string_view path) const;  // chosen itself
  bool leads_to(std::string_view path) const;  // a folder above what is chosen
  bool touches(std::string_view path) const { return includes(path) || leads_to(path); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The chunks of the entry at hand, to be taken in order; what is not taken is skipped.
class Content {
 public:
  Content(ReferenceReader& references, std::uint64_t chunks)
      : references_(references), left_(chunks) {}
  std::uint64_t chunks_left() const { return left_; }
  Result<std::vector<Id>> take(std::uint64_t count);
  Status skip();

 private:
  ReferenceReader& references_;
  std::uint64_t left_;
};

struct Browser {
  // A folder's listing begins; path as in the tree. May be empty.
  std::function<Status(const std::string& path)> listing = nullptr;
  // Each entry, folders before what they hold. `path` is complete, without leading "/".
  std::function<Status(const std::string& path, source::Node& node, Content& content)> entry;
  // A part of the tree is damaged: the entries between the last and the next are not known. Without
  // this, damage is an error.
  std::function<void(const Error& why)> lost = nullptr;
};

// Needs the private key. Errors: those of the callbacks, and kCorrupt.
Status browse(PackFiles& packs, const Snapshot& snapshot, const Browser& browser);

}  // namespace backcast::store
