// How many bytes backups store, out of what restic counts before it compresses. The sizes and new
// bytes of a history are as stored; the list of restic tells both of raw data, and what of the new
// bytes was stored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace backcast::policy {

// What restic 0.17 and newer say of one backup ("summary"), in bytes.
struct RawCounts {
  std::uint64_t size_bytes = 0;  // of all that it holds, before compression
  std::uint64_t new_bytes = 0;   // of what no backup before held, before compression; 0 = unknown
  std::optional<std::uint64_t> packed_bytes{};  // of the same, as stored
};

struct ByteCounts {
  std::uint64_t size_bytes = 0;
  std::uint64_t new_bytes = 0;  // at most size_bytes
};

struct StoredCounts {
  std::vector<ByteCounts> backups{};  // as many as were given, in their order
  // All of them are bytes as stored; else all of them are raw, since how the whole compresses is
  // not known.
  bool is_stored = false;
  std::string note{};  // which of the two, how bytes compress, why that is not known, what to do
};

// `backups`: of one source, oldest first. The first that adds nine tenths or more of what it holds
// shows how the whole compresses. From backup to backup, what dies is taken to compress as the
// mean of all that was there:
//   stored_i = packed_i + (size_i - new_i) * stored_(i-1) / size_(i-1), rounded to a byte.
// Never more than raw: what seals and headers add to data that does not compress is left out.
StoredCounts stored_counts(std::span<const RawCounts> backups);

}  // namespace backcast::policy
