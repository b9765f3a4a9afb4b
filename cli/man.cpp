// backcast man: the manual page, made of what the parser knows.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"

namespace backcast::cli {
namespace {

// The variables that stand in for no option of the parser's.
constexpr std::pair<const char*, const char*> kVariables[] = {
    {"BACKCAST_REPOSITORY", "The repository of every verb that takes one and is given none."},
    {"NO_COLOR", "If set and not empty, no colour unless --color always asks for it."},
    {"TERM", "No colour on a terminal called dumb."},
    {"XDG_CONFIG_HOME", "Where keys of writers are kept (default: ~/.config)."},
    {"XDG_CACHE_HOME", "Where lists of files are cached (default: ~/.cache)."},
    {"HOME", "Where both defaults lie."},
};

// Text for roff: nothing in it is a request or an escape.
std::string roff(std::string_view text) {
  std::string out;
  bool at_line_start = true;
  for (const char c : text) {
    if (at_line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '\'') {
      out += "\\(aq";
    } else {
      out += c;
    }
    at_line_start = c == '\n';
  }
  return out;
}

std::string synopsis(const VerbView& verb) {
  std::string out = "\\fBbackcast";
  for (const std::string& word : verb.path) out += ' ' + roff(word);
  out += "\\fR";
  if (!verb.options.empty()) out += " [\\fIOPTION\\fR]...";
  for (const OptionView& positional : verb.positionals) {
    const std::string name =
        fmt::format("\\fI{}\\fR{}", roff(positional.name), positional.repeats ? "..." : "");
    out += positional.is_required ? ' ' + name : " [" + name + ']';
  }
  if (!verb.verbs.empty()) out += " \\fIVERB\\fR ...";
  return out;
}

void add_option(std::string& out, const OptionView& option) {
  std::vector<std::string> flags;
  for (const std::string& flag : option.flags) flags.push_back("\\fB" + roff(flag) + "\\fR");
  std::string head = fmt::format("{}", fmt::join(flags, ", "));
  if (head.empty()) head = "\\fI" + roff(option.name) + "\\fR";
  if (!option.choices.empty()) {
    head += ' ' + roff(fmt::format("{}", fmt::join(option.choices, "|")));
  } else if (!option.flags.empty() && !option.value.empty()) {
    head += " \\fI" + roff(option.value) + "\\fR";
  }
  out += fmt::format(".TP\n{}\n{}\n", head, option.help.empty() ? "\\&" : roff(option.help));
}

void add_examples(std::string& out, const std::string& examples) {
  if (examples.empty()) return;
  out += ".PP\n.nf\n" + roff(examples);
  if (!out.ends_with('\n')) out += '\n';
  out += ".fi\n";
}

void add_verb(std::string& out, const VerbView& verb) {
  out += fmt::format(".SS {}\n{}\n", synopsis(verb), roff(verb.summary));
  add_examples(out, verb.examples);
  for (const OptionView& positional : verb.positionals) add_option(out, positional);
  for (const OptionView& option : verb.options) {
    if (!option.ends_the_run) add_option(out, option);
  }
  for (const VerbView& sub : verb.verbs) add_verb(out, sub);
}

// By name, what the variables are that options may come from.
void collect_variables(const VerbView& verb, std::map<std::string, std::string>& variables) {
  for (const OptionView& option : verb.options) {
    if (option.variable.empty()) continue;
    variables.emplace(option.variable, "The " + option.flags.back() + " of verbs that have one.");
  }
  for (const VerbView& sub : verb.verbs) collect_variables(sub, variables);
}

std::string manual_page(const VerbView& program, const std::string& footer) {
  std::string out = ".TH BACKCAST 1 \"\" \"backcast " BACKCAST_VERSION "\" \"User Commands\"\n";
  out += ".SH NAME\nbackcast \\- " + roff(program.summary) + "\n";
  out += ".SH SYNOPSIS\n" + synopsis(program) + "\n";
  out += ".SH DESCRIPTION\n" + roff(program.summary) + "\n";
  add_examples(out, program.examples);
  out += ".SH OPTIONS\nThese may stand before or after any verb.\n";
  for (const OptionView& option : program.options) add_option(out, option);
  out += ".SH VERBS\n";
  for (const VerbView& verb : program.verbs) add_verb(out, verb);
  out += ".SH EXIT STATUS\n" + roff(footer) + "\n";
  out += ".SH ENVIRONMENT\n";
  std::map<std::string, std::string> variables(std::begin(kVariables), std::end(kVariables));
  collect_variables(program, variables);
  for (const auto& [name, meaning] : variables) {
    out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(name), roff(meaning));
  }
  return out;
}

}  // namespace

void add_man(CLI::App& app, Context&) {
  auto* verb = app.add_subcommand("man",
                                  "The manual page\n\n"
                                  "  backcast man | man -l -\n"
                                  "  backcast man > /usr/local/share/man/man1/backcast.1\n");
  verb->callback([&app] { print(manual_page(view(app), app.get_footer())); });
}

}  // namespace backcast::cli
