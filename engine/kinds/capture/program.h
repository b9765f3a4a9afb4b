// The tools of other systems: run to their end, or talked to line by line.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/env/child.h"
#include "engine/kinds/capture/cluster_source.h"
#include "engine/kinds/formats/files.h"

namespace backcast::kinds {

struct Program {
  std::vector<std::string> arguments;  // no secret among them: every user can list them
  std::vector<std::pair<std::string, std::string>> environment{};
  Path input{};  // a file it reads; "" = nothing
};

// What it prints goes to `sink`. kFailed, with what it said last, unless it exits with 0;
// kInterrupted, and it is stopped, if that is asked for.
Status run_program(const Program& program, const ByteSink& sink, Progress& progress);
// What it prints, up to 64 MiB.
Result<std::string> output_of(const Program& program, Progress& progress);

// A program that is fed on its standard input and answers line by line.
class Dialogue {
 public:
  static Result<Dialogue> start(const Program& program, Progress& progress);
  Status say(std::string_view text);
  // Without its end of line.
  Result<std::string> hear_line();
  // Nothing more is said: waits for its end.
  Status finish();

 private:
  Dialogue(env::Child child, env::UniqueFd input, Progress& progress, std::string name)
      : child_(std::move(child)),
        input_(std::move(input)),
        progress_(progress),
        name_(std::move(name)) {}
  // Why it no longer listens or talks.
  Error ended();

  env::Child child_;
  env::UniqueFd input_;
  Progress& progress_;
  std::string name_, heard_;
};

}  // namespace backcast::kinds
