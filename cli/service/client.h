// Asks a service: JSON out and in, one call at a time.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/shared/context.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace backcast::cli {

struct ServerChoice {
  std::string url, token_file, ca_file;
};
// --server, --token-file, --ca-file and their variables.
void add_server_options(CLI::App& verb, ServerChoice& choice);
// The same where a service is one of several things to ask: `option` may stand without a value, and
// the variable alone does not choose it.
CLI::Option* add_server_choice(CLI::App& verb, ServerChoice& choice, const char* option);
// With what BACKCAST_SERVER says, where such an option has no value.
ServerChoice named_server(ServerChoice choice);

class Client {
 public:
  // Errors: kBadInput without a server or token, kNotFound for a token file.
  static Result<Client> of(const ServerChoice& choice);

  // `body`: nothing is sent where it is null. Errors: what the service says, by its status; kFailed
  // where it does not answer.
  Result<nlohmann::json> ask(const std::string& method, const std::string& target,
                             const nlohmann::json& body) const;
  Result<nlohmann::json> get(const std::string& target) const;
  // What is answered goes to a new file. Errors: kExists.
  Status download(const std::string& target, const std::string& file) const;

  // The id of the cluster that has this id or, if it is the only one, this name.
  Result<std::string> cluster_id(const std::string& name) const;
  // Waits until the job has ended, and shows how far it is. Errors: kFailed with its reason.
  Status wait_for(const Context& context, const std::string& job) const;

 private:
  Client(ServerChoice choice, std::string token)
      : choice_(std::move(choice)), token_(std::move(token)) {}
  struct Answer {
    long status = 0;
    std::string body;
  };
  Result<Answer> exchange(const std::string& method, const std::string& target,
                          const std::string* body,
                          const std::function<bool(std::string_view)>& sink) const;

  ServerChoice choice_;
  std::string token_;
};

// A name as one segment of a path, or one value of a query.
std::string escaped(std::string_view text);

}  // namespace backcast::cli
