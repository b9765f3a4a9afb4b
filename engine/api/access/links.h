// Addresses that carry their own permission for a while: for downloads by programs that cannot send
// a token.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/api/http/message.h"
#include "engine/base/instant.h"

namespace backcast::api {

class Links {
 public:
  Links();  // its key is random: links end with the process
  // "path?expires=…&signature=…", HMAC-SHA-256 over both. `path` begins with "/".
  std::string sign(std::string_view path, Instant expires) const;
  // Whether the target is one that sign() gave and has not expired.
  bool allows(const Request& request, Instant now) const;

 private:
  std::string signature(std::string_view path, std::string_view expires) const;
  std::array<std::uint8_t, 32> key_;
};

}  // namespace backcast::api
