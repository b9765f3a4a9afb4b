// An HTTP/1.1 server: connections and bodies within limits, and nobody who is slow holds up others.
#pragma once

#include <memory>
#include <string>

#include "engine/api/http/message.h"
#include "engine/base/instant.h"

namespace backcast::api {

struct ServerOptions {
  std::string address = "127.0.0.1";  // numeric, IPv4 or IPv6
  std::uint16_t port = 0;             // 0: any free one
  std::string certificate_file{};     // PEM, with its chain; with a key, every connection is TLS
  std::string key_file{};             // PEM
  std::string upload_folder{};        // where bodies that go to files are put; of this server alone

  std::uint32_t max_connections = 256;  // further ones are answered with 503
  std::uint32_t max_header_bytes = 16 * 1024;
  Duration head_time = 10 * kSecond;  // for a request's head, from its first byte or the connection
  Duration idle_time = 30 * kSecond;  // between two requests, and for each piece of a body
  std::uint32_t min_bytes_per_second = 1024;  // of a body, either way, after idle_time has passed
};

// Reads and writes on one thread of its own, answers on two others.
class Server {
 public:
  // Listens and serves from here on. Errors: kBadInput for an address, certificate or key that
  // cannot be used; kExists where the port is taken; kFailed.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Service service);
  virtual ~Server() = default;  // stops at once if stop() has not been called

  virtual std::uint16_t port() const = 0;
  virtual std::uint32_t connections() const = 0;  // open now
  // Takes no further request, finishes those in flight for at most `grace`, then returns.
  virtual void stop(Duration grace) = 0;
};

}  // namespace backcast::api
