// What every verb shares: the global options and the way results and errors leave the program.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "reports/parts/progress.h"
#include "reports/parts/table.h"

namespace CLI {
class App;
}

namespace backcast::cli {

enum class Format { kText, kJson, kCsv, kMarkdown };

// Whether text on standard output is coloured: "always", "never", or "auto": on a terminal, unless
// NO_COLOR (https://no-color.org) is set or the terminal is dumb.
bool wants_color(const std::string& when);

struct Context {
  Format format = Format::kText;     // --json, --csv, --markdown
  bool quiet = false;                // --quiet: no progress, no advice, no summaries
  bool color = wants_color("auto");  // --color
  std::vector<std::string> command;  // of another program, with its arguments (arguments.h)
  int exit_code = 0;                 // set by the verb that ran
};

// Prints the table on standard output in the form asked for.
void print(const Context& context, const reports::Table& table);
// Prints text on standard output as it is.
void print(std::string_view text);
// What a verb did, for people, on standard output; nothing with --quiet. Lists that were asked for
// and JSON are no summaries.
void summarize(const Context& context, std::string_view text);
void summarize(const Context& context, const reports::Table& table);
// Advice and progress for people, on standard error; nothing with --quiet.
void note(const Context& context, std::string_view text);
// What went wrong with a part of the work, on standard error, also with --quiet.
void complain(std::string_view text);
// The form that progress takes: none with --quiet, JSON lines with --json, else a line that
// rewrites itself where standard error is a terminal.
reports::ProgressForm progress_form(const Context& context);
// Prints "backcast: …" on standard error and sets the exit code.
void report(Context& context, const Error& error);
void report(Context& context, const Errors& errors);

}  // namespace backcast::cli
