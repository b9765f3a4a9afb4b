// Reading one entry: its metadata, attributes, holes and bytes.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "engine/env/accounts.h"
#include "engine/env/system_error.h"
#include "engine/source/beneath.h"
#include "engine/source/open_folder.h"
#include "engine/source/walk.h"

namespace backcast::source {
namespace {

using env::system_error;
using env::UniqueFd;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

NodeKind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return NodeKind::kFolder;
    case S_IFLNK:
      return NodeKind::kSymlink;
    case S_IFIFO:
      return NodeKind::kFifo;
    case S_IFSOCK:
      return NodeKind::kSocket;
    case S_IFCHR:
      return NodeKind::kCharDevice;
    case S_IFBLK:
      return NodeKind::kBlockDevice;
    default:
      return NodeKind::kFile;
  }
}

void fill(const struct stat& info, Node& node) {
  node.kind = kind_of(info.st_mode);
  node.file = {info.st_dev, info.st_ino};
  node.mode = info.st_mode & 07777;
  node.uid = info.st_uid;
  node.gid = info.st_gid;
  node.user = env::user_name(info.st_uid);
  node.group = env::group_name(info.st_gid);
  node.mtime_ns = nanoseconds(info.st_mtim);
  node.ctime_ns = nanoseconds(info.st_ctim);
  node.size_bytes = node.kind == NodeKind::kFile ? static_cast<std::uint64_t>(info.st_size) : 0;
  if (node.kind != NodeKind::kFolder && info.st_nlink > 1) {
    node.links = info.st_nlink;
    node.device = info.st_dev;
    node.inode = info.st_ino;
  }
  if (node.kind == NodeKind::kCharDevice || node.kind == NodeKind::kBlockDevice) {
    node.device_major = major(info.st_rdev);
    node.device_minor = minor(info.st_rdev);
  }
}

// The data extents of a file, if it has holes that the file system can tell; none otherwise.
// Returns an error number.
int find_extents(env::Tree& tree, int file, Node& node) {
  const auto size = static_cast<off_t>(node.size_bytes);
  std::vector<Extent> data;
  for (off_t at = 0; at < size;) {
    const off_t begin = tree.seek(file, at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // holes up to the end
    const off_t end = begin < 0 ? -1 : tree.seek(file, begin, SEEK_HOLE);
    if (begin < 0 || end <= begin) {
      const bool can_tell = end < 0 && errno != EINVAL && errno != ENXIO && errno != EOPNOTSUPP;
      return can_tell ? errno : 0;
    }
    if (begin >= size) break;
    if (data.size() == kMaxExtents) {  // the rest with its holes
      data.back().size_bytes = node.size_bytes - data.back().offset_bytes;
      break;
    }
    data.push_back({static_cast<std::uint64_t>(begin),
                    static_cast<std::uint64_t>(std::min(end, size) - begin)});
    at = end;
  }
  node.sparse = data.size() != 1 || data[0] != Extent{0, node.size_bytes};
  if (node.sparse) node.data = std::move(data);
  return 0;
}

// Lists and reads attributes through a descriptor, or of an entry in a folder.
struct AttributeReader {
  env::Tree& tree;
  int handle = -1;
  const char* name = nullptr;

  ssize_t list(char* into, std::size_t bytes) const {
    return tree.list_attributes(handle, name, into, bytes);
  }
  ssize_t get(const char* attribute, char* into, std::size_t bytes) const {
    return tree.get_attribute(handle, name, attribute, into, bytes);
  }
};

bool unsupported(int error_number) {
  return error_number == ENOTSUP || error_number == ENOSYS;
}

Status read_attributes(const AttributeReader& reader, const std::string& path, Node& node) {
  // Linux bounds both: XATTR_LIST_MAX and XATTR_SIZE_MAX.
  thread_local std::string names(64 << 10, '\0'), value(64 << 10, '\0');
  const ssize_t listed = reader.list(names.data(), names.size());
  if (listed < 0) {
    if (unsupported(errno)) return kOk;
    return system_error("list attributes of", path, errno);
  }
  for (const char* name = names.data(); name < names.data() + listed;
       name += std::string_view(name).size() + 1) {
    const ssize_t got = reader.get(name, value.data(), value.size());
    if (got < 0) {
      if (unsupported(errno) || errno == ENODATA) continue;  // removed meanwhile
      return system_error("read attributes of", path, errno);
    }
    node.attributes.push_back({name, std::string(value.data(), static_cast<std::size_t>(got))});
  }
  std::sort(node.attributes.begin(), node.attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  return kOk;
}

Status read_target(const Listing& listing, const Found& found, Node& node) {
  env::Tree& tree = listing.folder->tree();
  std::string target(4096, '\0');
  for (;;) {
    const ssize_t got =
        tree.read_link(listing.folder->get(), found.name.c_str(), target.data(), target.size());
    if (got < 0) return system_error("read link", '/' + listing.path_of(found), errno);
    if (static_cast<std::size_t>(got) < target.size()) {
      target.resize(static_cast<std::size_t>(got));
      break;
    }
    target.resize(target.size() * 2);
  }
  node.target = std::move(target);
  return kOk;
}

}  // namespace

Result<Node> stat_entry(const Listing& listing, const Found& found) {
  struct stat info {};
  const OpenFolder& folder = *listing.folder;
  if (folder.tree().stat(folder.get(), found.name.c_str(), info) != 0) {
    return system_error("stat", '/' + listing.path_of(found), errno);
  }
  if (S_ISDIR(info.st_mode) && !found.enter) {  // what it holds would be missed
    return failed(fmt::format("{} was replaced while it was read", '/' + listing.path_of(found)));
  }
  Node node;
  node.name = found.name;
  fill(info, node);
  return node;
}

Result<SourceFile> open_source(const Listing& listing, const Found& found, Node& node) {
  const auto path = [&] { return '/' + listing.path_of(found); };
  env::Tree& tree = listing.folder->tree();
  const auto open = [&](int more) {
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    return UniqueFd(uninterrupted(
        [&] { return tree.open(listing.folder->get(), found.name.c_str(), kFlags | more); }));
  };
  UniqueFd file = open(O_NOATIME);
  if (!file && errno == EPERM) file = open(0);  // O_NOATIME is for the owner
  if (!file) return system_error("open", path(), errno);
  struct stat info {};
  if (tree.stat(file.get(), info) != 0) return system_error("stat", path(), errno);
  if (!S_ISREG(info.st_mode)) {
    return failed(fmt::format("{} was replaced while it was read", path()));
  }
  fill(info, node);
  node.sparse = false;
  node.data.clear();
  if (static_cast<std::uint64_t>(info.st_blocks) * 512 < node.size_bytes) {
    const int error = find_extents(tree, file.get(), node);
    if (error != 0) return system_error("find the holes of", path(), error);
  }
  return SourceFile(tree, std::move(file));
}

Status complete(const Listing& listing, const Found& found, Node& node, const SourceFile* open) {
  if (node.kind == NodeKind::kSymlink) BACKCAST_CHECK(read_target(listing, found, node));
  env::Tree& tree = listing.folder->tree();
  const AttributeReader reader =
      open != nullptr ? AttributeReader{tree, open->descriptor()}
                      : AttributeReader{tree, listing.folder->get(), found.name.c_str()};
  node.attributes.clear();
  return read_attributes(reader, '/' + listing.path_of(found), node);
}

Result<std::size_t> SourceFile::read_at(std::uint64_t offset_bytes, ByteSpan into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = uninterrupted([&] {
      return tree_->read(descriptor_.get(), into.data() + done, into.size() - done,
                         offset_bytes + done);
    });
    if (got < 0) return system_error("read", "file", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

bool SourceFile::unchanged(const Node& node) const {
  struct stat info {};
  return tree_->stat(descriptor_.get(), info) == 0 &&
         static_cast<std::uint64_t>(info.st_size) == node.size_bytes &&
         nanoseconds(info.st_mtim) == node.mtime_ns && nanoseconds(info.st_ctim) == node.ctime_ns;
}

}  // namespace backcast::source
