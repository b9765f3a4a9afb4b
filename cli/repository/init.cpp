#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/passphrase.h"
#include "cli/shared/verbs.h"
#include "engine/base/size.h"
#include "reports/parts/escape.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string like;
  std::string memory = "256 MiB";
  std::uint64_t passes = 3;
};

Status run(Context& context, const Options& options) {
  BACKCAST_CHECK(check_repository_choice(options.repository));
  BACKCAST_TRY(const std::uint64_t memory_bytes, parse_size(options.memory));
  const store::Stretching cost{options.passes, memory_bytes};
  BACKCAST_TRY(const store::SecretText passphrase,
               obtain_passphrase(options.repository, "New passphrase", true));
  store::Keys keys = store::Keys::generate();
  if (!options.like.empty()) {
    RepositoryOptions like = options.repository;
    like.path = options.like;
    BACKCAST_TRY(const auto other, open_repository(like, Access::kRead));
    keys = other->keys();
  }
  BACKCAST_TRY(
      const auto repository,
      store::Repository::create(env::posix_env(), options.repository.path, keys, passphrase, cost));
  BACKCAST_CHECK(keep_writer_key(*repository));
  const std::string id = to_hex(repository->config().repository);
  if (context.format == Format::kJson) {
    print(fmt::format("{{\"version\": 1, \"repository\": \"{}\", \"project\": \"{}\"}}\n", id,
                      to_hex(repository->config().project)));
    return kOk;
  }
  summarize(context, fmt::format("Made repository {} in {}\n", id.substr(0, 8),
                                 reports::terminal_text(options.repository.path)));
  note(context,
       "The passphrase opens what is saved here; without it nothing can be restored.\n"
       "This user can now back up, forget and prune without it.");
  return kOk;
}

}  // namespace

void add_init(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "init", "Make a repository\n\n  backcast init /srv/backup --passphrase-file pass.txt");
  add_repository_options(*verb, options->repository);
  verb->add_option("--like", options->like,
                   "Use the keys of this repository, so that copies move without unsealing");
  verb->add_option("--kdf-memory", options->memory, "Memory for key stretching (Argon2id)")
      ->capture_default_str();
  verb->add_option("--kdf-passes", options->passes, "Number of passes over that memory")
      ->capture_default_str();
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
