#include "engine/env/fault_tree.h"

#include <algorithm>
#include <type_traits>

namespace backcast::env {

void FaultTree::inject(std::uint64_t call, TreeFault fault, int error_number) {
  const std::lock_guard guard(mutex_);
  calls_ = 0;
  fired_ = false;
  hit_.clear();
  at_ = call;
  fault_ = fault;
  error_number_ = error_number;
}

void FaultTree::clear() {
  inject(UINT64_MAX, TreeFault::kError);
}

std::string FaultTree::hit() const {
  const std::lock_guard guard(mutex_);
  return hit_;
}

FaultTree::Turn FaultTree::turn(const char* call, const char* name, bool can_be_short) {
  const std::lock_guard guard(mutex_);
  const std::uint64_t number = calls_++;
  const bool later = fault_ == TreeFault::kKill && number > at_;
  if (number != at_ && !later) return Turn::kGo;
  if (fault_ == TreeFault::kShort && !can_be_short) return Turn::kGo;
  if (!fired_.exchange(true)) hit_ = std::string(call) + ' ' + name;
  if (fault_ == TreeFault::kShort) return Turn::kShort;
  errno = fault_ == TreeFault::kInterrupt ? EINTR : error_number_;
  return Turn::kFail;
}

template <typename Act>
auto FaultTree::act(const char* call, const char* name, const Act& call_base) {
  using Returned = decltype(call_base());
  if (turn(call, name == nullptr ? "" : name) == Turn::kGo) return call_base();
  if constexpr (std::is_pointer_v<Returned>) {
    return Returned{nullptr};
  } else {
    return Returned{-1};
  }
}

template <typename Act>
auto FaultTree::act_on(const char* call, std::size_t bytes, const Act& call_base) {
  using Returned = decltype(call_base(bytes));
  switch (turn(call, "", true)) {
    case Turn::kGo:
      return call_base(bytes);
    case Turn::kShort:
      return call_base(std::max<std::size_t>(bytes / 2, std::min<std::size_t>(bytes, 1)));
    default:
      return Returned{-1};
  }
}

int FaultTree::open(int folder, const char* name, int flags, unsigned mode) {
  return act("open", name, [&] { return base_.open(folder, name, flags, mode); });
}
int FaultTree::open_beneath(int folder, const char* path, int flags, unsigned mode) {
  return act("open beneath", path, [&] { return base_.open_beneath(folder, path, flags, mode); });
}
int FaultTree::reopen(int file, int flags) {
  return act("reopen", "", [&] { return base_.reopen(file, flags); });
}
int FaultTree::duplicate(int handle) {
  return act("duplicate", "", [&] { return base_.duplicate(handle); });
}
int FaultTree::close_written(int file) {
  const bool go = turn("close", "") == Turn::kGo;
  const int error_number = errno;
  const int closed = base_.close_written(file);  // the handle is gone, whatever is said
  if (go) return closed;
  errno = error_number;
  return -1;
}
int FaultTree::lock(int folder, int operation) {
  return act("lock", "", [&] { return base_.lock(folder, operation); });
}
int FaultTree::stat(int folder, const char* name, struct stat& into) {
  return act("stat", name, [&] { return base_.stat(folder, name, into); });
}
int FaultTree::stat(int handle, struct stat& into) {
  return act("stat", "", [&] { return base_.stat(handle, into); });
}
int FaultTree::may_write_folder(int folder) {
  return act("access", "", [&] { return base_.may_write_folder(folder); });
}
long FaultTree::list(int folder, void* into, std::size_t bytes) {
  return act_on("list", bytes, [&](std::size_t part) { return base_.list(folder, into, part); });
}
ssize_t FaultTree::read(int file, void* into, std::size_t bytes, std::uint64_t offset) {
  return act_on("read", bytes,
                [&](std::size_t part) { return base_.read(file, into, part, offset); });
}
off_t FaultTree::seek(int file, off_t offset, int whence) {
  return act("seek", "", [&] { return base_.seek(file, offset, whence); });
}
ssize_t FaultTree::read_link(int folder, const char* name, char* into, std::size_t bytes) {
  return act("read link", name, [&] { return base_.read_link(folder, name, into, bytes); });
}
const char* FaultTree::resolve(const char* path, char* into) {
  return act("resolve", path, [&] { return base_.resolve(path, into); });
}
ssize_t FaultTree::list_attributes(int handle, const char* name, char* into, std::size_t bytes) {
  return act("list attributes", name,
             [&] { return base_.list_attributes(handle, name, into, bytes); });
}
ssize_t FaultTree::get_attribute(int handle, const char* name, const char* attribute, void* into,
                                 std::size_t bytes) {
  return act("get attribute", attribute,
             [&] { return base_.get_attribute(handle, name, attribute, into, bytes); });
}
int FaultTree::make_folder(int folder, const char* name, unsigned mode) {
  return act("make folder", name, [&] { return base_.make_folder(folder, name, mode); });
}
int FaultTree::make_path(const char* path, unsigned mode) {
  return act("make path", path, [&] { return base_.make_path(path, mode); });
}
int FaultTree::make_node(int folder, const char* name, unsigned mode, dev_t device) {
  return act("make node", name, [&] { return base_.make_node(folder, name, mode, device); });
}
int FaultTree::make_symlink(const char* target, int folder, const char* name) {
  return act("make symlink", name, [&] { return base_.make_symlink(target, folder, name); });
}
int FaultTree::make_link(int from, const char* name, int to, const char* new_name) {
  return act("make link", name, [&] { return base_.make_link(from, name, to, new_name); });
}
ssize_t FaultTree::write(int file, const void* bytes, std::size_t count, std::uint64_t offset) {
  return act_on("write", count,
                [&](std::size_t part) { return base_.write(file, bytes, part, offset); });
}
int FaultTree::truncate(int file, std::uint64_t size_bytes) {
  return act("truncate", "", [&] { return base_.truncate(file, size_bytes); });
}
int FaultTree::reserve(int file, std::uint64_t size_bytes) {
  return act("reserve", "", [&] { return base_.reserve(file, size_bytes); });
}
int FaultTree::rename(int folder, const char* from, const char* to, unsigned flags) {
  return act("rename", to, [&] { return base_.rename(folder, from, to, flags); });
}
int FaultTree::remove(int folder, const char* name, int flags) {
  return act("remove", name, [&] { return base_.remove(folder, name, flags); });
}
int FaultTree::set_owner(int handle, uid_t uid, gid_t gid) {
  return act("set owner", "", [&] { return base_.set_owner(handle, uid, gid); });
}
int FaultTree::set_mode(int handle, bool by_path_only, unsigned mode) {
  return act("set mode", "", [&] { return base_.set_mode(handle, by_path_only, mode); });
}
int FaultTree::set_times(int handle, bool by_path_only, const timespec (&times)[2]) {
  return act("set times", "", [&] { return base_.set_times(handle, by_path_only, times); });
}
int FaultTree::set_attribute(int handle, bool by_path_only, const char* attribute,
                             const void* value, std::size_t bytes) {
  return act("set attribute", attribute,
             [&] { return base_.set_attribute(handle, by_path_only, attribute, value, bytes); });
}
int FaultTree::remove_attribute(int handle, const char* attribute) {
  return act("remove attribute", attribute,
             [&] { return base_.remove_attribute(handle, attribute); });
}

}  // namespace backcast::env
