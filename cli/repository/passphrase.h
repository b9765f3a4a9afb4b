// Where passphrases and key files come from. They are read straight into secret memory: no buffer
// of a library holds a copy.
#pragma once

#include <string>

#include "cli/repository/repository_options.h"
#include "engine/store/format/secret.h"

namespace backcast::cli {

// From file, command or terminal, in this order. `confirm` asks twice on a terminal.
Result<store::SecretText> obtain_passphrase(const RepositoryOptions& options,
                                            const std::string& prompt, bool confirm);

// At most 64 KiB. Errors: kNotFound, kBadInput, kFailed.
Result<store::SecretText> read_secret_file(const std::string& path);

}  // namespace backcast::cli
