#include "engine/source/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cstdlib>

#include "engine/source/utf8_locale.h"

namespace backcast::source {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

mode_t type_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kFolder:
      return S_IFDIR;
    case NodeKind::kSymlink:
      return S_IFLNK;
    case NodeKind::kFifo:
      return S_IFIFO;
    case NodeKind::kCharDevice:
      return S_IFCHR;
    case NodeKind::kBlockDevice:
      return S_IFBLK;
    default:
      return S_IFREG;
  }
}

struct EntryEnd {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using Entry = std::unique_ptr<archive_entry, EntryEnd>;

// libarchive 3.6 prints seconds and fraction one after the other, so that before 1970 the fraction
// must be of the same sign. It has no -0: the last second before 1970 loses its fraction.
void set_time(::archive_entry* entry, std::int64_t time_ns) {
  const std::int64_t seconds = time_ns / kNsPerSecond, fraction = time_ns % kNsPerSecond;
  if (seconds == 0 && fraction < 0) return archive_entry_set_mtime(entry, -1, 0);
  archive_entry_set_mtime(entry, seconds, std::abs(fraction));
}

Entry entry_of(const std::string& path, const Node& node, const std::string* first_name) {
  Entry entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), path.c_str());
  archive_entry_set_filetype(entry.get(), type_of(node.kind));
  archive_entry_set_perm(entry.get(), node.mode);
  archive_entry_set_uid(entry.get(), node.uid);
  archive_entry_set_gid(entry.get(), node.gid);
  archive_entry_set_uname(entry.get(), node.user.c_str());
  archive_entry_set_gname(entry.get(), node.group.c_str());
  set_time(entry.get(), node.mtime_ns);
  const bool has_content = node.kind == NodeKind::kFile && first_name == nullptr;
  archive_entry_set_size(entry.get(), has_content ? static_cast<std::int64_t>(node.size_bytes) : 0);
  if (first_name != nullptr) archive_entry_set_hardlink(entry.get(), first_name->c_str());
  if (node.kind == NodeKind::kSymlink) {
    archive_entry_set_symlink(entry.get(), node.target.c_str());
  }
  if (node.kind == NodeKind::kCharDevice || node.kind == NodeKind::kBlockDevice) {
    archive_entry_set_rdev(entry.get(), makedev(node.device_major, node.device_minor));
  }
  for (const Attribute& attribute : node.attributes) {
    // A key ends at "=": such a name cannot be written.
    if (attribute.name.find('=') != std::string::npos) continue;
    archive_entry_xattr_add_entry(entry.get(), attribute.name.c_str(), attribute.value.data(),
                                  attribute.value.size());
  }
  return entry;
}

}  // namespace

struct TarWriter::Stream {
  ::archive* archive = archive_write_new();
  Sink sink;
  Status failure = kOk;  // of the sink

  explicit Stream(Sink s) : sink(std::move(s)) {
    archive_write_set_format_pax(archive);
    archive_write_set_format_option(archive, "pax", "xattrheader", "SCHILY");
    archive_write_set_bytes_per_block(archive, 0);  // as it comes
    archive_write_open(archive, this, nullptr, &Stream::pass_on, nullptr);
  }
  // Unless it was finished, the stream ends without the mark of its end.
  ~Stream() {
    archive_write_fail(archive);
    archive_write_free(archive);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  static la_ssize_t pass_on(::archive*, void* stream, const void* bytes, std::size_t size) {
    auto& self = *static_cast<Stream*>(stream);
    if (self.failure.ok()) {
      self.failure = self.sink({static_cast<const std::uint8_t*>(bytes), size});
    }
    return self.failure.ok() ? static_cast<la_ssize_t>(size) : -1;
  }

  // What libarchive answered; warnings are of names that are not UTF-8, which are written as bytes.
  Status told(la_ssize_t answer) const {
    if (!failure.ok()) return failure;
    if (answer >= ARCHIVE_WARN) return kOk;
    const char* why = archive_error_string(archive);
    return failed(std::string("cannot write tar: ") + (why == nullptr ? "no memory" : why));
  }
};

TarWriter::TarWriter(Sink sink) : stream_(std::make_unique<Stream>(std::move(sink))) {}
TarWriter::~TarWriter() = default;

bool TarWriter::DepthFirst::operator()(const std::string& a, const std::string& b) const {
  // Byte order, but "/" before everything else.
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto rank = [](char c) { return c == '/' ? -1 : int{static_cast<unsigned char>(c)}; };
    return rank(x) < rank(y);
  });
}

Status TarWriter::flush_folders(const std::string* up_to) {
  while (!folders_.empty()) {
    const auto first = folders_.begin();
    if (up_to != nullptr && DepthFirst()(*up_to, first->first)) break;
    BACKCAST_CHECK(put_header(first->first + '/', first->second, nullptr));
    folders_.erase(first);
  }
  return kOk;
}

Result<bool> TarWriter::begin(const std::string& path, const Node& node) {
  left_bytes_ = 0;
  if (const auto slash = path.rfind('/'); slash != std::string::npos) {
    const std::string parent = path.substr(0, slash);
    BACKCAST_CHECK(flush_folders(&parent));
  }
  if (node.kind == NodeKind::kSocket) return false;
  if (node.kind == NodeKind::kFolder) {
    folders_.emplace(path, node);
    return false;
  }
  const std::string* first_name = nullptr;
  if (node.kind == NodeKind::kFile && node.links > 1) {
    const auto [first, fresh] = first_names_.try_emplace({node.device, node.inode}, path);
    if (!fresh) first_name = &first->second;
  }
  BACKCAST_CHECK(put_header(path, node, first_name));
  if (node.kind == NodeKind::kFile && first_name == nullptr) left_bytes_ = node.size_bytes;
  return left_bytes_ > 0;
}

Status TarWriter::put_header(const std::string& path, const Node& node,
                             const std::string* first_name) {
  const Utf8Locale locale;
  const Entry entry = entry_of(path, node, first_name);
  return stream_->told(archive_write_header(stream_->archive, entry.get()));
}

Status TarWriter::write(ByteView content) {
  if (content.size() > left_bytes_) return failed("a file has more content than its entry says");
  left_bytes_ -= content.size();
  return stream_->told(archive_write_data(stream_->archive, content.data(), content.size()));
}

Status TarWriter::end() {
  if (left_bytes_ > 0) {
    return Error{Errc::kCorrupt, "a file has less content than its entry says", {}, ""};
  }
  return stream_->told(archive_write_finish_entry(stream_->archive));
}

Status TarWriter::finish() {
  BACKCAST_CHECK(flush_folders(nullptr));
  return stream_->told(archive_write_close(stream_->archive));
}

}  // namespace backcast::source
