// Errors of the modules as the installed headers tell them.
#pragma once

#include <backcast/result.h>

#include "engine/base/error.h"

namespace backcast::library {

inline std::vector<Problem> problems_of(const Errors& errors) {
  std::vector<Problem> problems;
  for (const Error& error : errors) problems.push_back({exit_code(error.code), to_string(error)});
  return problems;
}
inline std::vector<Problem> problems_of(const Error& error) {
  return problems_of(Errors{error});
}

}  // namespace backcast::library
