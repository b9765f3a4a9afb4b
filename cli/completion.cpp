// backcast completion: the shell completes verbs, options and their values.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "scenarios/document/shipped.h"

namespace backcast::cli {
namespace {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string shipped_scenarios(std::string_view separator) {
  return fmt::format("{}", fmt::join(scenario::shipped_names(""), separator));
}

// Calls visit for the program and every verb below it.
void for_each_verb(const VerbView& verb, const std::function<void(const VerbView&)>& visit) {
  visit(verb);
  for (const VerbView& sub : verb.verbs) for_each_verb(sub, visit);
}

// Text inside single quotes of sh, zsh and fish alike; a quote itself becomes a typographic one.
std::string shell_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "’";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out + '\'';
}

// What the program answers while the shell completes; nothing where no service answers.
std::string answer_of(const OptionView& option) {
  return fmt::format("$(backcast {} 2>/dev/null)", option.asks);
}

std::string bash(const VerbView& program) {
  std::string paths, words, values, scenarios;
  std::vector<std::string> everywhere;
  for (const OptionView& option : program.options) {
    if (option.ends_the_run) continue;
    everywhere.insert(everywhere.end(), option.flags.begin(), option.flags.end());
  }
  for_each_verb(program, [&](const VerbView& verb) {
    const std::string path = joined(verb.path, "/");
    std::vector<std::string> offered;
    for (const VerbView& sub : verb.verbs) {
      offered.push_back(sub.path.back());
      paths += fmt::format("      '{}:{}') path='{}' ;;\n", path, sub.path.back(),
                           joined(sub.path, "/"));
    }
    for (const OptionView& option : verb.options) {
      offered.insert(offered.end(), option.flags.begin(), option.flags.end());
      for (const std::string& flag : option.flags) {
        if (option.value.empty()) continue;  // a switch
        values +=
            fmt::format("    {}:{}) words={} values=1 ;;\n", verb.path.empty() ? "*" : path, flag,
                        option.asks.empty() ? "'" + joined(option.choices, " ") + "'"
                                            : '"' + answer_of(option) + '"');
      }
    }
    std::string asked;
    for (const OptionView& positional : verb.positionals) {
      offered.insert(offered.end(), positional.choices.begin(), positional.choices.end());
      if (!positional.asks.empty()) asked = "\" " + answer_of(positional) + '"';
      if (positional.takes_scenario)
        scenarios += fmt::format("{0}[!-1]*:{1}|:{1}", scenarios.empty() ? "" : "|", path);
    }
    if (!verb.path.empty()) offered.insert(offered.end(), everywhere.begin(), everywhere.end());
    words += fmt::format("    '{}') words='{}'{} ;;\n", path, joined(offered, " "), asked);
  });
  return fmt::format(R"(# bash completion for backcast; made by `backcast completion bash`
_backcast() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path= word words= values=
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path:$word" in
{}    esac
  done
  case "$path" in
{}  esac
  case "$path:$prev" in
{}  esac
  case "$values$cur:$path" in
    {})  # a position that takes a scenario, and no option's value
      compopt -o filenames 2>/dev/null
      local IFS=$'\n'
      COMPREPLY=($(compgen -W '{}' -- "$cur"; compgen -d -- "$cur"
                   for word in json yaml yml; do compgen -f -X "!*.$word" -- "$cur"; done)) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
}}
complete -o default -F _backcast backcast
)",
                     paths, words, values, scenarios, shipped_scenarios("\n"));
}

std::string zsh_option(const OptionView& option) {
  std::string help;
  for (const char c : option.help.substr(0, option.help.find('\n'))) {
    if (c == '[' || c == ']' || c == ':') help += '\\';
    help += c;
  }
  std::string out;
  for (const std::string& flag : option.flags) {
    std::string spec = fmt::format("{}[{}]", flag, help);
    if (!option.value.empty()) {
      spec += ':' + option.value + ':';
      spec += !option.asks.empty()     ? "{compadd -- " + answer_of(option) + "}"
              : option.choices.empty() ? "_files"
                                       : '(' + joined(option.choices, " ") + ')';
    }
    out += " \\\n    " + shell_text(spec);
  }
  return out;
}

std::string zsh(const VerbView& program) {
  std::string out = "#compdef backcast\n# zsh completion; made by `backcast completion zsh`\n\n";
  for_each_verb(program, [&](const VerbView& verb) {
    const std::string name = "_backcast" + (verb.path.empty() ? "" : "_" + joined(verb.path, "_"));
    out += name + "() {\n";
    if (!verb.verbs.empty()) {
      out += "  local -a verbs=(\n";
      for (const VerbView& sub : verb.verbs) {
        out += fmt::format("    {}\n", shell_text(sub.path.back() + ":" + sub.summary));
      }
      out += "  )\n  local state line\n";
    }
    out += "  _arguments -s -S";
    if (!verb.verbs.empty()) out += " -C";
    for (const OptionView& option : verb.options) out += zsh_option(option);
    if (!verb.path.empty()) {
      for (const OptionView& option : program.options) {
        if (!option.ends_the_run) out += zsh_option(option);
      }
    }
    if (verb.verbs.empty()) {
      std::string values = "_files";
      if (!verb.positionals.empty() && !verb.positionals[0].choices.empty()) {
        values = "(" + joined(verb.positionals[0].choices, " ") + ")";
      } else if (!verb.positionals.empty() && !verb.positionals[0].asks.empty()) {
        values = "{compadd -- " + answer_of(verb.positionals[0]) + "}";
      } else if (!verb.positionals.empty() && verb.positionals[0].takes_scenario) {
        values = "{ _alternative \"shipped:shipped scenario:(" + shipped_scenarios(" ") +
                 ")\" \"files:file:_files -g \\\"*.(json|yaml|yml)\\\"\" }";
      }
      out += fmt::format(" \\\n    '*:{}:{}'\n}}\n\n",
                         verb.positionals.empty() ? "file" : verb.positionals[0].name, values);
      return;
    }
    out += " \\\n    '1: :->verb' '*:: :->rest'\n";
    out +=
        "  case $state in\n    verb) _describe verb verbs ;;\n    rest)\n      case $line[1] in\n";
    for (const VerbView& sub : verb.verbs) {
      out += fmt::format("        {}) _backcast_{} ;;\n", sub.path.back(), joined(sub.path, "_"));
    }
    out += "      esac ;;\n  esac\n}\n\n";
  });
  return out + "compdef _backcast backcast\n";
}

std::string fish(const VerbView& program) {
  std::string out = "# fish completion for backcast; made by `backcast completion fish`\n";
  for_each_verb(program, [&](const VerbView& verb) {
    std::string here;  // true where this verb has been typed, and none of those below it
    for (const std::string& word : verb.path) {
      here += fmt::format("{}__fish_seen_subcommand_from {}", here.empty() ? "" : "; and ", word);
    }
    std::vector<std::string> below;
    for (const VerbView& sub : verb.verbs) below.push_back(sub.path.back());
    const std::string not_below =
        below.empty() ? "" : "not __fish_seen_subcommand_from " + joined(below, " ");
    const std::string separator = here.empty() || not_below.empty() ? "" : "; and ";
    for (const VerbView& sub : verb.verbs) {
      out += fmt::format("complete -c backcast -f -n {} -a {} -d {}\n",
                         shell_text(here + separator + not_below), sub.path.back(),
                         shell_text(sub.summary));
    }
    for (const OptionView& option : verb.options) {
      out += "complete -c backcast";
      if (!here.empty()) out += " -n " + shell_text(here);
      for (const std::string& flag : option.flags) {
        out += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
      }
      if (!option.asks.empty()) {
        out += fmt::format(" -x -a '(backcast {} 2>/dev/null)'", option.asks);
      } else if (!option.choices.empty()) {
        out += " -x -a " + shell_text(joined(option.choices, " "));
      } else if (!option.value.empty()) {
        out += " -r";
      }
      out += " -d " + shell_text(option.help) + '\n';
    }
    for (const OptionView& positional : verb.positionals) {
      if (positional.takes_scenario) {
        out += fmt::format("complete -c backcast -n {} -a {}\n", shell_text(here),
                           shell_text(shipped_scenarios(" ")));
      }
      if (!positional.asks.empty()) {
        out += fmt::format("complete -c backcast -f -n {} -a '(backcast {} 2>/dev/null)'\n",
                           shell_text(here), positional.asks);
      }
      if (positional.choices.empty()) continue;
      out += fmt::format("complete -c backcast -f -n {} -a {}\n", shell_text(here),
                         shell_text(joined(positional.choices, " ")));
    }
  });
  return out;
}

}  // namespace

void add_completion(CLI::App& app, Context&) {
  auto* verb = app.add_subcommand("completion",
                                  "Shell completion for bash, zsh or fish\n\n"
                                  "  . <(backcast completion bash)\n"
                                  "  backcast completion zsh > ~/.zfunc/_backcast\n"
                                  "  backcast completion fish > "
                                  "~/.config/fish/completions/backcast.fish\n");
  auto shell = std::make_shared<std::string>();
  verb->add_option("shell", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([&app, shell] {
    const VerbView program = view(app);
    print(*shell == "bash" ? bash(program) : *shell == "zsh" ? zsh(program) : fish(program));
  });
}

}  // namespace backcast::cli
