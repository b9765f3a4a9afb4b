// Reading one entry: its metadata, attributes, holes and bytes.
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <unordered_map>

#include "engine/env/system_error.h"
#include "engine/source/open_folder.h"
#include "engine/source/walk.h"

namespace backcast::source {
namespace {

using env::system_error;
using env::UniqueFd;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The directory service is asked once per id and thread.
const std::string& user_name(uid_t uid) {
  thread_local std::unordered_map<uid_t, std::string> names;
  const auto [entry, fresh] = names.try_emplace(uid);
  if (fresh) {
    char buffer[4096];
    passwd record{}, *found = nullptr;
    if (::getpwuid_r(uid, &record, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
      entry->second = std::string_view(found->pw_name).substr(0, 256);
    }
  }
  return entry->second;
}

const std::string& group_name(gid_t gid) {
  thread_local std::unordered_map<gid_t, std::string> names;
  const auto [entry, fresh] = names.try_emplace(gid);
  if (fresh) {
    char buffer[16384];
    group record{}, *found = nullptr;
    if (::getgrgid_r(gid, &record, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
      entry->second = std::string_view(found->gr_name).substr(0, 256);
    }
  }
  return entry->second;
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
  node.mode = info.st_mode & 07777;
  node.uid = info.st_uid;
  node.gid = info.st_gid;
  node.user = user_name(info.st_uid);
  node.group = group_name(info.st_gid);
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

// Data extents of a file; false where the file system cannot tell or there are no holes.
bool find_extents(int file, std::uint64_t size_bytes, std::vector<Extent>& data) {
  const auto size = static_cast<off_t>(size_bytes);
  for (off_t at = 0; at < size;) {
    const off_t begin = ::lseek(file, at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // holes up to the end
    const off_t end = begin < 0 ? -1 : ::lseek(file, begin, SEEK_HOLE);
    if (begin < 0 || end <= begin) return false;
    if (begin >= size) break;
    data.push_back({static_cast<std::uint64_t>(begin),
                    static_cast<std::uint64_t>(std::min(end, size) - begin)});
    at = end;
  }
  return data.size() != 1 || data[0] != Extent{0, size_bytes};
}

// Lists and reads attributes through a descriptor, or a path that ends in the entry itself.
struct AttributeReader {
  int file = -1;
  std::string path;

  ssize_t list(char* into, std::size_t bytes) const {
    return file >= 0 ? ::flistxattr(file, into, bytes) : ::llistxattr(path.c_str(), into, bytes);
  }
  ssize_t get(const char* name, char* into, std::size_t bytes) const {
    return file >= 0 ? ::fgetxattr(file, name, into, bytes)
                     : ::lgetxattr(path.c_str(), name, into, bytes);
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
  std::string target(4096, '\0');
  for (;;) {
    const ssize_t got =
        ::readlinkat(listing.folder->get(), found.name.c_str(), target.data(), target.size());
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

Result<Node> stat_entry(const Listing& listing, const Found& found, FileId* id) {
  struct stat info {};
  if (::fstatat(listing.folder->get(), found.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return system_error("stat", '/' + listing.path_of(found), errno);
  }
  Node node;
  node.name = found.name;
  fill(info, node);
  if (id != nullptr) *id = {info.st_dev, info.st_ino};
  return node;
}

Result<SourceFile> open_source(const Listing& listing, const Found& found, Node& node) {
  const auto path = [&] { return '/' + listing.path_of(found); };
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd file(::openat(listing.folder->get(), found.name.c_str(), kFlags | O_NOATIME));
  if (!file && errno == EPERM) {  // O_NOATIME is for the owner
    file = UniqueFd(::openat(listing.folder->get(), found.name.c_str(), kFlags));
  }
  if (!file) return system_error("open", path(), errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error("stat", path(), errno);
  if (!S_ISREG(info.st_mode)) {
    return failed(fmt::format("{} was replaced while it was read", path()));
  }
  fill(info, node);
  node.sparse = false;
  node.data.clear();
  if (static_cast<std::uint64_t>(info.st_blocks) * 512 < node.size_bytes) {
    node.sparse = find_extents(file.get(), node.size_bytes, node.data);
    if (!node.sparse) node.data.clear();
  }
  return SourceFile(std::move(file));
}

Status complete(const Listing& listing, const Found& found, Node& node, const SourceFile* open) {
  if (node.kind == NodeKind::kSymlink) BACKCAST_CHECK(read_target(listing, found, node));
  AttributeReader reader;
  if (open != nullptr) {
    reader.file = open->descriptor();
  } else {
    // There is no call for a name beneath a descriptor; the last component is not followed.
    reader.path = fmt::format("/proc/self/fd/{}/{}", listing.folder->get(), found.name);
  }
  node.attributes.clear();
  return read_attributes(reader, '/' + listing.path_of(found), node);
}

Result<std::size_t> SourceFile::read_at(std::uint64_t offset_bytes, ByteSpan into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                                static_cast<off_t>(offset_bytes + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read", "file", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

bool SourceFile::unchanged(const Node& node) const {
  struct stat info {};
  return ::fstat(descriptor_.get(), &info) == 0 &&
         static_cast<std::uint64_t>(info.st_size) == node.size_bytes &&
         nanoseconds(info.st_mtim) == node.mtime_ns && nanoseconds(info.st_ctim) == node.ctime_ns;
}

}  // namespace backcast::source
