// The file `config`: JSON in the clear, bound to the writer secret by a MAC, so that nobody can
// slip in a public key of their own.
#pragma once

#include <string>

#include "engine/store/repository/repository.h"

namespace backcast::store {

std::string encode_config(const Config& config, const Secret& config_key);
// Without the MAC. Errors: kFailed for a newer format, kCorrupt.
Result<Config> decode_config(const std::string& text);
// kWrongKey if `text` was not written with this key.
Status verify_config(const std::string& text, const Secret& config_key);

}  // namespace backcast::store
