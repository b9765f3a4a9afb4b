// backcast schema: what a document may say, for editors and checkers.
#include <CLI/CLI.hpp>

#include <memory>

#include "cli/shared/verbs.h"
#include "scenarios/document/shipped.h"

namespace backcast::cli {

void add_schema(CLI::App& app, Context&) {
  auto which = std::make_shared<std::string>("scenario");
  auto* verb = app.add_subcommand("schema",
                                  "The JSON Schema of scenarios, or of provider profiles\n\n"
                                  "  backcast schema > scenario.schema.json\n"
                                  "  backcast schema profile > profile.schema.json");
  verb->add_option("document", *which, "Of which document")
      ->check(CLI::IsMember({"scenario", "profile"}))
      ->capture_default_str();
  verb->callback(
      [which] { print(scenario::shipped_text("schema/" + *which + ".schema.json").value_or("")); });
}

}  // namespace backcast::cli
