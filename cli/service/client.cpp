#include "cli/service/client.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/repository/passphrase.h"
#include "engine/base/text.h"
#include "engine/env/env.h"
#include "engine/env/stop_on_signal.h"
#include "engine/env/unique_fd.h"
#include "reports/parts/progress.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

constexpr long kConnectSeconds = 10, kStallSeconds = 120;

std::size_t take_bytes(char* bytes, std::size_t size, std::size_t count, void* into) {
  const auto& sink = *static_cast<const std::function<bool(std::string_view)>*>(into);
  return sink({bytes, size * count}) ? size * count : 0;
}

Errc code_of(long status) {
  if (status == 404) return Errc::kNotFound;
  if (status == 409) return Errc::kExists;
  if (status == 401 || status == 403) return Errc::kWrongKey;
  return status >= 400 && status < 500 ? Errc::kBadInput : Errc::kFailed;
}

Error error_in(long status, const std::string& body) {
  const json answer = json::parse(body, nullptr, false);
  if (answer.is_object() && answer.contains("error") && answer["error"].is_object()) {
    const json& error = answer["error"];
    return {code_of(status), error.value("message", ""), {}, error.value("hint", "")};
  }
  return {code_of(status), fmt::format("the service answers with status {}", status), {}, ""};
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    const bool plain = std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    out += plain ? std::string(1, static_cast<char>(c)) : fmt::format("%{:02X}", c);
  }
  return out;
}

namespace {

void add_secrets(CLI::App& verb, ServerChoice& choice) {
  verb.add_option("--token-file", choice.token_file, "File that holds the token")
      ->envname("BACKCAST_TOKEN_FILE")
      ->type_name("FILE");
  verb.add_option("--ca-file", choice.ca_file, "Certificates to trust beside the system's, PEM")
      ->envname("BACKCAST_CA_FILE")
      ->type_name("FILE");
}

}  // namespace

void add_server_options(CLI::App& verb, ServerChoice& choice) {
  verb.add_option("--server", choice.url, "Address of the service")
      ->envname("BACKCAST_SERVER")
      ->type_name("URL");
  add_secrets(verb, choice);
}

CLI::Option* add_server_choice(CLI::App& verb, ServerChoice& choice, const char* option) {
  auto* added =
      verb.add_option(option, choice.url, "A service, at this address or that in BACKCAST_SERVER")
          ->type_name("URL")
          ->expected(0, 1);
  add_secrets(verb, choice);
  return added;
}

ServerChoice named_server(ServerChoice choice) {
  const char* named = std::getenv("BACKCAST_SERVER");
  if (choice.url.empty() && named != nullptr) choice.url = named;
  return choice;
}

Result<Client> Client::of(const ServerChoice& choice) {
  if (choice.url.empty()) {
    return bad_input("no service is named", "give --server URL, or set BACKCAST_SERVER");
  }
  if (!choice.url.starts_with("http://") && !choice.url.starts_with("https://")) {
    return bad_input(printable(choice.url) + " is no address of a service",
                     "as http://127.0.0.1:7420");
  }
  if (choice.token_file.empty()) {
    return bad_input("no token is given",
                     "name its file with --token-file or in BACKCAST_TOKEN_FILE; the first one is "
                     "owner.token in the service's directory");
  }
  BACKCAST_TRY(const store::SecretText secret, read_secret_file(choice.token_file));
  ServerChoice trimmed = choice;
  while (trimmed.url.ends_with('/')) trimmed.url.pop_back();
  return Client(std::move(trimmed), std::string(trim(secret.view())));
}

Result<Client::Answer> Client::exchange(const std::string& method, const std::string& target,
                                        const std::string* body,
                                        const std::function<bool(std::string_view)>& sink) const {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl_easy_init(), curl_easy_cleanup);
  if (ready != CURLE_OK || !handle) return failed("libcurl cannot be used");
  curl_slist* list = curl_slist_append(nullptr, ("Authorization: Bearer " + token_).c_str());
  list = curl_slist_append(list, "Content-Type: application/json");
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(list, curl_slist_free_all);
  CURL* curl = handle.get();
  Answer answer;
  const std::function<bool(std::string_view)> take = [&](std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (sink && status < 300) return sink(bytes);
    answer.body.append(bytes);
    return true;
  };
  curl_easy_setopt(curl, CURLOPT_URL, (choice_.url + target).c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &take);
  if (!choice_.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, choice_.ca_file.c_str());
  if (body != nullptr) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->c_str());
  }
  const CURLcode done = curl_easy_perform(curl);
  if (done != CURLE_OK) {
    return failed(fmt::format("{} does not answer: {}", choice_.url, curl_easy_strerror(done)),
                  "is it running, and is this its address?");
  }
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

Result<json> Client::ask(const std::string& method, const std::string& target,
                         const json& body) const {
  const std::string text = body.is_null() ? "" : body.dump();
  BACKCAST_TRY(const Answer answer,
               exchange(method, target, body.is_null() ? nullptr : &text, nullptr));
  if (answer.status >= 300) return error_in(answer.status, answer.body);
  json value = json::parse(answer.body, nullptr, false);
  if (!value.is_object()) return failed("the service answers with what is no JSON object");
  return value;
}

Result<json> Client::get(const std::string& target) const {
  return ask("GET", target, nullptr);
}

Status Client::download(const std::string& target, const std::string& file) const {
  const env::UniqueFd out(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));  // it may be secret
  if (!out) {
    return Error{errno == EEXIST ? Errc::kExists : Errc::kFailed,
                 fmt::format("cannot make {}: {}", printable(file, 4096), std::strerror(errno)),
                 {},
                 {}};
  }
  const auto write = [&](std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(out.get(), bytes.data(), bytes.size());
      if (written < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  };
  const auto answer = exchange("GET", target, nullptr, write);
  if (answer.ok() && answer->status < 300 && ::fsync(out.get()) == 0) return kOk;
  ::unlink(file.c_str());
  if (!answer.ok()) return answer.error();
  if (answer->status >= 300) return error_in(answer->status, answer->body);
  return failed("cannot write " + printable(file, 4096));
}

Result<std::string> Client::cluster_id(const std::string& name) const {
  BACKCAST_TRY(const json answer, get("/v1/clusters"));
  std::vector<std::string> named;
  for (const json& cluster : answer.at("clusters")) {
    if (cluster.at("id") == name) return name;
    if (cluster.at("name") == name) named.push_back(cluster.at("id"));
  }
  if (named.size() == 1) return named.front();
  if (named.empty()) {
    return Error{Errc::kNotFound,
                 "there is no cluster " + printable(name),
                 {},
                 "backcast clusters list shows them"};
  }
  return bad_input(fmt::format("{} clusters are called {}", named.size(), printable(name)),
                   "give the id of one");
}

Status Client::wait_for(const Context& context, const std::string& job) const {
  std::atomic<std::uint64_t> percent{0};
  std::atomic<bool> stop{false};
  const env::StopOnSignal signals(stop);
  const reports::Progress line(progress_form(context), {job, "percent"}, [&] {
    return reports::ProgressState{.done = percent, .total = 100};
  });
  while (!stop) {
    BACKCAST_TRY(const json now, get("/v1/jobs/" + escaped(job)));
    percent = now.at("progress").get<std::uint64_t>();
    const std::string state = now.at("state");
    if (state == "SUCCESSFUL") return kOk;
    if (state == "FAILED" || state == "CANCELED") {
      return failed(
          fmt::format("{} has ended as {}: {}", job, state, now.at("reason").get<std::string>()));
    }
    env::posix_env().sleep(kSecond / 4);
  }
  return Error{Errc::kInterrupted, "stopped waiting; " + job + " goes on", {}, {}};
}

}  // namespace backcast::cli
