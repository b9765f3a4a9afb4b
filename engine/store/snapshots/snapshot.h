// A snapshot: what a backup saved, as far as the writer secret shows it. The tree itself is chunks
// sealed to the public key; the chunks it refers to are listed in chunks sealed under a key of the
// writer, so that deduplication, forget, prune and structural checks need no private key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/store/repository/repository.h"

namespace backcast::store {

// A snapshot with this tag was asked for by a person. Vendor policies keep those apart: what is
// made by hand has no expiry at Zilliz and no time tags at Zerops.
inline constexpr std::string_view kManualTag = "manual";

// Where a reader finds its way again after a damaged chunk of the tree.
struct TreeMark {
  static constexpr std::uint32_t kNone = UINT32_MAX;
  std::uint32_t listing_at = kNone;     // of the first listing that begins in the chunk
  std::uint64_t references_before = 0;  // that the listings before it take up
  bool operator==(const TreeMark&) const = default;
};

struct Snapshot {
  Id id;
  std::uint64_t sequence = 0;  // one more than any the writer saw
  Instant time{};              // when the backup started, as its machine says
  Instant received{};          // when the store got it: what retention trusts
  std::string host;
  std::vector<std::string> paths, tags;
  std::string program;   // version that wrote it
  bool is_copy = false;  // came from another repository by copy
  // Fixed by the repository's policy when it was made: later policies do not change it.
  std::optional<Instant> expires;

  std::uint64_t files = 0, folders = 0, others = 0;  // entries saved
  std::uint64_t content_bytes = 0;                   // of its files, holes left out
  std::uint64_t problems = 0;                        // entries that could not be saved
  std::uint64_t read_bytes = 0;                      // read from the source
  std::uint64_t added_chunks = 0, added_plain_bytes = 0, added_stored_bytes = 0;
  std::uint64_t requests = 0;  // objects written
  Duration took{};

  std::vector<Id> tree;              // chunks of the tree, in order
  std::vector<TreeMark> tree_marks;  // one per chunk of the tree, or none at all: older snapshots
  std::vector<Id> references;        // chunks of the reference list, in order
  std::uint64_t reference_count = 0;

  std::uint64_t object_bytes = 0;  // size of the stored object; not part of it
};

std::string encode_snapshot(const Snapshot& snapshot);
Result<Snapshot> decode_snapshot(const Id& id, ByteView bytes);

Result<Snapshot> load_snapshot(Repository& repository, const Id& id);
// Of damage found in a snapshot that was loaded before: kNotFound if it is no longer there, for
// then forget and prune took it meanwhile and nothing is wrong; else the error itself.
Error unless_forgotten(Repository& repository, const Id& id, const Error& error);
// All of them in order of sequence, then time. A damaged one is an error; or, where `damaged` is
// given, left out and reported there: the others are as good as ever.
Result<std::vector<Snapshot>> load_snapshots(Repository& repository,
                                             std::vector<Error>* damaged = nullptr);
// Whether this may name a snapshot: four or more digits of the beginning of its id. Errors:
// kBadInput. forgotten.h finds what it names.
Status check_snapshot_name(const std::string& name);

}  // namespace backcast::store
