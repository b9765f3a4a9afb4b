#include "engine/kinds/formats/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <vector>

#include "engine/env/child.h"
#include "engine/env/system_error.h"
#include "engine/source/utf8_locale.h"

namespace backcast::kinds {
namespace {

constexpr std::size_t kPart = 1 << 20;

Error archive_error(std::string_view doing, const Path& path, archive* zip, Errc code) {
  const char* why = archive_error_string(zip);
  return Error{code,
               "cannot " + std::string(doing) + " " + path.string() + ": " +
                   (why == nullptr ? "it is damaged" : why),
               {},
               ""};
}

}  // namespace

struct ZipWriter::State {
  explicit State(Path p) : path(std::move(p)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { archive_write_free(zip); }

  Path path;
  archive* zip = archive_write_new();
};

ZipWriter::ZipWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ZipWriter::ZipWriter(ZipWriter&&) noexcept = default;
ZipWriter::~ZipWriter() = default;

Result<ZipWriter> ZipWriter::create(const Path& path) {
  auto state = std::make_unique<State>(path);
  archive_write_set_format_zip(state->zip);
  archive_write_zip_set_compression_store(state->zip);
  if (archive_write_open_filename(state->zip, path.c_str()) != ARCHIVE_OK) {
    return archive_error("create", path, state->zip, Errc::kFailed);
  }
  return ZipWriter(std::move(state));
}

Status ZipWriter::add(const std::string& name, const Path& file, const std::atomic<bool>& stop) {
  const source::Utf8Locale locale;
  const env::UniqueFd in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0)
    return env::system_error("open", file.string(), errno);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0600);
  archive_entry_set_size(entry, status.st_size);
  archive_entry_set_mtime(entry, status.st_mtime, 0);
  const int answer = archive_write_header(state_->zip, entry);
  archive_entry_free(entry);
  if (answer < ARCHIVE_WARN)
    return archive_error("write", state_->path, state_->zip, Errc::kFailed);
  std::vector<std::uint8_t> part(kPart);
  while (true) {
    if (stop) return Error{Errc::kInterrupted, "stopped before it was done", {}, ""};
    BACKCAST_TRY(const std::size_t got, env::read_stream(in.get(), part, file.string()));
    if (got == 0) return kOk;
    const auto done = archive_write_data(state_->zip, part.data(), got);
    if (done != static_cast<la_ssize_t>(got)) {
      return archive_error("write", state_->path, state_->zip, Errc::kFailed);
    }
  }
}

Status ZipWriter::finish() {
  if (archive_write_close(state_->zip) == ARCHIVE_OK) return kOk;
  return archive_error("write", state_->path, state_->zip, Errc::kFailed);
}

Status read_zip(
    const Path& path,
    const std::function<Status(const std::string& name,
                               const std::function<Status(const ByteSink&)>& content)>& visit) {
  const source::Utf8Locale locale;
  const std::unique_ptr<archive, int (*)(archive*)> zip(archive_read_new(), &archive_read_free);
  archive_read_support_format_zip(zip.get());
  if (archive_read_open_filename(zip.get(), path.c_str(), kPart) != ARCHIVE_OK) {
    return archive_error("open", path, zip.get(), Errc::kCorrupt);
  }
  while (true) {
    archive_entry* entry = nullptr;
    const int answer = archive_read_next_header(zip.get(), &entry);
    if (answer == ARCHIVE_EOF) return kOk;
    if (answer < ARCHIVE_WARN) return archive_error("read", path, zip.get(), Errc::kCorrupt);
    const char* name = archive_entry_pathname(entry);
    const auto content = [&](const ByteSink& sink) -> Status {
      while (true) {
        const void* bytes = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int block = archive_read_data_block(zip.get(), &bytes, &size, &offset);
        if (block == ARCHIVE_EOF) return kOk;
        if (block != ARCHIVE_OK) return archive_error("read", path, zip.get(), Errc::kCorrupt);
        BACKCAST_CHECK(sink({static_cast<const std::uint8_t*>(bytes), size}));
      }
    };
    BACKCAST_CHECK(visit(name == nullptr ? "" : name, content));
  }
}

}  // namespace backcast::kinds
