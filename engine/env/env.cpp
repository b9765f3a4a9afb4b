#include "engine/env/env.h"

#include <fmt/format.h>

#include <array>
#include <cstring>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/env/tree.h"

namespace backcast::env {
namespace {

Errc kind_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Errc::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return Errc::kExists;
    case ENOSPC:
    case EDQUOT:
      return Errc::kNoSpace;
    default:
      return Errc::kFailed;
  }
}

class ClockEnv final : public Env {
 public:
  ClockEnv(Env& base, Instant (*clock)(void*), void* context)
      : base_(base), clock_(clock), context_(context) {}
  Instant now() override { return clock_(context_); }
  Duration monotonic() override { return base_.monotonic(); }
  void sleep(Duration duration) override { base_.sleep(duration); }
  std::unique_ptr<Ticker> every(Duration period, std::function<void()> act) override {
    return base_.every(period, std::move(act));
  }
  Machine machine() override { return base_.machine(); }
  void random(ByteSpan into) override { base_.random(into); }
  Result<std::unique_ptr<Folder>> open_folder(const std::string& path, bool create) override {
    return base_.open_folder(path, create);
  }
  Status sync_file_system(int descriptor, const std::string& path) override {
    return base_.sync_file_system(descriptor, path);
  }
  Tree& tree() override { return base_.tree(); }

 private:
  Env& base_;
  Instant (*clock_)(void*);
  void* context_;
};

std::string parent_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

std::string temporary_beside(Env& env, const std::string& name) {
  std::array<std::uint8_t, 10> random{};
  env.random(random);
  std::string temporary = parent_of(name);
  if (!temporary.empty()) temporary += '/';
  temporary += kTemporaryPrefix;
  for (const std::uint8_t byte : random) temporary += fmt::format("{:02x}", byte);
  return temporary;
}

Status write_temporary(Folder& folder, const std::string& temporary, ByteView bytes, bool direct) {
  BACKCAST_TRY(const auto file, folder.create(temporary, {direct, bytes.size()}));
  BACKCAST_CHECK(file->append(bytes));
  return file->sync();
}

Status give_name(Folder& folder, const std::string& temporary, const std::string& name,
                 bool replace) {
  if (replace) return folder.rename(temporary, name);
  BACKCAST_TRY(const bool renamed, folder.rename_new(temporary, name));
  if (renamed) return kOk;
  BACKCAST_TRY(const bool linked, folder.link(temporary, name));
  if (linked) return folder.remove(temporary);
  // FAT on an old kernel, some network disks. Never a copy: a death in it would leave a part.
  const auto taken = folder.stat(name);
  if (taken.ok()) return system_error("create", folder.path() + '/' + name, EEXIST);
  if (taken.error().code != Errc::kNotFound) return taken.error();
  return folder.rename(temporary, name);
}

}  // namespace

Error system_error(std::string_view doing, const std::string& path, int error_number) {
  std::string hint;
  if (error_number == ENOSPC) hint = "free space on that disk and try again";
  if (error_number == EDQUOT) hint = "the quota there is used up";
  return {kind_of(error_number),
          fmt::format("cannot {} {}: {}", doing, printable(path, 4096), strerror(error_number)),
          {},
          std::move(hint)};
}

Tree& Env::tree() {
  return posix_tree();
}

std::unique_ptr<Env> with_clock(Env& base, Instant (*now)(void* context), void* context) {
  return std::make_unique<ClockEnv>(base, now, context);
}

Result<std::string> read_file(Folder& folder, const std::string& name, std::uint64_t max_bytes) {
  BACKCAST_TRY(const auto file, folder.open(name));
  BACKCAST_TRY(const std::uint64_t size_bytes, file->size_bytes());
  const auto where = [&] { return printable(folder.path() + '/' + name, 4096); };
  if (size_bytes > max_bytes) {
    return Error{Errc::kCorrupt,
                 fmt::format("{} is larger than the limit of {} bytes", where(), max_bytes),
                 {},
                 ""};
  }
  std::string bytes(size_bytes, '\0');
  BACKCAST_TRY(const std::size_t got,
               file->read_at(0, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}));
  if (got != size_bytes) {
    return Error{Errc::kCorrupt, fmt::format("{} shrank while it was read", where()), {}, ""};
  }
  return bytes;
}

Status publish_file(Env& env, Folder& folder, const std::string& name, ByteView bytes,
                    PublishOptions options) {
  const std::string temporary = temporary_beside(env, name);
  auto done = write_temporary(folder, temporary, bytes, options.direct);
  if (done.ok()) done = give_name(folder, temporary, name, options.replace);
  if (!done.ok()) {
    (void)folder.remove(temporary);  // the first error is the one to report
    return done;
  }
  return options.sync_folder ? folder.sync_folder(parent_of(name)) : kOk;
}

}  // namespace backcast::env
