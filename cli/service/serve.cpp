#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "cli/repository/passphrase.h"
#include "cli/service/drills.h"
#include "cli/service/virtual_clock.h"
#include "cli/service/watch.h"
#include "cli/shared/verbs.h"
#include "engine/api/every_route.h"
#include "engine/api/http/server.h"
#include "engine/control/catalogue/tokens.h"
#include "engine/env/stop_on_signal.h"
#include "engine/env/unique_fd.h"
#include "engine/service/arrivals.h"
#include "engine/service/runner.h"
#include "engine/service/scheduler.h"
#include "engine/service/trusted_clock.h"

namespace backcast::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kGrace = 30 * kSecond;  // for requests in flight; systemd waits 90 s

struct Options {
  std::string folder, listen = "127.0.0.1:7420", certificate, key, passphrase_file, latest_version;
  std::string clock = "machine", scenario;
  std::vector<std::string> recover_from, buckets;
  bool plain = false, new_owner_token = false, accept_clock = false, rebuild = false;
  std::uint32_t max_connections = 256, calls_per_second = 1000;
};

Result<api::ServerOptions> server_options(const Options& options) {
  api::ServerOptions server;
  const std::size_t colon = options.listen.rfind(':');
  int port = -1;
  if (colon != std::string::npos) {
    const std::string text = options.listen.substr(colon + 1);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port > 65535) port = -1;
  }
  if (port < 0) {
    return bad_input("--listen takes ADDRESS:PORT, not \"" + options.listen + "\"",
                     "as 127.0.0.1:7420, or [::1]:7420");
  }
  server.address = options.listen.substr(0, colon);
  if (server.address.starts_with('[') && server.address.ends_with(']')) {
    server.address = server.address.substr(1, server.address.size() - 2);
  }
  server.port = static_cast<std::uint16_t>(port);
  if (options.certificate.empty() != options.key.empty()) {
    return bad_input("--tls-cert and --tls-key go together");
  }
  const bool loopback = server.address.starts_with("127.") || server.address == "::1";
  if (!loopback && options.certificate.empty() && !options.plain) {
    return bad_input("tokens would cross the network in plain sight",
                     "give --tls-cert and --tls-key, or --plain behind a proxy that does TLS");
  }
  server.certificate_file = options.certificate;
  server.key_file = options.key;
  server.max_connections = options.max_connections;
  return server;
}

Status write_secret(const fs::path& path, const std::string& text, bool replaces) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (replaces ? O_TRUNC : O_EXCL);
  const env::UniqueFd file(::open(path.c_str(), flags, 0600));
  if (!file || ::fchmod(file.get(), 0600) != 0 ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0) {
    return failed("cannot write " + path.string());
  }
  return kOk;
}

// That of the file, else the service's own, made where there is none.
Result<store::SecretText> passphrase(const Options& options, env::Env& env) {
  const fs::path own = fs::path(options.folder) / "service.key";
  std::error_code error;
  if (options.passphrase_file.empty() && !fs::exists(own, error)) {
    std::array<std::uint8_t, 32> bytes;
    env.random(bytes);
    std::string text;
    for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
    BACKCAST_CHECK(write_secret(own, text, false));
  }
  return read_secret_file(options.passphrase_file.empty() ? own.string() : options.passphrase_file);
}

// The first token of a catalogue, or one more: into a file that nobody else may read.
Status give_owner_token(const Context& context, const Options& options, const api::Api& api) {
  BACKCAST_TRY(const auto tokens, api.options().tokens.list());
  if (!tokens.empty() && !options.new_owner_token) return kOk;
  const std::string name = tokens.empty() ? "owner" : fmt::format("owner-{}", tokens.size() + 1);
  BACKCAST_TRY(const api::NewToken made,
               api::new_token(name, "organization_owner", {}, api.options().now()));
  const fs::path file = fs::path(options.folder) / "owner.token";
  BACKCAST_CHECK(write_secret(file, made.secret + "\n", true));
  BACKCAST_CHECK(api.options().tokens.add(made.token));
  note(context, fmt::format("the token \"{}\" is in {}", name, file.string()));
  return kOk;
}

// As sd_notify(3): a datagram to the socket that systemd names.
void notify(std::string_view state) {
  const char* name = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name == nullptr || std::strlen(name) >= sizeof(address.sun_path)) return;
  std::memcpy(address.sun_path, name, std::strlen(name));
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  const env::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
  (void)!::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), size);
}

std::string gauges(control::ControlPlane& control, const api::Server* server) {
  std::string text;
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
  };
  if (server != nullptr) {
    gauge("backcast_http_connections", "Connections that are open.", server->connections());
  }
  const auto clusters = control.clusters();
  if (!clusters.ok()) return text;
  text +=
      "# HELP backcast_backups_available Backups that can be restored.\n"
      "# TYPE backcast_backups_available gauge\n"
      "# HELP backcast_newest_backup_seconds When the newest one was made, in Unix time.\n"
      "# TYPE backcast_newest_backup_seconds gauge\n";
  for (const control::Cluster& cluster : *clusters) {
    if (cluster.deleted) continue;
    control::BackupFilter filter;
    filter.cluster = cluster.id;
    filter.state = "AVAILABLE";
    filter.limit = 1;
    const auto found = control.backups(filter);
    if (!found.ok()) continue;
    const std::string labels = fmt::format("{{cluster=\"{}\",project=\"{}\"}}",
                                           api::label(cluster.name), api::label(cluster.project));
    text += fmt::format("backcast_backups_available{} {}\n", labels, found->count);
    if (found->page.empty()) continue;
    text += fmt::format("backcast_newest_backup_seconds{} {}\n", labels,
                        unix_seconds(found->page.front().born));
  }
  return text;
}

Status make_folders(const fs::path& folder) {
  std::error_code error;
  for (const char* name : {"", "spool", "uploads", "scratch", "snapshots", "adopted"}) {
    const fs::path path = folder / name;
    fs::create_directories(path, error);
    if (!error) fs::permissions(path, fs::perms::owner_all, error);
    if (error) return failed("cannot use " + path.string() + ": " + error.message());
  }
  for (const char* name : {"uploads", "scratch"}) {  // left by a service that was killed
    for (const auto& entry : fs::directory_iterator(folder / name, error)) {
      fs::remove_all(entry.path(), error);
    }
  }
  return kOk;
}

Status rebuild(const Context& context, service::Runner& runner, control::ControlPlane& control) {
  BACKCAST_TRY(const service::Rebuilt rebuilt, runner.rebuild(control));
  note(context,
       fmt::format("{} backups were taken in, {} were known, {} are lost, {} snapshots have "
                   "no label",
                   rebuilt.adopted, rebuilt.known, rebuilt.lost, rebuilt.unlabelled));
  if (rebuilt.refused > 0) {
    note(context, fmt::format("{} were left out: other backups have their names", rebuilt.refused));
  }
  return kOk;
}

kinds::CollectionName name_of(const api::Part& part) {
  return {"default", part.collection, part.shard};
}

// What routes do with the data of clusters.
api::DataBackend data_backend(env::Env& env, service::Runner& runner,
                              const service::Arrivals& arrivals) {
  return {[](const control::Cluster& cluster) { return kinds::has_collections(cluster.kind); },
          [&](const control::Cluster& cluster) {
            return service::describe(env, runner.data_of(cluster));
          },
          [&](const control::Cluster& cluster, const api::Part& part, const std::string& file,
              const std::string& checksum) {
            return service::check_file(env, runner.data_of(cluster), name_of(part), file, checksum);
          },
          [&](const control::Cluster& cluster, const api::Part& of, const control::Backup& backup,
              const api::Part& as) {
            return service::check_contents(env, runner.data_of(cluster), backup.contents,
                                           name_of(of), name_of(as));
          },
          [&](const std::string& file) { return runner.adoptions().take_in(file); },
          [&](const std::string& taken_in) { runner.adoptions().remove(taken_in); },
          [&](const control::Cluster& cluster, const std::string& location) {
            return arrivals.check(cluster.id, location);
          },
          [&](const control::Cluster& cluster, const std::string& location,
              const std::string& api_key, const std::string& file, const std::atomic<bool>& ends) {
            return arrivals.fetch(cluster.id, location, api_key, file, ends);
          }};
}

using Buckets = std::map<std::string, fs::path>;

Result<Buckets> buckets_of(const Options& options) {
  Buckets buckets;
  for (const std::string& text : options.buckets) {
    const std::size_t equals = text.find('=');
    const fs::path folder = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (equals == 0 || folder.empty() || text.find(' ') < equals) {
      return bad_input("--bucket takes NAME=FOLDER, not \"" + text + "\"",
                       "as exports=/mnt/exports");
    }
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      return bad_input("--bucket: " + folder.string() + " is no folder",
                       "make it, or mount what is to be there");
    }
    buckets[text.substr(0, equals)] = fs::absolute(folder);
  }
  return buckets;
}

std::vector<std::string> names_of(const Buckets& buckets) {
  std::vector<std::string> names;
  for (const auto& [name, folder] : buckets) names.push_back(name);
  return names;
}

// When the clock stands, under the virtual one: a scenario that is given is lived through first.
Result<std::optional<Instant>, Errors> virtual_clock(const Context& context, const Options& options,
                                                     const fs::path& folder,
                                                     const std::atomic<bool>& stop) {
  BACKCAST_TRY(const auto stands, all_errors(stands_at(folder)));
  const bool is_virtual = options.clock == "virtual", has_scenario = !options.scenario.empty();
  const auto wrong = [](std::string message, std::string hint) {
    return Errors{bad_input(std::move(message), std::move(hint))};
  };
  if (stands && !is_virtual) {
    return wrong(folder.string() + " is under the virtual clock", "give --clock virtual");
  }
  if (!is_virtual && has_scenario) {
    return wrong("--scenario goes with --clock virtual",
                 "`backcast apply` switches a scenario on in a service");
  }
  if (!is_virtual) return stands;
  if (stands && has_scenario) {
    return wrong(folder.string() + " has lived through a scenario",
                 "leave --scenario out to serve it, or give a new directory");
  }
  if (stands) return stands;
  if (!has_scenario) return wrong("--clock virtual needs a --scenario to live through", "");
  std::error_code none;
  if (fs::exists(folder / "catalogue", none)) {
    return wrong(folder.string() + " is a service under the machine's clock",
                 "give a new directory");
  }
  BACKCAST_TRY(store::SecretText secret, all_errors(passphrase(options, env::posix_env())));
  BACKCAST_TRY(const Instant end,
               live_through(context, options.scenario, folder, std::move(secret), stop));
  return std::optional<Instant>(end);
}

Status serve(const Context& context, const Options& options, std::optional<Instant> stands,
             std::atomic<bool>& stop) {
  BACKCAST_TRY(api::ServerOptions transport, server_options(options));
  env::Env& env = env::posix_env();
  const fs::path folder = fs::absolute(options.folder);
  BACKCAST_TRY(store::SecretText secret, passphrase(options, env));
  const service::Log log = [](const std::string& line) { complain(line); };
  BACKCAST_TRY(const auto buckets, buckets_of(options));
  service::Runner runner(env, folder, std::move(secret), log, buckets);
  service::TrustedClock clock(env, log, stands);
  if (options.rebuild) BACKCAST_CHECK(service::bring_back_catalogue(folder, log));
  BACKCAST_TRY(const auto control, control::ControlPlane::open(
                                       (folder / "catalogue").string(), runner,
                                       {.durable = true, .clock = [&] { return clock.now(); }}));
  if (!options.accept_clock && !stands)
    BACKCAST_CHECK(service::check_clock(clock.now(), control->last_decided()));
  if (options.rebuild) BACKCAST_CHECK(rebuild(context, runner, *control));
  const api::Server* running = nullptr;
  service::Watch watch(
      *control, [&] { return clock.now(); }, [&] { return env.monotonic(); });
  api::Api api({.tokens = api::store_of(control->tokens()),
                .now = [&] { return clock.now(); },
                .monotonic = [&] { return env.monotonic(); },
                .log = [](const std::string& line) { std::fputs((line + "\n").c_str(), stderr); },
                .more_metrics =
                    [&] {
                      return gauges(*control, running) + watch.gauges() +
                             service::Drills::gauges(*control);
                    },
                .is_tls = !options.certificate.empty(),
                .calls_per_second = options.calls_per_second});
  const service::Arrivals arrivals(env,
                                   {.folder = folder / "snapshots", .hosts = options.recover_from});
  api::Backend backend{*control,
                       [&](const control::Backup& backup, bool encrypted, const std::string& file) {
                         return runner.write_file(backup, encrypted, file);
                       },
                       [&] { return clock.now(); },
                       (folder / "scratch").string(),
                       options.latest_version,
                       [&] { return watch.requirements(); },
                       data_backend(env, runner, arrivals),
                       names_of(buckets)};
  api::Snapshots snapshots(backend);
  api::Recoveries recoveries(snapshots);
  api::add_all(api, backend, recoveries);
  BACKCAST_CHECK(give_owner_token(context, options, api));
  BACKCAST_CHECK(runner.start(*control));
  std::optional<service::Scheduler> scheduler(std::in_place, *control, env, clock, log);
  std::optional<service::Drills> drills(
      std::in_place,
      service::DrillPlace{*control, env, [&] { return clock.now(); }, folder,
                          [&](const control::Backup& backup, const std::string& file) {
                            return runner.write_file(backup, false, file);
                          },
                          log});
  transport.upload_folder = (folder / "uploads").string();
  BACKCAST_TRY(const auto server, api::Server::start(std::move(transport), api.service()));
  running = server.get();
  note(context, fmt::format("serving at port {}", server->port()));
  if (stands) note(context, "the clock stands at " + format_instant(*stands));
  notify("READY=1\n");
  while (!stop) env.sleep(kSecond / 10);
  notify("STOPPING=1\n");
  server->stop(kGrace);
  drills.reset();
  scheduler.reset();
  runner.stop();
  return kOk;
}

Result<Ok, Errors> begin(const Context& context, const Options& options, std::atomic<bool>& stop) {
  // What was typed wrong is said before anything is begun.
  BACKCAST_CHECK(all_errors(server_options(options)));
  BACKCAST_CHECK(all_errors(buckets_of(options)));
  const fs::path folder = fs::absolute(options.folder);
  BACKCAST_CHECK(all_errors(make_folders(folder)));
  BACKCAST_TRY(const auto stands, virtual_clock(context, options, folder, stop));
  return all_errors(serve(context, options, stands, stop));
}

}  // namespace

void add_serve(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "serve",
      "Run the service: make backups on schedule, and answer an API\n\n"
      "  backcast serve /var/lib/backcast\n"
      "  backcast serve /var/lib/backcast --listen 0.0.0.0:7420 --tls-cert c.pem --tls-key k.pem\n"
      "  backcast serve /tmp/lived --clock virtual --scenario zilliz-cross-region");
  verb->add_option("directory", options->folder, "Where the service keeps all it has")->required();
  verb->add_option("--listen", options->listen, "Address and port; port 0: any free one")
      ->capture_default_str()
      ->type_name("ADDRESS:PORT");
  verb->add_option("--tls-cert", options->certificate, "Certificate with its chain, PEM")
      ->type_name("FILE");
  verb->add_option("--tls-key", options->key, "Its key, PEM")->type_name("FILE");
  verb->add_flag("--plain", options->plain,
                 "No TLS beyond this machine: behind a proxy that has it");
  verb->add_option("--passphrase-file", options->passphrase_file,
                   "Seals the keys of projects; without: service.key in the directory, made once")
      ->type_name("FILE");
  verb->add_flag(
      "--accept-clock", options->accept_clock,
      "Believe the machine's clock although it is far from the catalogue's newest entry");
  verb->add_flag(
      "--rebuild", options->rebuild,
      "Take what the repositories hold into the catalogue; one that is missing or damaged "
      "begins with its newest daily copy");
  verb->add_option("--clock", options->clock,
                   "virtual: lives through a scenario at full speed on generated data in a new "
                   "directory, then the clock stands and what came of it is served")
      ->capture_default_str()
      ->check(CLI::IsMember({"machine", "virtual"}));
  verb->add_option("--scenario", options->scenario, "What to live through under the virtual clock")
      ->type_name("FILE|NAME");
  verb->add_flag("--new-owner-token", options->new_owner_token,
                 "Write a new owner's token to owner.token, as at the first start");
  verb->add_option("--latest-version", options->latest_version,
                   "Version that clusters restored anew run; without: that of the backup")
      ->type_name("1.2.3");
  verb->add_option("--recover-from", options->recover_from,
                   "A host from which snapshots may be recovered by their address; may be given "
                   "several times. Without it only files and uploads are")
      ->type_name("HOST[:PORT]")
      ->allow_extra_args(false);
  verb->add_option("--bucket", options->buckets,
                   "A folder that backups may be exported to, and what callers call it; may be "
                   "given several times")
      ->type_name("NAME=FOLDER")
      ->allow_extra_args(false);
  verb->add_option("--max-connections", options->max_connections, "Open at once")
      ->capture_default_str()
      ->check(CLI::Range(1U, 10'000U));
  verb->add_option("--calls-per-second", options->calls_per_second, "Of one token")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1'000'000U));
  verb->callback([&context, options] {
    std::atomic<bool> stop{false};
    const env::StopOnSignal listening(stop);
    if (auto done = begin(context, *options, stop); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
