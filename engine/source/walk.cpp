#include "engine/source/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <map>
#include <mutex>

#include "engine/env/system_error.h"
#include "engine/source/exclude.h"
#include "engine/source/open_folder.h"

namespace backcast::source {
namespace {

using env::system_error;
using env::UniqueFd;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// Descriptors of ancestors kept open; further up they are found again through "..".
constexpr std::size_t kOpenAncestors = 200;
// https://bford.info/cachedir/
constexpr std::string_view kCacheTag = "CACHEDIR.TAG";
constexpr std::string_view kCacheSignature = "Signature: 8a477f597d28d172789f06886806bc55";

// The folders above the roots: only what leads to a root is listed there.
struct Branch {
  bool is_root = false;
  std::map<std::string, Branch> children;
};

NodeKind kind_of_entry(unsigned char type) {
  switch (type) {
    case DT_DIR:
      return NodeKind::kFolder;
    case DT_LNK:
      return NodeKind::kSymlink;
    case DT_FIFO:
      return NodeKind::kFifo;
    case DT_SOCK:
      return NodeKind::kSocket;
    case DT_CHR:
      return NodeKind::kCharDevice;
    case DT_BLK:
      return NodeKind::kBlockDevice;
    default:
      return NodeKind::kFile;
  }
}

bool is_folder_at(int folder, const char* name) {
  struct stat info {};
  return ::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
}

// All names of a folder, in no order. readdir would do, at twice the calls for large folders.
int read_names(int folder, std::vector<Found>& found) {
  struct Entry {  // linux_dirent64, getdents64(2)
    std::uint64_t inode;
    std::int64_t offset;
    std::uint16_t length;
    unsigned char type;
    char name[];
  };
  alignas(Entry) thread_local char buffer[64 << 10];
  for (;;) {
    const long got = ::syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return 0;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const std::string_view name = entry->name;
      if (name == "." || name == "..") continue;
      NodeKind kind = kind_of_entry(entry->type);
      if (entry->type == DT_UNKNOWN && is_folder_at(folder, entry->name)) kind = NodeKind::kFolder;
      found.push_back({std::string(name), kind, kind == NodeKind::kFolder});
    }
  }
}

bool has_cache_tag(int folder) {
  const UniqueFd tag(
      ::openat(folder, kCacheTag.data(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  char start[kCacheSignature.size()];
  return tag && ::read(tag.get(), start, sizeof start) == ssize_t{sizeof start} &&
         std::string_view(start, sizeof start) == kCacheSignature;
}

// The absolute path to save a root under.
Result<std::string> resolve_root(const std::string& root) {
  char resolved[PATH_MAX];
  if (::realpath(root.c_str(), resolved) != nullptr) return std::string(resolved);
  const int error = errno;
  struct stat info {};
  if (error != ENOENT || ::lstat(root.c_str(), &info) != 0) {
    return system_error("back up", root, error);
  }
  // A link that leads nowhere is saved as the link it is.
  const auto slash = root.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : root.substr(0, slash + 1);
  if (::realpath(folder.c_str(), resolved) == nullptr) return system_error("back up", root, errno);
  return std::string(resolved) + '/' + root.substr(slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace

struct Walk::State {
  struct Frame {
    std::shared_ptr<const OpenFolder> folder;  // may be closed while its descendants are walked
    FileId id;
    std::string path;
    std::vector<Found> found;
    std::size_t listed = 0;   // entries handed out
    std::size_t entered = 0;  // entries whose subfolders were walked
    bool started = false;
    const Branch* branch = nullptr;  // above the roots
    std::uint64_t device = 0;        // of the root this lies in
  };

  WalkOptions options;
  std::function<void(Problem)> problem;
  Excludes excludes;
  Branch top;
  std::mutex mutex;
  std::vector<Frame> frames;
  std::uint64_t number = 0;

  void report(const std::string& path, const Error& error) {
    if (problem) problem({'/' + path, error.message});
  }

  // Reads and sorts the names of a folder within a root.
  void fill(Frame& frame) {
    if (const int error = read_names(frame.folder->get(), frame.found); error != 0) {
      report(frame.path, system_error("list", '/' + frame.path, error));
    }
    if (options.exclude_caches && has_cache_tag(frame.folder->get())) {
      std::erase_if(frame.found, [](const Found& entry) { return entry.name != kCacheTag; });
    }
    if (!excludes.empty()) {
      std::string path = frame.path.empty() ? "" : frame.path + '/';
      const std::size_t prefix_bytes = path.size();
      std::erase_if(frame.found, [&](const Found& entry) {
        path.resize(prefix_bytes);
        path += entry.name;
        return excludes.excludes(path, entry.kind_hint == NodeKind::kFolder);
      });
    }
    std::sort(frame.found.begin(), frame.found.end(),
              [](const Found& a, const Found& b) { return a.name < b.name; });
  }

  void fill_from_branch(Frame& frame) {
    for (const auto& [name, child] : frame.branch->children) {
      const bool is_folder =
          !child.children.empty() || is_folder_at(frame.folder->get(), name.c_str());
      frame.found.push_back({name, is_folder ? NodeKind::kFolder : NodeKind::kFile, is_folder});
    }
  }

  // Opens a folder as the next frame. One that cannot be read is an empty frame.
  void push(int parent, const char* name, std::string path, const Branch* branch,
            std::uint64_t root_device) {
    Frame frame;
    frame.path = std::move(path);
    UniqueFd descriptor(::openat(parent, name, kFolderFlags | O_NOATIME));
    if (!descriptor && errno == EPERM) descriptor = UniqueFd(::openat(parent, name, kFolderFlags));
    struct stat info {};
    if (!descriptor || ::fstat(descriptor.get(), &info) != 0) {
      report(frame.path, system_error("open", '/' + frame.path, errno));
      frames.push_back(std::move(frame));
      return;
    }
    frame.id = {info.st_dev, info.st_ino};
    frame.folder = std::make_shared<OpenFolder>(std::move(descriptor));
    const bool above_roots = branch != nullptr && !branch->is_root;
    frame.branch = above_roots ? branch : nullptr;
    frame.device = branch != nullptr ? info.st_dev : root_device;
    if (above_roots) {
      fill_from_branch(frame);
    } else if (!options.one_file_system || frame.device == info.st_dev) {
      fill(frame);
    }
    if (frames.size() > kOpenAncestors) frames[frames.size() - kOpenAncestors].folder.reset();
    frames.push_back(std::move(frame));
  }

  // Back in a folder whose descriptor was closed: its last subfolder knows the way.
  bool reopen(Frame& frame, int child) {
    UniqueFd descriptor(::openat(child, "..", kFolderFlags));
    struct stat info {};
    if (!descriptor || ::fstat(descriptor.get(), &info) != 0 ||
        FileId{info.st_dev, info.st_ino} != frame.id) {
      report(frame.path, failed("the folder was moved while it was read"));
      return false;
    }
    frame.folder = std::make_shared<OpenFolder>(std::move(descriptor));
    return true;
  }

  void pop() {
    const Frame done = std::move(frames.back());
    frames.pop_back();
    if (frames.empty() || frames.back().folder != nullptr) return;
    Frame& parent = frames.back();
    if (done.folder == nullptr || !reopen(parent, done.folder->get())) {
      parent.entered = parent.found.size();
    }
  }

  Listing list(Frame& frame) {
    Listing listing;
    listing.number = number++;
    listing.path = frame.path;
    listing.first = !frame.started;
    frame.started = true;
    const std::size_t end = std::min(frame.found.size(), frame.listed + kListingEntries);
    const auto at = [&](std::size_t i) {
      return frame.found.begin() + static_cast<std::ptrdiff_t>(i);
    };
    listing.found.assign(at(frame.listed), at(end));
    frame.listed = end;
    listing.last = end == frame.found.size();
    listing.folder = frame.folder;
    if (listing.last) {  // what remains to be done is to enter the subfolders
      std::erase_if(frame.found, [](const Found& entry) { return !entry.enter; });
    }
    return listing;
  }

  bool all_listed(const Frame& frame) const { return frame.started && frame.listed == SIZE_MAX; }
};

Walk::Walk(WalkOptions options, std::function<void(Problem)> problem)
    : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  state_->problem = std::move(problem);
}
Walk::~Walk() = default;

Status Walk::open() {
  State& state = *state_;
  BACKCAST_TRY(state.excludes, Excludes::compile(state.options.excludes));
  if (state.options.roots.empty()) return bad_input("nothing to back up", "name a folder or file");
  for (const std::string& root : state.options.roots) {
    BACKCAST_TRY(const std::string path, resolve_root(root));
    Branch* branch = &state.top;
    for (std::size_t at = 1; at < path.size() && !branch->is_root;) {
      const auto slash = std::min(path.find('/', at), path.size());
      branch = &branch->children[path.substr(at, slash - at)];
      at = slash + 1;
    }
    branch->is_root = true;
    branch->children.clear();  // roots within this one
  }
  state.push(AT_FDCWD, "/", "", &state.top, 0);
  return kOk;
}

std::optional<Listing> Walk::next() {
  State& state = *state_;
  const std::lock_guard guard(state.mutex);
  while (!state.frames.empty()) {
    State::Frame& frame = state.frames.back();
    if (!state.all_listed(frame)) {
      Listing listing = state.list(frame);
      if (listing.last) frame.listed = SIZE_MAX;
      return listing;
    }
    if (frame.entered == frame.found.size()) {
      state.pop();
      continue;
    }
    const Found entry = frame.found[frame.entered++];
    const Branch* branch = nullptr;
    if (frame.branch != nullptr) branch = &frame.branch->children.at(entry.name);
    std::string path = frame.path.empty() ? entry.name : frame.path + '/' + entry.name;
    state.push(frame.folder->get(), entry.name.c_str(), std::move(path), branch, frame.device);
  }
  return std::nullopt;
}

}  // namespace backcast::source
