#include "cli/shared/parser_view.h"

#include <CLI/CLI.hpp>

#include <memory>

#include "engine/base/text.h"

namespace backcast::cli {
namespace {

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

std::string after_first_line(const std::string& text) {
  const auto begin = text.find_first_not_of('\n', first_line(text).size());
  return begin == std::string::npos ? std::string() : text.substr(begin);
}

// The parser shows allowed values as "TEXT:{auto,always,never}".
std::vector<std::string> choices_of(const std::string& type) {
  const auto begin = type.find('{'), end = type.find('}');
  std::vector<std::string> choices;
  if (begin == std::string::npos || end == std::string::npos) return choices;
  for (std::string& word : CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',')) {
    choices.push_back(word.substr(0, word.find("->")));  // "text->0" where it stands for a number
  }
  return choices;
}

// What prints, one a line, whatever may stand for a value of the type.
std::string asks_for(const std::string& type) {
  constexpr std::pair<const char*, const char*> kAsks[] = {{kClusterType, "clusters list --names"},
                                                           {kBackupType, "backups list --names"},
                                                           {kJobType, "jobs list --names"},
                                                           {kTokenType, "token list --names"},
                                                           {kProjectType, "projects list --names"}};
  for (const auto& [name, words] : kAsks) {
    if (type == name) return words;
  }
  return {};
}

OptionView option_view(const CLI::Option& option) {
  OptionView view;
  for (const std::string& name : option.get_snames()) view.flags.push_back('-' + name);
  for (const std::string& name : option.get_lnames()) view.flags.push_back("--" + name);
  const std::string type = option.get_type_name();
  if (option.get_positional()) view.name = option.get_name(true);
  view.choices = choices_of(type);
  if (option.get_type_size_max() > 0) {
    view.value = view.choices.empty() ? first_line(type).substr(0, type.find(':')) : "WHICH";
  }
  view.takes_scenario = type == kScenarioType;
  view.asks = asks_for(type);
  view.ends_the_run =
      !view.flags.empty() && (view.flags.back() == "--help" || view.flags.back() == "--version");
  view.help = option.get_description();
  view.variable = option.get_envname();
  view.is_required = option.get_required();
  view.repeats = option.get_expected_max() > 1;
  return view;
}

VerbView view_at(const CLI::App& app, std::vector<std::string> path) {
  VerbView verb;
  verb.path = std::move(path);
  verb.summary = first_line(app.get_description());
  verb.examples = after_first_line(app.get_description());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;  // hidden
    const OptionView seen = option_view(*option);
    if (option->get_positional()) verb.positionals.push_back(seen);
    if (!seen.flags.empty()) verb.options.push_back(seen);
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (sub->get_group().empty()) continue;
    auto sub_path = verb.path;
    sub_path.push_back(sub->get_name());
    verb.verbs.push_back(view_at(*sub, std::move(sub_path)));
  }
  return verb;
}

class HelpStyle : public CLI::Formatter {
 public:
  // A verb's own help names the options that every verb has.
  std::string make_footer(const CLI::App* app) const override {
    const CLI::App* program = app;
    while (program->get_parent() != nullptr) program = program->get_parent();
    std::string everywhere;
    for (const CLI::Option* option : program->get_options()) {
      const OptionView seen = option_view(*option);
      if (app != program && !seen.ends_the_run) everywhere += ' ' + seen.flags.back();
    }
    return (everywhere.empty() ? "" : "\nWith every verb:" + everywhere + '\n') +
           CLI::Formatter::make_footer(app);
  }
  std::string make_subcommand(const CLI::App* sub) const override {
    std::stringstream out;
    CLI::detail::format_help(out, sub->get_name(), first_line(sub->get_description()),
                             column_width_);
    return out.str();
  }
};

}  // namespace

VerbView view(const CLI::App& app) {
  return view_at(app, {});
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  // The verb that was reached, and every name that could have stood there.
  const CLI::App* verb = &app;
  std::string path;
  std::vector<std::string> names;
  const auto add_names = [&] {
    const VerbView seen = view(*verb);
    for (const VerbView& sub : seen.verbs) names.push_back(sub.path.back());
    for (const OptionView& option : seen.options) {
      names.insert(names.end(), option.flags.begin(), option.flags.end());
    }
  };
  add_names();
  while (!verb->get_subcommands().empty()) {
    verb = verb->get_subcommands().front();
    path += (path.empty() ? "" : " ") + verb->get_name();
    std::erase_if(names, [](const std::string& name) { return !name.starts_with('-'); });
    add_names();
  }
  const auto unexpected = app.remaining(true);
  const std::string help = "see `backcast " + path + (path.empty() ? "" : " ") + "--help`";
  if (unexpected.empty()) {
    const std::string what = error.what();
    return (what == "A subcommand is required" ? "give a verb" + (path.empty() ? "" : " to " + path)
                                               : what) +
           "; " + help;
  }
  const std::string& word = unexpected.front();
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view nearest = nearest_name(word.substr(0, word.find('=')), known);
  const std::string kind = word.starts_with('-')       ? "option "
                           : view(*verb).verbs.empty() ? "argument "
                                                       : "verb ";
  return (path.empty() ? "there is no " : path + " has no ") + kind + printable(word) + "; " +
         (nearest.empty() ? help : "did you mean " + std::string(nearest) + "?");
}

void set_help_style(CLI::App& app) {
  auto style = std::make_shared<HelpStyle>();
  style->column_width(28);
  app.formatter(style);
}

}  // namespace backcast::cli
