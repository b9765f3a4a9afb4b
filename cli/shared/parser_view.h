// The command line as plain values, read off the parser: what help, completions and the manual page
// are made of, so that none of them can say anything else than what the program accepts.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace backcast::cli {

struct OptionView {
  std::vector<std::string> flags;    // "--zone", "-q"; empty for a positional
  std::string name;                  // of a positional: "SPEC"
  std::string value;                 // what it takes: "TEXT", "FILE"; "" for a switch
  std::vector<std::string> choices;  // where only some values are allowed
  std::string help;
  std::string variable;         // of the environment, that stands in for it; may be empty
  bool takes_scenario = false;  // a file, or the name of one that is shipped
  std::string asks;           // the words after "backcast" that print what it may be; may be empty
  bool ends_the_run = false;  // prints, and nothing else happens: --help
  bool is_required = false;
  bool repeats = false;
};

struct VerbView {
  std::vector<std::string> path;  // {"prices", "show"}; empty for the program itself
  std::string summary;            // one line
  std::string examples;           // the rest of its description, may be empty
  std::vector<OptionView> options;
  std::vector<OptionView> positionals;
  std::vector<VerbView> verbs;
};

// The type of an option or position that takes a scenario.
inline constexpr const char* kScenarioType = "SCENARIO";
// The types of what a service knows: a shell that completes asks it.
inline constexpr const char* kClusterType = "CLUSTER";
inline constexpr const char* kBackupType = "BACKUP";
inline constexpr const char* kJobType = "JOB";
inline constexpr const char* kTokenType = "TOKEN";
inline constexpr const char* kProjectType = "PROJECT";

VerbView view(const CLI::App& app);

// What is wrong with the command line, with the nearest name for a typo and where to find help.
std::string explain(const CLI::App& app, const CLI::ParseError& error);

// Help for people: a verb is listed with its summary alone, examples stand in its own help.
void set_help_style(CLI::App& app);

}  // namespace backcast::cli
