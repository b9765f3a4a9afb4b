#include "cli/shared/context.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "engine/base/harmless.h"

namespace backcast::cli {

bool wants_color(const std::string& when) {
  if (when != "auto") return when == "always";
  const auto is_set = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  const char* terminal = std::getenv("TERM");
  const bool is_dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDOUT_FILENO) == 1 && !is_set("NO_COLOR") && !is_dumb;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void print(const Context& context, const reports::Table& table) {
  switch (context.format) {
    case Format::kText:
      return print(reports::to_terminal(table));
    case Format::kJson:
      return print(reports::to_json(table));
    case Format::kCsv:
      return print(reports::to_csv(table));
    case Format::kMarkdown:
      return print(reports::to_markdown(table));
  }
}

void summarize(const Context& context, std::string_view text) {
  if (!context.quiet) print(text);
}

void summarize(const Context& context, const reports::Table& table) {
  if (!context.quiet || context.format != Format::kText) print(context, table);
}

void note(const Context& context, std::string_view text) {
  if (context.quiet) return;
  std::fflush(stdout);  // in the order in which it was said, also where both go to one place
  std::fprintf(stderr, "%s\n", harmless(text, Lines::kKeep).c_str());
}

void complain(std::string_view text) {
  std::fflush(stdout);
  std::fprintf(stderr, "backcast: %s\n", harmless(text, Lines::kKeep).c_str());
}

reports::ProgressForm progress_form(const Context& context) {
  using reports::ProgressForm;
  if (context.quiet) return ProgressForm::kNone;
  if (context.format == Format::kJson) return ProgressForm::kJsonLines;
  return isatty(STDERR_FILENO) == 1 ? ProgressForm::kTerminal : ProgressForm::kNone;
}

void report(Context& context, const Error& error) {
  std::fprintf(stderr, "backcast: %s\n", harmless(to_string(error), Lines::kKeep).c_str());
  context.exit_code = exit_code(error.code);
}

void report(Context& context, const Errors& errors) {
  for (const Error& error : errors) report(context, error);
  if (errors.size() > 1) std::fprintf(stderr, "backcast: %zu errors\n", errors.size());
}

}  // namespace backcast::cli
