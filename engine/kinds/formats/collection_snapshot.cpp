#include "engine/kinds/formats/collection_snapshot.h"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "engine/base/text.h"
#include "engine/env/child.h"
#include "engine/env/system_error.h"
#include "engine/source/tar.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPart = 1 << 20;
constexpr std::uint64_t kMaxTextBytes = 16 << 20;
constexpr const char* kSegments = "segments";
// Where the files of a segment lie in its tar.
constexpr const char* kInSegment = "snapshot/files";

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Error no_snapshot(const Path& file, const std::string& why) {
  return Error{Errc::kCorrupt, file.string() + " is no snapshot of a collection: " + why, {}, ""};
}

Result<std::string> text_of(const std::function<Status(const ByteSink&)>& content) {
  std::string text;
  BACKCAST_CHECK(content([&](ByteView bytes) -> Status {
    text += as_text(bytes);
    if (text.size() > kMaxTextBytes) return failed("too long");
    return kOk;
  }));
  return text;
}

// What a link leads to is not the collection's.
bool is_own_file(const fs::directory_entry& entry) {
  std::error_code ignored;
  return fs::is_regular_file(entry.symlink_status(ignored));
}

// A file as an entry of a tar.
Status add_file(source::TarWriter& tar, const std::string& name, const Path& file,
                const std::atomic<bool>& stop) {
  BACKCAST_TRY(const std::uint64_t size, file_bytes(file));
  const env::UniqueFd in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return env::system_error("open", file.string(), errno);
  source::Node node;
  node.mode = 0644;
  node.size_bytes = size;
  BACKCAST_TRY(const bool has_content, tar.begin(name, node));
  std::vector<std::uint8_t> part(kPart);
  while (has_content) {
    if (stop) return Error{Errc::kInterrupted, "stopped before it was done", {}, ""};
    BACKCAST_TRY(const std::size_t got, env::read_stream(in.get(), part, file.string()));
    if (got == 0) break;
    BACKCAST_CHECK(tar.write(ByteView(part).first(got)));
  }
  return tar.end();
}

// The folder of a segment, as a tar of its own.
Status write_segment(const Path& segment, const Path& file, std::atomic<std::uint64_t>& bytes,
                     const std::atomic<bool>& stop) {
  return write_file(file, [&](const ByteSink& sink) -> Status {
    source::TarWriter tar(sink);
    std::set<Path> files;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(segment, error)) {
      if (is_own_file(entry)) files.insert(entry.path());
    }
    if (error) return file_error("list", segment, error);
    for (const Path& each : files) {
      const std::string name =
          std::string(kInSegment) + '/' + each.lexically_relative(segment).string();
      BACKCAST_CHECK(add_file(tar, name, each, stop));
      BACKCAST_TRY(const std::uint64_t size, file_bytes(each));
      bytes += size;
    }
    return tar.finish();
  });
}

}  // namespace

Result<CollectionSnapshot> read_collection_snapshot(const Path& file) {
  CollectionSnapshot snapshot;
  bool has_shard_config = false, has_config = false;
  BACKCAST_CHECK(read_tar(file, [&](const TarEntry& entry, const auto& content) -> Status {
    if (entry.node.kind == source::NodeKind::kFolder) return kOk;
    if (entry.node.kind != source::NodeKind::kFile) {
      return no_snapshot(file, printable(entry.path) + " is no file");
    }
    const Path path = entry.path;
    const std::string first = path.begin()->string();
    if (is_number(first) &&
        std::find(snapshot.shards.begin(), snapshot.shards.end(), first) == snapshot.shards.end()) {
      snapshot.shards.push_back(first);
    }
    has_shard_config = has_shard_config || path.filename() == "shard_config.json";
    if (path.parent_path().filename() == kSegments && path.extension() == ".tar") {
      ++snapshot.segments;
    }
    snapshot.files.push_back({entry.path, entry.node.size_bytes});
    snapshot.logical_bytes += entry.node.size_bytes;
    if (entry.path == "version.info") {
      BACKCAST_TRY(const std::string text, text_of(content));
      snapshot.version = trim(text);
      return kOk;
    }
    if (entry.path == "config.json") {
      has_config = true;
      BACKCAST_TRY(snapshot.config, text_of(content));
      return kOk;
    }
    return content([](ByteView) -> Status { return kOk; });
  }));
  if (!has_shard_config) return no_snapshot(file, "it has no shard");
  if (!snapshot.shards.empty() && !has_config) return no_snapshot(file, "it has no config.json");
  std::sort(snapshot.shards.begin(), snapshot.shards.end());
  return snapshot;
}

Status write_collection_snapshot(const Path& collection, const Path& file,
                                 std::atomic<std::uint64_t>& bytes, const std::atomic<bool>& stop) {
  const Aside aside(file.string() + ".segments");
  BACKCAST_CHECK(make_folders(aside.path()));
  std::set<Path> files, segments;
  std::error_code error;
  for (fs::recursive_directory_iterator at(collection, error), end; !error && at != end;
       at.increment(error)) {
    const bool in_segments = at->path().parent_path().filename() == kSegments;
    if (in_segments && fs::is_directory(at->symlink_status(error))) {
      at.disable_recursion_pending();
      segments.insert(at->path());
    } else if (is_own_file(*at)) {
      files.insert(at->path());
    }
  }
  if (error) return file_error("list", collection, error);
  return write_file(file, [&](const ByteSink& sink) -> Status {
    source::TarWriter tar(sink);
    for (const Path& each : files) {
      BACKCAST_CHECK(add_file(tar, each.lexically_relative(collection).string(), each, stop));
      BACKCAST_TRY(const std::uint64_t size, file_bytes(each));
      bytes += size;
    }
    for (const Path& each : segments) {
      const Path inner = aside.path() / "segment.tar";
      BACKCAST_CHECK(write_segment(each, inner, bytes, stop));
      BACKCAST_CHECK(
          add_file(tar, each.lexically_relative(collection).string() + ".tar", inner, stop));
      std::error_code ignored;
      fs::remove(inner, ignored);
    }
    return tar.finish();
  });
}

Status unpack_collection_snapshot(env::Env& env, const Path& file, const Path& collection,
                                  const std::atomic<bool>& stop) {
  BACKCAST_CHECK(untar(env, file, collection, stop));
  std::vector<Path> segments;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(collection, error)) {
    const bool in_segments = entry.path().parent_path().filename() == kSegments;
    if (in_segments && entry.path().extension() == ".tar") segments.push_back(entry.path());
  }
  if (error) return file_error("list", collection, error);
  for (const Path& tar : segments) {
    const Path place = tar.parent_path() / tar.stem();
    const Aside aside(place.string() + ".unpacking");
    BACKCAST_CHECK(check_only_files(tar));
    BACKCAST_CHECK(untar(env, tar, aside.path(), stop));
    BACKCAST_CHECK(make_folders(aside.path() / kInSegment));
    fs::rename(aside.path() / kInSegment, place, error);
    if (!error) fs::remove(tar, error);
    if (error) return file_error("unpack", tar, error);
  }
  return kOk;
}

}  // namespace backcast::kinds
