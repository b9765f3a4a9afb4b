// Snapshots as streams: one file to a pipe, or a tree as tar. Nothing is written to disk.
#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/source/tar.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/repository/lease.h"
#include "engine/store/work/restore.h"

namespace backcast::store {
namespace {

using Sink = std::function<Status(ByteView)>;

constexpr std::uint64_t kChunksAtOnce = 256;

Status write_content(BlobReader& reader, Content& content, const Sink& sink) {
  while (content.chunks_left() > 0) {
    BACKCAST_TRY(const auto ids, content.take(kChunksAtOnce));
    for (const Id& id : ids) {
      BACKCAST_TRY(const ByteView bytes, reader.read(id, BlobKind::kData));
      BACKCAST_CHECK(sink(bytes));
    }
  }
  return kOk;
}

Status write_zeros(std::uint64_t count, const Sink& sink) {
  static const std::array<std::uint8_t, 64 << 10> kZeros{};
  while (count > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(count, kZeros.size()));
    BACKCAST_CHECK(sink(ByteView(kZeros).first(part)));
    count -= part;
  }
  return kOk;
}

// The content of a file with its holes as zeros, and not a byte more or less than its size.
class Unsparse {
 public:
  Unsparse(const source::Node& node, const Sink& sink) : node_(node), sink_(sink) {
    data_ = node.sparse ? node.data : std::vector{source::Extent{0, node.size_bytes}};
  }
  Status add(ByteView bytes) {
    while (!bytes.empty()) {
      if (extent_ == data_.size()) return damaged();
      const source::Extent& extent = data_[extent_];
      if (position_ < extent.offset_bytes) {
        BACKCAST_CHECK(write_zeros(extent.offset_bytes - position_, sink_));
        position_ = extent.offset_bytes;
      }
      const std::uint64_t end = extent.offset_bytes + extent.size_bytes;
      const auto part =
          static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), end - position_));
      BACKCAST_CHECK(sink_(bytes.first(part)));
      position_ += part;
      added_ += part;
      bytes = bytes.subspan(part);
      if (position_ == end) ++extent_;
    }
    return kOk;
  }
  Status finish() {
    if (added_ != node_.content_bytes()) return damaged();
    return write_zeros(node_.size_bytes - position_, sink_);
  }

 private:
  static Error damaged() {
    return Error{Errc::kCorrupt, "its chunks do not add up to its size", {}, {}};
  }

  const source::Node& node_;
  const Sink& sink_;
  std::vector<source::Extent> data_;
  std::size_t extent_ = 0;
  std::uint64_t position_ = 0, added_ = 0;
};

Status write_file(BlobReader& reader, const source::Node& node, Content& content,
                  const Sink& sink) {
  Unsparse unsparse(node, sink);
  BACKCAST_CHECK(
      write_content(reader, content, [&](ByteView bytes) { return unsparse.add(bytes); }));
  return unsparse.finish();
}

Error not_there(const std::string& path) {
  return Error{Errc::kNotFound,
               printable('/' + path) + " is not in the snapshot",
               {},
               "backcast ls lists what is"};
}

}  // namespace

Status dump_file(Repository& repository, const Snapshot& snapshot, const std::string& path,
                 const Sink& sink, std::vector<std::string>* notes) {
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const Index index, load_index(repository));
  PackFiles packs(repository, index);
  BlobReader reader(packs);
  const std::string wanted = Selection(path).path();
  bool done = false;
  const auto entry = [&](const std::string& at, source::Node& node, Content& content) -> Status {
    if (at != wanted) return kOk;
    if (node.kind != source::NodeKind::kFile) {
      return bad_input(printable('/' + at) + " is a " + source::name_of(node.kind),
                       "only files can be dumped; --tar takes folders");
    }
    BACKCAST_CHECK(write_file(reader, node, content, sink));
    done = true;
    return Error{Errc::kInterrupted, "found", {}, {}};  // the rest of the tree does not matter
  };
  std::optional<Error> damage;
  const auto lost = [&](const Error& why) { damage = why; };
  auto browsed = browse(packs, snapshot, {nullptr, entry, lost});
  if (notes != nullptr) *notes = packs.overcome();
  if (done) return kOk;
  if (browsed.ok() && damage) return *damage;
  return browsed.ok() ? Status(not_there(wanted)) : browsed;
}

Status dump_files(Repository& repository, const Snapshot& snapshot, const Selection& selection,
                  const FileTaker& taker) {
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const Index index, load_index(repository));
  PackFiles packs(repository, index);
  BlobReader reader(packs);
  const std::size_t cut = selection.path().size() + 1;
  const auto entry = [&](const std::string& path, source::Node& node, Content& content) -> Status {
    if (node.kind != source::NodeKind::kFile || !selection.includes(path)) return kOk;
    BACKCAST_CHECK(taker.begin(path.size() > cut ? path.substr(cut) : path));
    BACKCAST_CHECK(write_file(reader, node, content, taker.bytes));
    return taker.end();
  };
  return browse(packs, snapshot, {nullptr, entry});
}

Status dump_tar(Repository& repository, const Snapshot& snapshot, const Selection& selection,
                const Sink& sink, std::vector<std::string>* notes, TarPaths paths) {
  BACKCAST_TRY(const auto lease, Lease::take_to_read(repository));
  BACKCAST_TRY(const Index index, load_index(repository));
  PackFiles packs(repository, index);
  BlobReader reader(packs);
  source::TarWriter tar(sink);
  // How much of each path is left out, with the "/" behind it.
  const std::size_t cut = paths == TarPaths::kFromRoot ? 0 : selection.path().size() + 1;
  const Sink in_tar = [&](ByteView bytes) { return tar.write(bytes); };
  bool found = selection.path().empty();
  const auto entry = [&](const std::string& path, source::Node& node, Content& content) -> Status {
    const bool chosen = selection.includes(path);
    found = found || chosen;
    const bool leads = node.kind == source::NodeKind::kFolder && selection.leads_to(path);
    if ((!chosen && !leads) || path.size() < cut) return kOk;
    BACKCAST_TRY(const bool wanted, tar.begin(path.substr(cut), node));
    if (wanted) BACKCAST_CHECK(write_file(reader, node, content, in_tar));
    return tar.end();
  };
  auto browsed = browse(packs, snapshot, {nullptr, entry});
  if (notes != nullptr) *notes = packs.overcome();
  if (!browsed.ok()) return browsed;
  if (!found) return not_there(selection.path());
  return tar.finish();
}

}  // namespace backcast::store
