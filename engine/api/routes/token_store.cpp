// Tokens as the catalogue keeps them.
#include "engine/api/routes/backend.h"
#include "engine/control/catalogue/tokens.h"

namespace backcast::api {
namespace {

Token token_from(const control::Token& row) {
  Token token;
  token.name = row.name;
  token.hash = row.hash;
  token.projects = row.projects;
  token.created = row.created;
  token.revoked = row.revoked;
  if (row.role == "manage" || row.role == "view") {
    token.role = policy::CallerRole::kCustomWithBackup;
    token.manages = row.role == "manage";
  } else {
    token.role = policy::parse_caller_role(row.role).value_or(policy::CallerRole::kOther);
  }
  return token;
}

}  // namespace

TokenStore store_of(control::Tokens& tokens) {
  return {[&tokens](const std::string& hash) -> Result<std::optional<Token>> {
            BACKCAST_TRY(const auto row, tokens.find(hash));
            if (!row) return std::optional<Token>();
            return std::optional(token_from(*row));
          },
          [&tokens](const Token& token) -> Status {
            return tokens.add({token.name, token.hash, std::string(role_word(token)),
                               token.projects, token.created, token.revoked});
          },
          [&tokens](const std::string& name, Instant when) { return tokens.revoke(name, when); },
          [&tokens]() -> Result<std::vector<Token>> {
            BACKCAST_TRY(const auto rows, tokens.list());
            std::vector<Token> listed;
            for (const control::Token& row : rows) listed.push_back(token_from(row));
            return listed;
          }};
}

}  // namespace backcast::api
