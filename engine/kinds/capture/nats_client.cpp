#include "engine/kinds/capture/nats_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/base/text.h"
#include "engine/env/system_error.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace {

using nlohmann::json;

constexpr int kPatienceMs = 30'000, kLookMs = 100;
constexpr std::size_t kPart = 256 << 10;
// More than any server takes (its limit is 64 MiB): no sender decides how much memory is taken.
constexpr std::size_t kMaxMessage = 128 << 20, kMaxLine = 1 << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    const auto end = std::min(line.find_first_of(" \t", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
  return words;
}

std::optional<std::size_t> number_of(std::string_view word) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || number > kMaxMessage) {
    return std::nullopt;
  }
  return number;
}

Result<env::UniqueFd> connect_to(const NatsServer& server, const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int answer =
      ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (answer != 0) return failed("cannot find " + name + ": " + ::gai_strerror(answer));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, &::freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    env::UniqueFd socket(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, 0));
    if (socket && ::connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0) return socket;
    error = errno;
  }
  return env::system_error("connect to", name, error);
}

}  // namespace

Result<NatsClient> NatsClient::connect(const NatsServer& server, Progress& progress) {
  const std::string name = fmt::format("the NATS server {}:{}", server.host, server.port);
  BACKCAST_TRY(env::UniqueFd socket, connect_to(server, name));
  NatsClient client(std::move(socket), progress, name);
  BACKCAST_CHECK(client.log_in(server));
  return client;
}

Status NatsClient::log_in(const NatsServer& server) {
  while (version_.empty()) {
    BACKCAST_TRY(const bool any, take_one());
    if (!any) BACKCAST_CHECK(receive());
  }
  json hello = {{"verbose", false}, {"pedantic", false},  {"headers", true},
                {"lang", "c++"},    {"name", "backcast"}, {"version", BACKCAST_VERSION},
                {"protocol", 1}};
  if (!server.user.empty()) {
    hello["user"] = server.user;
    hello["pass"] = server.password;
  }
  std::array<std::uint8_t, 12> random{};
  randombytes_buf(random.data(), random.size());
  inbox_ = fmt::format("_INBOX.{:02x}", fmt::join(random, ""));
  BACKCAST_CHECK(send("CONNECT " + dumped(hello) + "\r\nSUB " + inbox_ + ".* 1\r\nPING\r\n"));
  while (!ponged_) {
    BACKCAST_TRY(const bool any, take_one());
    if (!any) BACKCAST_CHECK(receive());
  }
  return kOk;
}

Status NatsClient::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return env::system_error("write to", name_, errno);
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return kOk;
}

Status NatsClient::receive() {
  for (int waited = 0; waited < kPatienceMs; waited += kLookMs) {
    BACKCAST_CHECK(go_on(progress_));
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kLookMs) <= 0) continue;
    const std::size_t before = in_.size();
    in_.resize(before + kPart);
    const ssize_t got = ::recv(socket_.get(), in_.data() + before, kPart, 0);
    in_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) return env::system_error("read from", name_, errno);
    if (got == 0) return failed(name_ + " closed the connection");
    return kOk;
  }
  return failed(name_ + " does not answer");
}

Result<bool> NatsClient::take_one() {
  const auto end = in_.find("\r\n");
  if (end == std::string::npos) {
    if (in_.size() > kMaxLine) return failed(name_ + " speaks another protocol");
    return false;
  }
  const std::string_view line = std::string_view(in_).substr(0, end);
  if (line.starts_with("MSG ")) return take_message(end, false);
  if (line.starts_with("HMSG ")) return take_message(end, true);
  if (line.starts_with("-ERR")) return failed(name_ + " says " + printable(line.substr(4)));
  if (line.starts_with("INFO ")) {
    const json info = json::parse(line.substr(5), nullptr, false);
    if (!info.is_object()) return failed(name_ + " speaks another protocol");
    if (flag_in(info, "tls_required")) {
      return failed(name_ + " wants TLS, which is not spoken here", "use a listener without TLS");
    }
    version_ = text_in(info, "version");
    if (version_.empty()) version_ = "unknown";
  } else if (line == "PING") {
    BACKCAST_CHECK(send("PONG\r\n"));
  } else if (line == "PONG") {
    ponged_ = true;
  } else if (line != "+OK") {
    return failed(name_ + " speaks another protocol");
  }
  in_.erase(0, end + 2);
  return true;
}

// MSG subject sid [reply] bytes, HMSG subject sid [reply] header-bytes bytes.
Result<bool> NatsClient::take_message(std::size_t line_end, bool has_headers) {
  const auto words = words_of(std::string_view(in_).substr(0, line_end));
  const std::size_t counts = has_headers ? 2 : 1;
  if (words.size() < 3 + counts || words.size() > 4 + counts) {
    return failed(name_ + " speaks another protocol");
  }
  const auto total = number_of(words.back());
  const auto headers = has_headers ? number_of(words[words.size() - 2]) : std::size_t{0};
  if (!total || !headers || *headers > *total) return failed(name_ + " speaks another protocol");
  if (in_.size() < line_end + 2 + *total + 2) return false;
  NatsMessage message;
  message.subject = words[1];
  if (words.size() == 4 + counts) message.reply = words[3];
  message.headers = in_.substr(line_end + 2, *headers);
  message.payload = in_.substr(line_end + 2 + *headers, *total - *headers);
  in_.erase(0, line_end + 2 + *total + 2);
  messages_.push_back(std::move(message));
  return true;
}

std::string NatsClient::listen() {
  return inbox_ + '.' + std::to_string(++subjects_);
}

Result<NatsMessage> NatsClient::next(const std::string& subject) {
  while (true) {
    for (auto at = messages_.begin(); at != messages_.end(); ++at) {
      if (at->subject != subject) continue;
      NatsMessage message = std::move(*at);
      messages_.erase(at);
      return message;
    }
    BACKCAST_TRY(const bool any, take_one());
    if (!any) BACKCAST_CHECK(receive());
  }
}

Status NatsClient::publish(const std::string& subject, const std::string& reply,
                           std::string_view payload) {
  BACKCAST_CHECK(send(fmt::format("PUB {} {} {}\r\n", subject, reply, payload.size())));
  BACKCAST_CHECK(send(payload));
  return send("\r\n");
}

Result<NatsMessage> NatsClient::request(const std::string& subject, std::string_view payload) {
  const std::string reply = listen();
  BACKCAST_CHECK(publish(subject, reply, payload));
  BACKCAST_TRY(NatsMessage message, next(reply));
  if (message.headers.starts_with("NATS/1.0 503")) {
    return failed(name_ + ": nobody answers " + subject, "is JetStream switched on?");
  }
  return message;
}

}  // namespace backcast::kinds
