// Restoring one regular file: created where nobody can follow, filled from any thread, given its
// metadata and only then its name.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/env/system_error.h"
#include "engine/source/beneath.h"
#include "engine/source/restore_state.h"

namespace backcast::source {

using env::system_error;
using env::UniqueFd;

namespace {

constexpr std::size_t kBlockBytes = 4096;

int write_all_at(env::Tree& tree, int file, ByteView bytes, std::uint64_t offset_bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote =
        uninterrupted([&] { return tree.write(file, bytes.data(), bytes.size(), offset_bytes); });
    if (wrote < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    offset_bytes += static_cast<std::uint64_t>(wrote);
  }
  return 0;
}

}  // namespace

struct RestoreFile::State {
  explicit State(env::Tree& on) : tree(on) {}

  env::Tree& tree;
  UniqueFd file, direct;
  Node node;
  std::shared_ptr<const RestoreFolder> parent;
  std::string path;       // for messages
  std::string temporary;  // what it is called until commit
  Created created;
  std::vector<std::uint64_t> starts;  // of each data extent, within the content
  std::atomic<std::uint64_t> written_bytes{0};
  bool is_named = false;  // or removed: nothing has the temporary name any more

  int write_range(std::uint64_t offset_bytes, ByteView bytes) {
    const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % kBlockBytes == 0 &&
                         offset_bytes % kBlockBytes == 0;
    if (direct && aligned && bytes.size() >= kBlockBytes) {
      const std::size_t whole = bytes.size() / kBlockBytes * kBlockBytes;
      const int error = write_all_at(tree, direct.get(), bytes.first(whole), offset_bytes);
      if (error != 0 && error != EINVAL) return error;
      if (error == 0) {
        bytes = bytes.subspan(whole);
        offset_bytes += whole;
      }
    }
    return write_all_at(tree, file.get(), bytes, offset_bytes);
  }

  // The error of a write may be told as late as this.
  int close() {
    int error = 0;
    for (UniqueFd* handle : {&direct, &file}) {
      if (*handle && tree.close_written(handle->release()) != 0 && error == 0) error = errno;
    }
    return error;
  }

  // Maps a range of the content to the file's data extents.
  int write(std::uint64_t offset_bytes, ByteView bytes) {
    if (!node.sparse) return write_range(offset_bytes, bytes);
    auto at = static_cast<std::size_t>(
        std::upper_bound(starts.begin(), starts.end(), offset_bytes) - starts.begin());
    for (; !bytes.empty(); ++at) {
      const Extent& extent = node.data[at - 1];
      const std::uint64_t within = offset_bytes - starts[at - 1];
      const auto part = static_cast<std::size_t>(
          std::min<std::uint64_t>(bytes.size(), extent.size_bytes - within));
      const int error = write_range(extent.offset_bytes + within, bytes.first(part));
      if (error != 0) return error;
      bytes = bytes.subspan(part);
      offset_bytes += part;
    }
    return 0;
  }
};

RestoreFile::RestoreFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
RestoreFile::~RestoreFile() {
  if (state_->is_named) return;
  state_->tree.remove(state_->parent->descriptor.get(), state_->temporary.c_str(), 0);
}

Status RestoreFile::write_at(std::uint64_t offset_bytes, ByteView bytes) {
  const std::uint64_t size_bytes = state_->node.content_bytes();
  if (offset_bytes > size_bytes || bytes.size() > size_bytes - offset_bytes) {
    return Error{
        Errc::kCorrupt, fmt::format("more content than {} has room for", state_->path), {}, ""};
  }
  if (const int error = state_->write(offset_bytes, bytes); error != 0) {
    return system_error("write", state_->path, error);
  }
  state_->written_bytes += bytes.size();
  return kOk;
}

Result<std::unique_ptr<RestoreFile>> Restorer::State::create(const RestoreFolder& parent,
                                                             const Node& node) {
  auto file = std::make_unique<RestoreFile::State>(tree);
  file->temporary = temporary_name();
  file->path = full(parent.path_of(node.name));
  file->parent = parent.shared_from_this();
  file->node = node;
  // In a folder of our own that nobody else can enter, the final mode is safe at once.
  const unsigned mode = parent.fresh ? metadata.mode_of(node) & 0777 : 0600;
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  file->file = UniqueFd(uninterrupted(
      [&] { return tree.open(parent.descriptor.get(), file->temporary.c_str(), kFlags, mode); }));
  if (!file->file) return system_error("create", file->path, errno);
  file->created.owner_is_ours = !parent.setgid;
  file->created.mode_is_right =
      parent.fresh && (mode & umask_bits) == 0 && mode == metadata.mode_of(node);
  file->created.may_have_acl = parent.may_have_acl;
  std::uint64_t start = 0;
  for (const Extent& extent : node.data) {
    file->starts.push_back(start);
    start += extent.size_bytes;
  }
  return std::make_unique<RestoreFile>(std::move(file));
}

Status Restorer::State::finish_file(RestoreFile::State& file) {
  const Node& node = file.node;
  if (file.written_bytes != node.content_bytes()) {
    return Error{Errc::kCorrupt,
                 fmt::format("{}: {} of {} bytes were restored", file.path,
                             file.written_bytes.load(), node.content_bytes()),
                 {},
                 ""};
  }
  const int handle = file.file.get();
  if (node.sparse && uninterrupted([&] { return tree.truncate(handle, node.size_bytes); }) != 0) {
    return system_error("extend", file.path, errno);
  }
  BACKCAST_CHECK(metadata.apply(handle, node, file.created, file.path));
  if (node.links > 1) {
    struct stat info {};
    if (tree.stat(handle, info) != 0) return system_error("stat", file.path, errno);
    const std::lock_guard guard(mutex);
    FirstName& first = first_names[{node.device, node.inode}];
    first.device = info.st_dev;
    first.inode = info.st_ino;
  }
  if (const int error = file.close(); error != 0) return system_error("write", file.path, error);
  return kOk;
}

Status Restorer::write_file(const RestoreFolder& parent, const Node& node, ByteView content) {
  BACKCAST_TRY(const auto file, begin_file(parent, node));
  if (file == nullptr) return kOk;
  BACKCAST_CHECK(file->write_at(0, content));
  return commit(*file);
}

Result<std::unique_ptr<RestoreFile>> Restorer::begin_file(const RestoreFolder& parent,
                                                          const Node& node) {
  BACKCAST_CHECK(state_->check_name(parent, node));
  BACKCAST_TRY(const bool keeps, state_->keeps(parent, node));
  if (keeps || !state_->claim(parent, node)) return std::unique_ptr<RestoreFile>();
  BACKCAST_TRY(auto file, state_->create(parent, node));
  if (node.content_bytes() >= state_->options.direct_bytes) {
    RestoreFile::State& writing = *file->state_;
    // Reserved ahead, several threads can write it at once. Only a hint: not all can do it.
    const int handle = writing.file.get();
    if (!node.sparse) state_->tree.reserve(handle, node.size_bytes);
    writing.direct = UniqueFd(state_->tree.reopen(handle, O_WRONLY | O_DIRECT));
  }
  return file;
}

Status Restorer::commit(RestoreFile& file) {
  RestoreFile::State& writing = *file.state_;
  const Node& node = writing.node;
  BACKCAST_CHECK(state_->finish_file(writing));
  writing.is_named = true;
  BACKCAST_TRY(const bool is_named,
               state_->give_name(*writing.parent, writing.temporary, node.name));
  if (!is_named) return kOk;
  if (node.links > 1) {
    const std::lock_guard guard(state_->mutex);
    state_->first_names[{node.device, node.inode}].written = true;
  }
  ++state_->files;
  state_->bytes += node.content_bytes();
  return kOk;
}

}  // namespace backcast::source
