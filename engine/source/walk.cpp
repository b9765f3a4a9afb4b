#include "engine/source/walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <map>
#include <mutex>

#include "engine/env/system_error.h"
#include "engine/source/beneath.h"
#include "engine/source/exclude.h"
#include "engine/source/names.h"
#include "engine/source/open_folder.h"

namespace backcast::source {
namespace {

using env::system_error;
using env::UniqueFd;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
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

// Returns an error number if that cannot be told.
int has_cache_tag(env::Tree& tree, int folder, bool& has_tag) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  const UniqueFd tag(uninterrupted([&] { return tree.open(folder, kCacheTag.data(), kFlags); }));
  if (!tag) return errno == ENOENT || errno == ELOOP ? 0 : errno;
  char start[kCacheSignature.size()];
  std::size_t done = 0;
  while (done < sizeof start) {
    const ssize_t got = uninterrupted(
        [&] { return tree.read(tag.get(), start + done, sizeof start - done, done); });
    if (got < 0) return errno == EISDIR || errno == ESPIPE ? 0 : errno;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  has_tag = std::string_view(start, done) == kCacheSignature;
  return 0;
}

// The absolute path to save a root under.
Result<std::string> resolve_root(env::Tree& tree, const std::string& root) {
  char resolved[PATH_MAX];
  if (tree.resolve(root.c_str(), resolved) != nullptr) return std::string(resolved);
  const int error = errno;
  struct stat info {};
  if (error != ENOENT || tree.stat(AT_FDCWD, root.c_str(), info) != 0) {
    return system_error("back up", root, error);
  }
  // A link that leads nowhere is saved as the link it is.
  const auto slash = root.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : root.substr(0, slash + 1);
  if (tree.resolve(folder.c_str(), resolved) == nullptr) {
    return system_error("back up", root, errno);
  }
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

  State(env::Tree& on, WalkOptions with, std::function<void(Problem)> told)
      : tree(on), options(std::move(with)), problem(std::move(told)) {}

  env::Tree& tree;
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

  // Asks what kind of entry it is. One that cannot be told may be a folder: it is entered.
  void resolve_doubt(const Frame& frame, Found& entry) {
    struct stat info {};
    entry.kind_hint = NodeKind::kFolder;
    if (tree.stat(frame.folder->get(), entry.name.c_str(), info) == 0) {
      entry.is_doubtful = false;
      if (!S_ISDIR(info.st_mode)) entry.kind_hint = NodeKind::kFile;
    } else {
      const std::string path = frame.path.empty() ? entry.name : frame.path + '/' + entry.name;
      report(path, system_error("stat", '/' + path, errno));
    }
    entry.enter = entry.kind_hint == NodeKind::kFolder;
  }

  // Reads and sorts the names of a folder within a root.
  void fill(Frame& frame) {
    const int folder = frame.folder->get();
    const int error = read_names(tree, folder, [&](const char* name, unsigned char type) {
      const NodeKind kind = kind_of_entry(type);
      const bool is_doubtful = type == DT_UNKNOWN;
      frame.found.push_back({name, kind, kind == NodeKind::kFolder, is_doubtful});
    });
    if (error != 0) report(frame.path, system_error("list", '/' + frame.path, error));
    for (Found& entry : frame.found) {
      if (entry.is_doubtful) resolve_doubt(frame, entry);
    }
    bool has_tag = false;
    if (options.exclude_caches) {
      if (const int unread = has_cache_tag(tree, folder, has_tag); unread != 0) {
        const std::string tag = '/' + frame.path + '/' + std::string(kCacheTag);
        report(frame.path, system_error("read", tag, unread));
      }
    }
    if (has_tag) {
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
      frame.found.push_back({name, NodeKind::kFolder, true, false});
      if (child.children.empty()) resolve_doubt(frame, frame.found.back());
    }
  }

  UniqueFd open_folder(int parent, const char* name) {
    const auto open = [&](int flags) {
      return UniqueFd(uninterrupted([&] { return tree.open(parent, name, flags); }));
    };
    UniqueFd folder = open(kFolderFlags | O_NOATIME);
    return folder || errno != EPERM ? std::move(folder) : open(kFolderFlags);
  }

  // Opens a folder as the next frame. One that cannot be read is an empty frame.
  void push(int parent, const char* name, std::string path, const Branch* branch,
            std::uint64_t root_device, bool is_doubtful) {
    Frame frame;
    frame.path = std::move(path);
    UniqueFd descriptor = open_folder(parent, name);
    struct stat info {};
    if (!descriptor || tree.stat(descriptor.get(), info) != 0) {
      if (!is_doubtful) report(frame.path, system_error("open", '/' + frame.path, errno));
      frames.push_back(std::move(frame));
      return;
    }
    frame.id = {info.st_dev, info.st_ino};
    frame.folder = std::make_shared<OpenFolder>(tree, std::move(descriptor));
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
    UniqueFd descriptor(uninterrupted([&] { return tree.open(child, "..", kFolderFlags); }));
    struct stat info {};
    if (!descriptor || tree.stat(descriptor.get(), info) != 0) {
      report(frame.path, system_error("open", '/' + frame.path, errno));
      return false;
    }
    if (FileId{info.st_dev, info.st_ino} != frame.id) {
      report(frame.path, failed("the folder was moved while it was read"));
      return false;
    }
    frame.folder = std::make_shared<OpenFolder>(tree, std::move(descriptor));
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

Walk::Walk(env::Tree& tree, WalkOptions options, std::function<void(Problem)> problem)
    : state_(std::make_unique<State>(tree, std::move(options), std::move(problem))) {}
Walk::~Walk() = default;

Status Walk::open() {
  State& state = *state_;
  BACKCAST_TRY(state.excludes, Excludes::compile(state.options.excludes));
  if (state.options.roots.empty()) return bad_input("nothing to back up", "name a folder or file");
  std::vector<Problem> missing;
  Status first_error = kOk;
  for (const std::string& root : state.options.roots) {
    const auto path = resolve_root(state.tree, root);
    if (!path.ok()) {
      if (missing.empty()) first_error = path.error();
      missing.push_back({root, path.error().message});
      continue;
    }
    Branch* branch = &state.top;
    for (std::size_t at = 1; at < path->size() && !branch->is_root;) {
      const auto slash = std::min(path->find('/', at), path->size());
      branch = &branch->children[path->substr(at, slash - at)];
      at = slash + 1;
    }
    branch->is_root = true;
    branch->children.clear();  // roots within this one
  }
  if (missing.size() == state.options.roots.size()) return first_error;
  for (Problem& problem : missing) {
    if (state.problem) state.problem(std::move(problem));
  }
  state.push(AT_FDCWD, "/", "", &state.top, 0, false);
  if (state.frames.back().folder == nullptr) return failed("the root folder cannot be read");
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
    state.push(frame.folder->get(), entry.name.c_str(), std::move(path), branch, frame.device,
               entry.is_doubtful);
  }
  return std::nullopt;
}

}  // namespace backcast::source
