// Runs another program and reads what it prints.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.h"

namespace backcast::sim {

// Waits for the program, found on PATH, and returns its standard output. `settings` ("NAME=value")
// are added to the environment: secrets go there, never into arguments. Errors: kNotFound if there
// is no such program; kFailed if it exits with anything but 0, with the end of what it printed.
Result<std::string> run_program(const std::vector<std::string>& arguments,
                                const std::vector<std::string>& settings);

}  // namespace backcast::sim
