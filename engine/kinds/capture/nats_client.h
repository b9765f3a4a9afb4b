// A client of a NATS server (https://docs.nats.io/reference/reference-protocols/nats-protocol) with
// what snapshots of its streams need: requests, and messages in order. One thread at a time.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "engine/env/unique_fd.h"
#include "engine/kinds/capture/cluster_source.h"

namespace backcast::kinds {

struct NatsServer {
  std::string host = "127.0.0.1";
  std::uint16_t port = 4222;
  std::string user;
  std::string password;  // "" with a user: none
};

struct NatsMessage {
  std::string subject, reply;
  std::string headers;  // from "NATS/1.0" on; "" = none
  std::string payload;
};

class NatsClient {
 public:
  // `progress` must outlive it: its stop ends every wait.
  static Result<NatsClient> connect(const NatsServer& server, Progress& progress);

  // A subject that only this client listens to.
  std::string listen();
  // The next message to it. Errors: kFailed after 30 seconds without one.
  Result<NatsMessage> next(const std::string& subject);
  Status publish(const std::string& subject, const std::string& reply, std::string_view payload);
  Result<NatsMessage> request(const std::string& subject, std::string_view payload);
  const std::string& server_version() const { return version_; }

 private:
  NatsClient(env::UniqueFd socket, Progress& progress, std::string name)
      : socket_(std::move(socket)), progress_(progress), name_(std::move(name)) {}
  Status log_in(const NatsServer& server);
  Status send(std::string_view text);
  Status receive();  // more bytes into in_
  // What stands at the front of in_, if it is there whole: kept, answered or an error.
  Result<bool> take_one();
  Result<bool> take_message(std::size_t line_end, bool has_headers);

  env::UniqueFd socket_;
  Progress& progress_;
  std::string name_, version_, in_;
  std::deque<NatsMessage> messages_;
  bool ponged_ = false;
  int subjects_ = 0;
  std::string inbox_;
};

}  // namespace backcast::kinds
