#include "engine/service/arrivals.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/source/beneath.h"

namespace backcast::service {
namespace {

constexpr std::string_view kFile = "file://";
constexpr long kConnectSeconds = 10, kStallSeconds = 30, kMinBytesPerSecond = 1024;
constexpr long kMostSeconds = 12 * 3600;
constexpr int kMostRedirects = 5;
constexpr std::size_t kPart = 1 << 20;

Error refused(std::string message, std::string hint) {
  return Error{Errc::kFailed, std::move(message), {}, std::move(hint)};
}

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, void (*)(void*)> owned(text, curl_free);
  return text;
}

using Url = std::unique_ptr<CURLU, void (*)(CURLU*)>;
Result<Url> parsed(const std::string& location) {
  Url url(curl_url(), curl_url_cleanup);
  const bool fine = url && curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) == CURLUE_OK;
  const std::string scheme = fine ? part_of(url.get(), CURLUPART_SCHEME) : "";
  if (scheme != "http" && scheme != "https") {
    return bad_input(printable(location) + " is no location of a snapshot",
                     "give file://…, http://… or https://…");
  }
  if (!part_of(url.get(), CURLUPART_USER).empty()) {
    return bad_input("a location holds no user", "send the key as api_key");
  }
  return url;
}

// "host", or "host:port" where that is not the usual one of its scheme.
std::string host_of(CURLU* url) {
  std::string host = part_of(url, CURLUPART_HOST);
  const std::string port = part_of(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  if (!port.empty()) host += ":" + port;
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return host;
}

// A transfer into a file.
struct Transfer {
  const env::UniqueFd& out;
  std::uint64_t left = 0;
  const std::atomic<bool>& stop;
  bool is_too_long = false;
};

std::size_t take(char* data, std::size_t, std::size_t size, void* to) {
  auto& transfer = *static_cast<Transfer*>(to);
  if (size > transfer.left) {
    transfer.is_too_long = true;
    return 0;
  }
  transfer.left -= size;
  for (std::size_t done = 0; done < size;) {
    const ssize_t written = ::write(transfer.out.get(), data + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return 0;
    done += static_cast<std::size_t>(written);
  }
  return size;
}

int go_on(void* of, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(of)->stop ? 1 : 0;
}

Result<env::UniqueFd> make(const std::string& file) {
  env::UniqueFd out(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!out) return env::system_error("make", file, errno);
  return out;
}

struct Reply {
  long status = 0;
  std::string redirect;
};

Result<Reply> get(const std::string& url, const std::string& api_key, Transfer& transfer) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
  if (ready != CURLE_OK || !handle) return failed("libcurl cannot be used");
  CURL* curl = handle.get();
  curl_slist* list = nullptr;
  if (!api_key.empty()) list = curl_slist_append(nullptr, ("api-key: " + api_key).c_str());
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, kMinBytesPerSecond);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, kMostSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, go_on);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
  const CURLcode done = curl_easy_perform(curl);
  Reply reply;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
  const char* next = nullptr;
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &next);
  if (next != nullptr) reply.redirect = next;
  if (transfer.is_too_long) return bad_input("what lies at the location is too long");
  if (transfer.stop) return Error{Errc::kInterrupted, "stopped before it was done", {}, ""};
  if (reply.status == 404) {
    return Error{Errc::kNotFound, "there is nothing at " + printable(url, 200), {}, ""};
  }
  if (done != CURLE_OK) {
    return failed(fmt::format("cannot load {}: {}", printable(url, 200), curl_easy_strerror(done)));
  }
  return reply;
}

}  // namespace

Status Arrivals::check(const std::string& cluster, const std::string& location) const {
  if (location.starts_with(kFile)) {
    BACKCAST_CHECK(path_in(cluster, location));
    return kOk;
  }
  BACKCAST_TRY(const Url url, parsed(location));
  const std::string host = host_of(url.get());
  if (std::find(options_.hosts.begin(), options_.hosts.end(), host) != options_.hosts.end()) {
    return kOk;
  }
  return refused("snapshots are not loaded from " + printable(host),
                 "start the service with --recover-from " + host + ", or upload the snapshot");
}

Result<std::string> Arrivals::path_in(const std::string& cluster,
                                      const std::string& location) const {
  int bytes = 0;
  const std::string encoded = location.substr(kFile.size());
  const std::unique_ptr<char, void (*)(void*)> decoded(
      curl_easy_unescape(nullptr, encoded.c_str(), static_cast<int>(encoded.size()), &bytes),
      curl_free);
  const std::string path(decoded.get(), static_cast<std::size_t>(bytes));
  const std::string folder = (options_.folder / cluster).string() + '/';
  const std::string name = path.starts_with(folder) ? path.substr(folder.size()) : "";
  const bool leads_out = ('/' + name + '/').find("/../") != std::string::npos ||
                         ('/' + name + '/').find("/./") != std::string::npos;
  if (!name.empty() && !leads_out && name.find('\0') == std::string::npos) return name;
  return refused(
      "a file of this cluster lies in " + folder + ", and " + printable(path, 200) + " does not",
      "put it there, or upload it");
}

Status Arrivals::fetch(const std::string& cluster, const std::string& location,
                       const std::string& api_key, const std::string& file,
                       const std::atomic<bool>& stop) const {
  BACKCAST_CHECK(check(cluster, location));
  if (!location.starts_with(kFile)) return load(location, api_key, file, stop);
  BACKCAST_TRY(const std::string name, path_in(cluster, location));
  return copy_file(cluster, name, file);
}

// No link leads out of the folder, whoever made it.
Status Arrivals::copy_file(const std::string& cluster, const std::string& path,
                           const std::string& file) const {
  const std::string folder = (options_.folder / cluster).string();
  const Error missing{Errc::kNotFound, "there is no file " + folder + '/' + path, {}, ""};
  const env::UniqueFd root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return missing;
  const env::UniqueFd in = source::open_beneath(env_.tree(), root.get(), path,
                                                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat what {};
  if (!in || ::fstat(in.get(), &what) != 0 || !S_ISREG(what.st_mode)) return missing;
  BACKCAST_TRY(const env::UniqueFd out, make(file));
  for (off_t left = what.st_size; left > 0;) {
    const ssize_t copied = ::copy_file_range(in.get(), nullptr, out.get(), nullptr, kPart, 0);
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0) return env::system_error("copy", path, errno);
    if (copied == 0) break;
    left -= copied;
  }
  return kOk;
}

Status Arrivals::load(const std::string& location, const std::string& api_key,
                      const std::string& file, const std::atomic<bool>& stop) const {
  std::string at = location, key = api_key;
  BACKCAST_TRY(const Url first, parsed(location));
  for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
    BACKCAST_TRY(const env::UniqueFd out, make(file));
    Transfer transfer{out, options_.max_bytes, stop};
    BACKCAST_TRY(const Reply reply, get(at, key, transfer));
    if (reply.redirect.empty()) {
      if (reply.status == 200) return kOk;
      return failed(fmt::format("{} answers with {}", printable(at, 200), reply.status));
    }
    at = reply.redirect;
    // Nobody is sent where they may not go by themselves.
    if (const Status may = check("", at); !may.ok()) return bad_input(may.error().message);
    BACKCAST_TRY(const Url next, parsed(at));
    if (host_of(next.get()) != host_of(first.get())) key.clear();
  }
  return failed("too many redirects from " + printable(location, 200));
}

}  // namespace backcast::service
