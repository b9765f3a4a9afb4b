// Who may call: bearer tokens, what each may do, and how often.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/policy/service/restore_rules.h"

namespace backcast::api {

// What a route asks of its caller, each one including those before it.
enum class Privilege : std::uint8_t { kNone, kView, kManage, kOwner };
std::string_view name_of(Privilege privilege);  // "none", "view", "manage", "owner"

// A token as it is stored. The secret itself is random and long: nobody can try them through, so
// one SHA-256 of it is enough and nothing needs to be slow.
struct Token {
  std::string name;  // unique; for people, the audit log and to revoke it
  std::string hash;  // SHA-256 of the secret in hexadecimal digits
  policy::CallerRole role = policy::CallerRole::kOther;
  bool manages = false;               // of a custom role: manage, not only view
  std::vector<std::string> projects;  // the only ones it reaches; none: all
  std::string cluster;                // the only one it is for; "" = any
  Instant created{};
  std::optional<Instant> revoked;
};
// "organization_owner", "project_admin", "manage" or "view" of a custom role.
std::string_view role_word(const Token& token);

// Where tokens are kept.
struct TokenStore {
  std::function<Result<std::optional<Token>>(const std::string& hash)> find;
  // kExists where the name is taken, kNotFound for a cluster that there is not.
  std::function<Status(const Token&)> add;
  std::function<Status(const std::string& name, Instant when)> revoke;  // kNotFound
  std::function<Result<std::vector<Token>>()> list;
};

struct NewToken {
  Token token;
  std::string secret;  // shown once; "bct_" and 32 random bytes in hexadecimal digits
};
// `role` is a word of role_word. Errors: kBadInput for a name or role that cannot be, or a project
// admin of no project.
Result<NewToken> new_token(std::string name, std::string_view role,
                           std::vector<std::string> projects, Instant now);
// Errors: kBadInput for a role above "manage", and where projects are named.
Status bind_to_cluster(Token& token, std::string cluster);
// Nothing for a secret that is unknown or revoked. Errors: those of the store.
Result<std::optional<Token>> token_of(const TokenStore& store, std::string_view secret);

bool has(const Token& token, Privilege privilege);
bool reaches(const Token& token, std::string_view project);

std::string sha256_hex(std::string_view text);

}  // namespace backcast::api
