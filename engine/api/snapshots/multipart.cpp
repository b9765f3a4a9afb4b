#include "engine/api/snapshots/multipart.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include "engine/env/system_error.h"
#include "engine/env/unique_fd.h"

namespace backcast::api {
namespace {

constexpr std::size_t kPiece = 1 << 20;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, 5.1.1
constexpr std::size_t kMaxHead = 16 << 10;
constexpr std::size_t kMaxParts = 16;

Error no_form(const std::string& why) {
  return bad_input("the body is no form with a file: " + why,
                   "send it as curl -F snapshot=@FILE does");
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// The value of `name=value` or `name="value"` in a header; "" = none.
std::string parameter(std::string_view header, std::string_view name) {
  const std::string low = lower(header), wanted = std::string(name) + "=";
  std::size_t at = 0;
  while ((at = low.find(wanted, at)) != std::string::npos) {
    const bool begins = at > 0 && (low[at - 1] == ';' || low[at - 1] == ' ' || low[at - 1] == '\t');
    at += wanted.size();
    if (begins) break;
  }
  if (at == std::string::npos) return {};
  if (at >= header.size() || header[at] != '"') {
    return std::string(header.substr(at, header.find_first_of("; \t\r", at) - at));
  }
  std::string value;
  for (++at; at < header.size() && header[at] != '"'; ++at) {
    if (header[at] == '\\' && at + 1 < header.size()) ++at;
    value += header[at];
  }
  return value;
}

// A file from front to back.
class Reader {
 public:
  static Result<Reader> open(const std::string& path) {
    env::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return env::system_error("open", path, errno);
    return Reader(std::move(file));
  }
  // The offset of the next `text`, which is passed; what is before it goes to `before`, up to
  // kMaxHead bytes. Nothing if it does not come.
  Result<std::optional<std::uint64_t>> pass(std::string_view text, std::string* before = nullptr) {
    while (true) {
      const auto from = buffer_.begin() + static_cast<std::ptrdiff_t>(used_);
      const auto found = std::search(from, buffer_.end(), text.begin(), text.end());
      const bool is_found = found != buffer_.end();
      const std::size_t kept = std::min<std::size_t>(text.size() - 1, buffer_.end() - from);
      const auto until = is_found ? found : buffer_.end() - static_cast<std::ptrdiff_t>(kept);
      if (before != nullptr) {
        before->append(from, until);
        if (before->size() > kMaxHead) return std::optional<std::uint64_t>();
      }
      used_ = static_cast<std::size_t>(until - buffer_.begin());
      if (is_found) {
        const std::uint64_t at = offset_ + used_;
        used_ += text.size();
        return std::optional(at);
      }
      BACKCAST_TRY(const bool more, refill());
      if (!more) return std::optional<std::uint64_t>();
    }
  }
  std::uint64_t at() const { return offset_ + used_; }
  // The next bytes, passed.
  Result<std::string> take(std::size_t bytes) {
    while (buffer_.size() - used_ < bytes) {
      BACKCAST_TRY(const bool more, refill());
      if (!more) return no_form("it ends too early");
    }
    std::string text = buffer_.substr(used_, bytes);
    used_ += bytes;
    return text;
  }

 private:
  explicit Reader(env::UniqueFd file) : file_(std::move(file)) {}

  Result<bool> refill() {
    buffer_.erase(0, used_);
    offset_ += used_;
    used_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kPiece);
    const ssize_t got = ::read(file_.get(), buffer_.data() + had, kPiece);
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) return env::system_error("read", "an upload", errno);
    return got > 0;
  }

  env::UniqueFd file_;
  std::string buffer_;
  std::uint64_t offset_ = 0;  // of the buffer
  std::size_t used_ = 0;
};

}  // namespace

Result<FormFile> find_field(const std::string& file, std::string_view content_type,
                            std::string_view field) {
  if (!lower(content_type).starts_with("multipart/form-data")) {
    return no_form("its type is not multipart/form-data");
  }
  const std::string boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > kMaxBoundary) return no_form("it has no boundary");
  BACKCAST_TRY(Reader reader, Reader::open(file));
  const std::string first = "--" + boundary, next = "\r\n--" + boundary;
  BACKCAST_TRY(auto found, reader.pass(first));
  for (std::size_t parts = 0; found && parts < kMaxParts; ++parts) {
    BACKCAST_TRY(const std::string after, reader.take(2));
    if (after == "--") return no_form("the field \"" + std::string(field) + "\" is missing");
    std::string head;
    BACKCAST_TRY(const auto end, reader.pass("\r\n\r\n", &head));
    if (!end || after != "\r\n") break;
    FormFile part;
    part.offset = reader.at();
    BACKCAST_TRY(found, reader.pass(next));
    if (!found) return no_form("it ends too early");
    part.bytes = *found - part.offset;
    // Of its headers one says what it is called.
    const std::size_t at = lower(head).find("content-disposition:");
    if (at == std::string::npos) continue;
    const std::string line = head.substr(at, head.find("\r\n", at) - at);
    if (parameter(line, "name") != field) continue;
    part.file_name = parameter(line, "filename");
    return part;
  }
  return no_form("its parts cannot be read");
}

Status copy_part(const std::string& from, const FormFile& part, const std::string& to) {
  const env::UniqueFd in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return env::system_error("open", from, errno);
  const env::UniqueFd out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) return env::system_error("make", to, errno);
  auto offset = static_cast<off_t>(part.offset);
  for (std::uint64_t left = part.bytes; left > 0;) {
    const ssize_t sent = ::sendfile(out.get(), in.get(), &offset, left);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return env::system_error("write", to, sent < 0 ? errno : EIO);
    left -= static_cast<std::uint64_t>(sent);
  }
  return kOk;
}

}  // namespace backcast::api
