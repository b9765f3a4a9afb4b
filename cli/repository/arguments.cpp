#include "cli/repository/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

#include "engine/base/text.h"
#include "engine/store/repository/repository.h"

namespace backcast::cli {
namespace {

constexpr const char* kCommandFlag = "--stdin-from-command";

std::string& by_variable() {
  static std::string path;
  return path;
}

// How many words there are up to the last verb, and which verb that is.
std::size_t end_of_verb(const CLI::App& app, const std::vector<std::string>& words,
                        const CLI::App*& verb) {
  std::size_t end = 0;
  verb = &app;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--") break;
    if (words[i].starts_with('-')) {
      const auto* option = app.get_option_no_throw(words[i]);
      if (option != nullptr && option->get_items_expected_max() > 0) ++i;  // and its value
      continue;
    }
    const auto subs =
        verb->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == words[i]; });
    if (subs.empty()) break;
    verb = subs.front();
    end = i + 1;
  }
  return end;
}

// Takes what belongs to the other program off the end.
std::vector<std::string> split_command(std::vector<std::string>& words, std::size_t from) {
  const auto begin = words.begin() + static_cast<std::ptrdiff_t>(from);
  const auto dashes = std::find(begin, words.end(), "--");
  const auto flag = std::find(begin, dashes, kCommandFlag);
  if (flag == dashes) return {};
  const auto next = flag + 1;
  const bool has_options = next != words.end() && next->starts_with('-');
  const auto first = has_options ? dashes : next;
  std::vector<std::string> command(first, words.end());
  if (has_options && !command.empty()) command.erase(command.begin());  // the dashes
  words.erase(first, words.end());
  return command;
}

}  // namespace

Arguments arrange(const CLI::App& app, int argc, const char* const* argv) {
  Arguments out{{argv, argv + argc}, {}};
  std::vector<std::string>& words = out.words;
  const CLI::App* verb = nullptr;
  const std::size_t end = end_of_verb(app, words, verb);
  if (verb->get_option_no_throw(kCommandFlag) != nullptr) out.command = split_command(words, end);
  if (verb->get_option_no_throw("--repository") == nullptr) return out;
  const auto behind_verb = words.begin() + static_cast<std::ptrdiff_t>(end);
  const auto dashes = std::find(behind_verb, words.end(), "--");
  const auto given = std::find_if(behind_verb, dashes, [](const std::string& word) {
    return word == "--repository" || word.starts_with("--repository=") ||
           (word.starts_with("-r") && word != "-");
  });
  if (given != dashes) {
    const bool has_value_behind = *given == "-r" || *given == "--repository";
    const auto next = has_value_behind && given + 1 != dashes ? given + 2 : given + 1;
    std::rotate(behind_verb, given, next);
    return out;
  }
  const char* variable = std::getenv("BACKCAST_REPOSITORY");
  const bool asks_for_help = std::any_of(behind_verb, dashes, [](const std::string& word) {
    return word == "--help" || word == "-h";
  });
  if (variable == nullptr || *variable == '\0' || asks_for_help) return out;
  by_variable() = variable;
  words.insert(behind_verb, std::string("--repository=") + variable);
  return out;
}

const std::string& repository_by_variable() {
  return by_variable();
}

Status check_reading(const std::string& position) {
  const std::string& named = by_variable();
  if (named.empty() || !store::read_config(env::posix_env(), position).ok()) return kOk;
  return bad_input(printable(position) + " is a repository, and BACKCAST_REPOSITORY names " +
                       printable(named) + ": nothing is done",
                   "-r " + position + " uses the one, -r " + named + " the other and takes " +
                       position + " for what comes after it");
}

}  // namespace backcast::cli
