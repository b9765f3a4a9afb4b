// Who may ask: tokens as the catalogue keeps them. Only the hash of a token is stored; since a
// token is 32 random bytes, one round of SHA-256 is as good as any.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast::control {

class Database;

struct Token {
  std::string name;
  std::string hash;                   // hex
  std::string role;                   // as policy::parse_caller_role reads it, with what it may do
  std::vector<std::string> projects;  // none: all of the organisation
  std::string cluster;                // "" = not for one alone
  Instant created{};
  std::optional<Instant> revoked;
};

class Tokens {
 public:
  Tokens(Database& database, std::mutex& mutex) : database_(database), mutex_(mutex) {}

  // kExists if the name is taken, kNotFound for a cluster that there is not.
  Status add(const Token& token);
  Result<std::optional<Token>> find(const std::string& hash);  // none, or one that was revoked, too
  Status revoke(const std::string& name, Instant when);        // kNotFound
  Result<std::vector<Token>> list();

 private:
  Database& database_;
  std::mutex& mutex_;
};

}  // namespace backcast::control
