#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <optional>
#include <set>

#include "engine/base/text.h"
#include "engine/kinds/formats/tar_folder.h"
#include "engine/source/restore.h"
#include "engine/source/utf8_locale.h"

namespace backcast::kinds {
namespace {

using source::Node;
using source::NodeKind;

constexpr std::size_t kPart = 256 << 10;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr int kMaxDepth = 512;

struct ArchiveEnd {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, ArchiveEnd>;

Error damaged(const Path& file, std::string_view why) {
  return Error{
      Errc::kCorrupt, "cannot read the tar " + file.string() + ": " + std::string(why), {}, ""};
}

Error damaged(const Path& file, archive* reader) {
  const char* why = archive_error_string(reader);
  return damaged(file, why == nullptr ? "it is damaged" : why);
}

std::optional<NodeKind> kind_of(mode_t type) {
  switch (type) {
    case S_IFREG:
      return NodeKind::kFile;
    case S_IFDIR:
      return NodeKind::kFolder;
    case S_IFLNK:
      return NodeKind::kSymlink;
    case S_IFIFO:
      return NodeKind::kFifo;
    case S_IFCHR:
      return NodeKind::kCharDevice;
    case S_IFBLK:
      return NodeKind::kBlockDevice;
    default:
      return std::nullopt;
  }
}

const char* or_empty(const char* text) {
  return text == nullptr ? "" : text;
}

// Steps of a path joined anew; nothing that leads outside. Nullopt if there is.
std::optional<std::string> inner_path(std::string_view raw) {
  if (raw.starts_with('/')) return std::nullopt;
  std::string path;
  int depth = 0;
  while (!raw.empty()) {
    const std::string_view step = raw.substr(0, raw.find('/'));
    raw.remove_prefix(std::min(raw.size(), step.size() + 1));
    if (step.empty() || step == ".") continue;
    if (step == ".." || ++depth > kMaxDepth || !source::is_entry_name(step)) return std::nullopt;
    if (!path.empty()) path += '/';
    path += step;
  }
  return path;
}

void read_sparse(archive_entry* entry, Node& node) {
  la_int64_t offset = 0, size = 0;
  if (archive_entry_sparse_reset(entry) == 0) return;
  node.sparse = true;
  while (archive_entry_sparse_next(entry, &offset, &size) == ARCHIVE_OK) {
    if (size == 0) continue;
    node.data.push_back({static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(size)});
  }
}

void read_attributes(archive_entry* entry, Node& node) {
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  archive_entry_xattr_reset(entry);
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
    node.attributes.push_back({name, std::string(static_cast<const char*>(value), size)});
  }
  std::sort(node.attributes.begin(), node.attributes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

Result<TarEntry> entry_of(archive_entry* from, const Path& file) {
  TarEntry entry;
  const auto path = inner_path(or_empty(archive_entry_pathname(from)));
  const char* link = archive_entry_hardlink(from);
  const auto target = inner_path(or_empty(link));
  const auto kind = link != nullptr ? NodeKind::kFile : kind_of(archive_entry_filetype(from));
  if (!path || !target || !kind || (path->empty() && *kind != NodeKind::kFolder)) {
    return damaged(file, "it has an entry " + printable(or_empty(archive_entry_pathname(from))) +
                             " that leads outside or is of an unknown kind");
  }
  entry.path = *path;
  entry.hard_link = *target;
  Node& node = entry.node;
  node.kind = *kind;
  node.name = path->substr(path->rfind('/') + 1);
  node.mode = static_cast<std::uint16_t>(archive_entry_perm(from) & 07777);
  node.uid = static_cast<std::uint32_t>(archive_entry_uid(from));
  node.gid = static_cast<std::uint32_t>(archive_entry_gid(from));
  node.user = or_empty(archive_entry_uname(from));
  node.group = or_empty(archive_entry_gname(from));
  node.mtime_ns = archive_entry_mtime(from) * kNsPerSecond + archive_entry_mtime_nsec(from);
  node.target = or_empty(archive_entry_symlink(from));
  if ((node.kind == NodeKind::kSymlink) != !node.target.empty()) {
    return damaged(file, "its link " + printable(entry.path) + " leads nowhere");
  }
  if (node.kind == NodeKind::kCharDevice || node.kind == NodeKind::kBlockDevice) {
    node.device_major = static_cast<std::uint32_t>(major(archive_entry_rdev(from)));
    node.device_minor = static_cast<std::uint32_t>(minor(archive_entry_rdev(from)));
  }
  if (node.kind == NodeKind::kFile && link == nullptr) {
    node.size_bytes = static_cast<std::uint64_t>(archive_entry_size(from));
    read_sparse(from, node);
  }
  read_attributes(from, node);
  return entry;
}

// Content as the extents list it: what libarchive hands out beside them is refused.
Status read_content(archive* reader, const Node& node, const Path& file, const ByteSink& sink) {
  std::uint64_t sum = 0;
  while (true) {
    const void* bytes = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int answer = archive_read_data_block(reader, &bytes, &size, &offset);
    if (answer == ARCHIVE_EOF) break;
    if (answer != ARCHIVE_OK) return damaged(file, reader);
    if (size == 0) continue;
    sum += size;
    if (sum > node.content_bytes()) return damaged(file, "an entry is longer than it says");
    BACKCAST_CHECK(sink({static_cast<const std::uint8_t*>(bytes), size}));
  }
  if (sum != node.content_bytes()) return damaged(file, "an entry is shorter than it says");
  return kOk;
}

// Entries into a folder. Of a file nobody knows yet whether a later entry is another name of it, so
// each counts as one that has several.
class Unpacker {
 public:
  Unpacker(source::Restorer& restorer, const Path& file, const std::atomic<bool>& stop)
      : restorer_(restorer), file_(file), stop_(stop) {}

  Status add(const TarEntry& entry, const std::function<Status(const ByteSink&)>& content) {
    if (stop_) return Error{Errc::kInterrupted, "stopped before it was done", {}, ""};
    if (entry.path.empty()) {
      Node root = entry.node;
      root.name = "root";  // "./" has none, and every node needs one
      restorer_.set_root_metadata(root);
      return kOk;
    }
    const std::string parent_path = parent_of(entry.path);
    BACKCAST_CHECK(make_parents(parent_path));
    BACKCAST_TRY(const auto parent, restorer_.folder(parent_path));
    if (entry.node.kind == NodeKind::kFolder) {
      made_.insert(entry.path);
      return restorer_.make_folder(*parent, entry.node, source::Standing::kNotListed);
    }
    if (entry.node.kind != NodeKind::kFile) return restorer_.write_other(*parent, entry.node);
    return add_file(*parent, entry, content);
  }

 private:
  static std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
  }

  // A tar need not list the folders of its files.
  Status make_parents(const std::string& path) {
    if (path.empty() || made_.count(path) > 0) return kOk;
    const std::string above = parent_of(path);
    BACKCAST_CHECK(make_parents(above));
    BACKCAST_TRY(const auto parent, restorer_.folder(above));
    Node node;
    node.kind = NodeKind::kFolder;
    node.name = path.substr(path.rfind('/') + 1);
    node.mode = 0755;
    made_.insert(path);
    return restorer_.make_folder(*parent, node, source::Standing::kAsItIs);
  }

  Status add_file(const source::RestoreFolder& parent, const TarEntry& entry,
                  const std::function<Status(const ByteSink&)>& content) {
    Node node = entry.node;
    node.links = 2;
    if (entry.hard_link.empty()) {
      node.inode = ++files_;
      inodes_[entry.path] = node.inode;
    } else {
      const auto first = inodes_.find(entry.hard_link);
      if (first == inodes_.end()) return damaged(file_, "a hard link leads to no entry before it");
      node.inode = first->second;
    }
    BACKCAST_TRY(const auto file, restorer_.begin_file(parent, node));
    if (!file) return kOk;
    std::uint64_t at = 0;
    const auto write = [&](ByteView bytes) {
      const std::uint64_t offset = std::exchange(at, at + bytes.size());
      return file->write_at(offset, bytes);
    };
    BACKCAST_CHECK(content(write));
    return restorer_.commit(*file);
  }

  source::Restorer& restorer_;
  const Path& file_;
  const std::atomic<bool>& stop_;
  std::uint64_t files_ = 0;
  std::map<std::string, std::uint64_t> inodes_;
  std::set<std::string> made_;
};

}  // namespace

Status read_tar(const Path& file, const TarVisitor& visit) {
  const source::Utf8Locale locale;
  const Reader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_empty(reader.get());
  archive_read_support_filter_gzip(reader.get());
  if (archive_read_open_filename(reader.get(), file.c_str(), kPart) != ARCHIVE_OK) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) {
      return file_error("open", file, std::make_error_code(std::errc::no_such_file_or_directory));
    }
    return damaged(file, reader.get());
  }
  while (true) {
    archive_entry* from = nullptr;
    const int answer = archive_read_next_header(reader.get(), &from);
    if (answer == ARCHIVE_EOF) return kOk;
    if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN) return damaged(file, reader.get());
    BACKCAST_TRY(const TarEntry entry, entry_of(from, file));
    const auto content = [&](const ByteSink& sink) {
      return read_content(reader.get(), entry.node, file, sink);
    };
    BACKCAST_CHECK(visit(entry, content));
  }
}

Status check_only_files(const Path& file) {
  return read_tar(file, [&](const TarEntry& entry, const auto& content) -> Status {
    if (entry.node.kind == source::NodeKind::kFolder) return kOk;
    if (entry.node.kind == source::NodeKind::kFile) {
      return content([](ByteView) -> Status { return kOk; });
    }
    return Error{Errc::kCorrupt,
                 fmt::format("{} holds {}, which is neither file nor folder", file.string(),
                             printable(entry.path)),
                 {},
                 ""};
  });
}

Status untar(env::Env& env, const Path& file, const Path& into, const std::atomic<bool>& stop) {
  BACKCAST_TRY(source::Restorer restorer,
               source::Restorer::open(env, into.string(), {.setuid = true, .devices = true}));
  Unpacker unpacker(restorer, file, stop);
  BACKCAST_CHECK(read_tar(file, [&](const TarEntry& entry, const auto& content) {
    return unpacker.add(entry, content);
  }));
  BACKCAST_CHECK(restorer.finish());
  return restorer.sync();
}

}  // namespace backcast::kinds
