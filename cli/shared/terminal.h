// Asking whoever sits at a terminal.
#pragma once

#include <string>

namespace backcast::cli {

// Whether somebody can be asked: standard input and standard error are terminals.
bool can_ask();
// Shows the question, which may have several lines, on standard error. Only "y" and "yes" are yes.
bool ask(const std::string& question);

}  // namespace backcast::cli
