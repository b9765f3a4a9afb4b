#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/repository/passphrase.h"
#include "cli/shared/verbs.h"
#include "engine/base/size.h"
#include "engine/base/text.h"
#include "engine/env/child.h"
#include "engine/kinds/keys/age.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  RepositoryOptions next;  // the new passphrase
  std::string label = "added", slot;
  std::string memory = "256 MiB";
  std::uint64_t passes = 3;
  bool yes = false;
};

Result<store::Stretching> cost_of(const Options& options) {
  BACKCAST_TRY(const std::uint64_t memory_bytes, parse_size(options.memory));
  return store::Stretching{options.passes, memory_bytes};
}

Status list_keys(Context& context, const Options& options) {
  BACKCAST_CHECK(check_repository_choice(options.repository));
  BACKCAST_TRY(const auto config, store::read_config(env::posix_env(), options.repository.path));
  BACKCAST_TRY(const auto folder, env::posix_env().open_folder(options.repository.path, false));
  BACKCAST_TRY(const auto slots, store::KeySlots(env::posix_env(), *folder, config.project).list());
  reports::Table table{"keys",
                       {{"id", "Passphrase"},
                        {"label", "Label"},
                        {"created", "Created"},
                        {"passes", "Passes", true},
                        {"memory_bytes", "Memory", true}},
                       {}};
  for (const auto& slot : slots) {
    const std::string id = to_hex(slot.id);
    table.rows.push_back({{id, id.substr(0, 8)},
                          {slot.label, ""},
                          {format_instant(slot.created), ""},
                          {std::to_string(slot.cost.operations), ""},
                          {std::to_string(slot.cost.memory_bytes),
                           fmt::format("{} MiB", slot.cost.memory_bytes >> 20)}});
  }
  print(context, table);
  return kOk;
}

Status add_passphrase(Context& context, const Options& options) {
  BACKCAST_TRY(const auto cost, cost_of(options));
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  BACKCAST_TRY(const store::SecretText passphrase,
               obtain_passphrase(options.next, "New passphrase", true));
  BACKCAST_TRY(const store::Id slot,
               repository->slots().add(repository->keys(), passphrase, options.label, cost));
  note(context, "Passphrase " + to_hex(slot).substr(0, 8) + " opens the repository, too");
  return kOk;
}

constexpr std::size_t kLeastIdDigits = 4;

Result<store::KeySlot> find_slot(store::Repository& repository, const std::string& name) {
  BACKCAST_TRY(const auto slots, repository.slots().list());
  if (name.size() < kLeastIdDigits) {
    return bad_input(printable(name) + " does not name a passphrase",
                     "name one by at least 4 digits of its id; backcast key list shows them");
  }
  const store::KeySlot* found = nullptr;
  for (const auto& slot : slots) {
    if (!to_hex(slot.id).starts_with(name)) continue;
    if (found) {
      return bad_input("several passphrases begin with " + printable(name), "give more digits");
    }
    found = &slot;
  }
  if (!found) {
    return Error{
        Errc::kNotFound, "no passphrase " + printable(name), {}, "backcast key list shows them"};
  }
  if (slots.size() == 1) {
    return bad_input("this is the last passphrase: without it nothing can ever be read",
                     "backcast key destroy does that on purpose");
  }
  return *found;
}

Status remove_key(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  BACKCAST_TRY(const auto slot, find_slot(*repository, options.slot));
  BACKCAST_CHECK(repository->slots().remove(slot.id));
  note(context, "Passphrase " + to_hex(slot.id).substr(0, 8) +
                    " opens nothing any more. Who copied the key file and knows it still can; "
                    "backcast key rotate shuts them out of new content from then on.");
  return kOk;
}

// New key pair for everything saved from now on. The old pairs stay, to read what is there, under
// the new passphrase alone: every other passphrase ends. Nothing that is stored is sealed anew, and
// the writer key stays what it was.
Status rotate(Context& context, const Options& options) {
  BACKCAST_TRY(const auto cost, cost_of(options));
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  BACKCAST_TRY(const store::SecretText passphrase,
               obtain_passphrase(options.next, "New passphrase", true));
  BACKCAST_TRY(const std::size_t ended, repository->rotate_keys(passphrase, options.label, cost));
  note(context, fmt::format("New key pair in use; {} old passphrases ended.", ended));
  note(context,
       "Nothing stored is sealed anew: a copy of an old key file, with its passphrase, still opens "
       "it, also where later snapshots share it. To end that, backcast copy everything into a "
       "repository made without --like, and delete this one.");
  return kOk;
}

Status destroy(Context& context, const Options& options) {
  if (!options.yes) {
    return bad_input("this makes every snapshot unreadable for ever",
                     "if that is meant, add --yes-make-everything-unreadable");
  }
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  BACKCAST_TRY(const auto slots, repository->slots().list());
  for (const auto& slot : slots) BACKCAST_CHECK(repository->slots().remove(slot.id));
  note(context,
       "The private key is destroyed: nothing in this repository can be read again. Copies of "
       "its key files elsewhere must be destroyed, too.");
  return kOk;
}

// Past the buffer of standard output, which would keep it.
Status print_secret(std::string_view text) {
  std::fflush(stdout);
  while (!text.empty()) {
    const ssize_t done = ::write(STDOUT_FILENO, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failed(std::string("cannot write to standard output: ") + strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return kOk;
}

Status show_writer(const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  return print_secret(store::writer_key_text(repository->keys()));
}

// Of every key pair there was, the newest last: one file of them opens all downloads.
Status show_identity(const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  for (const store::KeyPair& pair : repository->keys().pairs) {
    BACKCAST_CHECK(print_secret(kinds::age_identity(pair.private_key)));
    BACKCAST_CHECK(print_secret("\n"));
  }
  return kOk;
}

Status decrypt(const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  kinds::AgeReader age(repository->keys().pairs, [](ByteView bytes) -> Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return kOk;
    return failed(std::string("cannot write to standard output: ") + strerror(errno));
  });
  std::vector<std::uint8_t> part(1 << 20);
  while (true) {
    BACKCAST_TRY(const std::size_t got,
                 env::read_stream(env::kStandardInput, part, "standard input"));
    if (got == 0) break;
    BACKCAST_CHECK(age.append(ByteView(part).first(got)));
  }
  BACKCAST_CHECK(age.finish());
  if (std::fflush(stdout) != 0) return failed("cannot write to standard output");
  return kOk;
}

Status keep_writer(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  BACKCAST_CHECK(keep_writer_key(*repository));
  note(context, "This user can now back up, forget and prune without the passphrase");
  return kOk;
}

}  // namespace

void add_key(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "key",
      "Passphrases, rotation, and keys for machines that only write\n\n"
      "  backcast key list /srv/backup\n"
      "  backcast key add /srv/backup --new-passphrase-file second.txt\n"
      "  backcast key writer /srv/backup > writer.key    # for a machine that backs up\n"
      "  backcast key decrypt /srv/backup < backup.age > backup.tar");
  verb->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, auto action) {
    auto* sub = verb->add_subcommand(name, help);
    add_repository_options(*sub, options->repository);
    sub->callback([&context, options, action, sub] {
      options->repository.verb = sub;
      if (auto done = action(context, *options); !done.ok()) report(context, done.error());
    });
    return sub;
  };
  const auto add_new = [&](CLI::App* sub) {
    sub->add_option("--new-passphrase-file", options->next.passphrase_file,
                    "File that holds the new passphrase");
    sub->add_option("--new-passphrase-command", options->next.passphrase_command,
                    "Command that prints the new passphrase");
    sub->add_option("--label", options->label, "What to call it in the list")
        ->capture_default_str();
    sub->add_option("--kdf-memory", options->memory, "Memory for key stretching (Argon2id)")
        ->capture_default_str();
    sub->add_option("--kdf-passes", options->passes, "Number of passes over that memory")
        ->capture_default_str();
  };
  add("list", "List passphrases", list_keys);
  add_new(add("add", "Add another passphrase", add_passphrase));
  add("remove", "Remove a passphrase", remove_key)
      ->add_option("passphrase", options->slot, "First digits of its id")
      ->required();
  add_new(add("rotate",
              "A new key pair and passphrase for new content; what is stored is not sealed anew",
              rotate));
  add("destroy", "Destroy the private key: everything becomes unreadable", destroy)
      ->add_flag("--yes-make-everything-unreadable", options->yes, "Do it");
  add("writer", "Print the writer key: it saves, and cannot read",
      [](Context&, const Options& given) { return show_writer(given); });
  add("identity", "Print the identity with which age opens encrypted downloads",
      [](Context&, const Options& given) { return show_identity(given); });
  add("decrypt", "Open an encrypted download: standard input to standard output",
      [](Context&, const Options& given) { return decrypt(given); });
  add("keep", "Keep the writer key for this user", keep_writer);
}

}  // namespace backcast::cli
