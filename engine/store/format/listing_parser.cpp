#include "engine/store/format/listing_parser.h"

#include <algorithm>

namespace backcast::store {
namespace {

constexpr std::size_t kMaxVarintBytes = 10;
constexpr std::uint64_t kMaxRecordBytes = 1ULL << 30;
constexpr std::uint64_t kMaxPathBytes = 1 << 20;
// No entry is longer: its attributes and extents are bounded (engine/source/node.h).
constexpr std::size_t kMaxEntryBytes = 160 << 20;
// A record is handed on in parts of so much, so that memory follows entries, not records: a record
// may be one small chunk of the store a thousand times over.
constexpr std::size_t kPartEntries = 4096;
constexpr std::size_t kPartBytes = 1 << 20;

Error damaged_listing() {
  return Error{Errc::kCorrupt, "damaged listing", {}, {}};
}

// Names that may be opened beneath a target, one after another.
bool is_listing_path(std::string_view path) {
  if (path.empty()) return true;
  for (std::size_t at = 0;;) {
    const std::size_t slash = path.find('/', at);
    if (!source::is_entry_name(path.substr(at, slash - at))) return false;
    if (slash == std::string_view::npos) return true;
    at = slash + 1;
  }
}

}  // namespace

Status ListingParser::add(std::string_view text) {
  const std::size_t size = pending_.size() + text.size();
  if (size > pending_.capacity())
    pending_.reserve(std::min(2 * size, kMaxEntryBytes + text.size()));
  pending_.append(text);
  // An entry that is not whole is looked at again when twice as much of it is there.
  if (pending_.size() < wanted_ && pending_.size() < record_bytes_) return kOk;
  std::size_t used = 0;
  while (true) {
    BACKCAST_TRY(const std::size_t step, in_record_ ? take_entry(used) : begin_record(used));
    if (step == 0) break;
    used += step;
  }
  pending_.erase(0, used);
  wanted_ = std::min(2 * pending_.size(), kMaxEntryBytes);
  return pending_.size() > kMaxEntryBytes ? Status(damaged_listing()) : kOk;
}

Result<std::size_t> ListingParser::begin_record(std::size_t at) {
  const ByteView rest = as_bytes(pending_).subspan(at);
  if (rest.empty()) return std::size_t{0};
  WireReader in(rest);
  const std::uint64_t size = in.varint(kMaxRecordBytes);
  if (!in.ok()) return rest.size() < kMaxVarintBytes ? Result<std::size_t>(0) : damaged_listing();
  const std::size_t head = rest.size() - in.rest().size();
  WireReader body(in.rest().first(std::min<std::uint64_t>(in.rest().size(), size)));
  const std::size_t available = body.rest().size();
  const std::string_view path = body.bytes(kMaxPathBytes);
  const std::uint64_t entries = body.varint(size);
  if (!body.ok()) {
    const bool may_come = available < size && available < kMaxPathBytes + 2 * kMaxVarintBytes;
    return may_come ? Result<std::size_t>(0) : damaged_listing();
  }
  if (!is_listing_path(path)) return damaged_listing();
  const std::size_t taken = available - body.rest().size();
  listing_.path = path;
  in_record_ = true;
  handed_on_ = false;
  entries_left_ = entries;
  record_bytes_ = size - taken;
  return head + taken;
}

Result<std::size_t> ListingParser::take_entry(std::size_t at) {
  if (entries_left_ == 0) {
    if (record_bytes_ != 0) return damaged_listing();
    // An empty listing is one too, an empty last part is not.
    if (!handed_on_ || !listing_.nodes.empty()) BACKCAST_CHECK(hand_on());
    in_record_ = false;
    return begin_record(at);
  }
  const ByteView rest = as_bytes(pending_).subspan(at);
  const std::size_t available = std::min<std::uint64_t>(rest.size(), record_bytes_);
  WireReader in(rest.first(available));
  auto node = source::read_node(in);
  if (!node.ok()) return available < record_bytes_ ? Result<std::size_t>(0) : node.error();
  const std::size_t taken = available - in.rest().size();
  listing_.nodes.push_back(*std::move(node));
  --entries_left_;
  record_bytes_ -= taken;
  part_bytes_ += taken;
  if (listing_.nodes.size() == kPartEntries || part_bytes_ >= kPartBytes) {
    BACKCAST_CHECK(hand_on());
  }
  return taken;
}

Status ListingParser::hand_on() {
  BACKCAST_CHECK(visit_(listing_));
  handed_on_ = true;
  listing_.nodes.clear();
  part_bytes_ = 0;
  return kOk;
}

}  // namespace backcast::store
