#include "engine/api/access/token.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "engine/base/text.h"
#include "engine/env/env.h"

namespace backcast::api {
namespace {

constexpr std::size_t kSecretBytes = 32, kMaxNameBytes = 100;
constexpr std::string_view kPrefix = "bct_";  // so that scanners of leaked secrets know one

std::string hex(ByteView bytes) {
  std::string out;
  for (const std::uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

template <std::size_t kBytes>
std::string random_hex() {
  std::array<std::uint8_t, kBytes> bytes;
  env::posix_env().random(bytes);
  return hex(bytes);
}

}  // namespace

std::string_view name_of(Privilege privilege) {
  static constexpr std::array<std::string_view, 4> kNames{"none", "view", "manage", "owner"};
  return kNames[static_cast<std::size_t>(privilege)];
}

std::string_view role_word(const Token& token) {
  if (token.role == policy::CallerRole::kOrganizationOwner) return "organization_owner";
  if (token.role == policy::CallerRole::kProjectAdmin) return "project_admin";
  return token.manages ? "manage" : "view";
}

std::string sha256_hex(std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  const int done =
      EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  BACKCAST_ASSERT(done == 1);
  return hex(ByteView(digest).first(size));
}

Result<NewToken> new_token(std::string name, std::string_view role,
                           std::vector<std::string> projects, Instant now) {
  if (name.empty() || name.size() > kMaxNameBytes ||
      printable(name, kMaxNameBytes) != '"' + name + '"') {
    return bad_input("a token's name has 1 to 100 visible characters");
  }
  Token token;
  token.name = std::move(name);
  token.projects = std::move(projects);
  token.created = now;
  if (role == "organization_owner") {
    token.role = policy::CallerRole::kOrganizationOwner;
    if (!token.projects.empty()) return bad_input("an organization owner reaches every project");
  } else if (role == "project_admin") {
    token.role = policy::CallerRole::kProjectAdmin;
    if (token.projects.empty())
      return bad_input("a project admin needs the projects it administers");
  } else if (role == "manage" || role == "view") {
    token.role = policy::CallerRole::kCustomWithBackup;
    token.manages = role == "manage";
  } else {
    return bad_input("no role " + printable(role),
                     "give organization_owner, project_admin, manage or view");
  }
  NewToken made{std::move(token), std::string(kPrefix) + random_hex<kSecretBytes>()};
  made.token.hash = sha256_hex(made.secret);
  return made;
}

Status bind_to_cluster(Token& token, std::string cluster) {
  if (token.role != policy::CallerRole::kCustomWithBackup || !token.projects.empty()) {
    return bad_input("a token for one cluster has the role manage or view, and no project");
  }
  token.cluster = std::move(cluster);
  return kOk;
}

Result<std::optional<Token>> token_of(const TokenStore& store, std::string_view secret) {
  // Found by its hash: how long the search takes tells nothing of the secret.
  BACKCAST_TRY(std::optional<Token> token, store.find(sha256_hex(secret)));
  if (token && token->revoked) token.reset();
  return token;
}

bool has(const Token& token, Privilege privilege) {
  if (privilege == Privilege::kOwner) return token.role == policy::CallerRole::kOrganizationOwner;
  if (privilege == Privilege::kManage) {
    return token.manages || token.role == policy::CallerRole::kOrganizationOwner ||
           token.role == policy::CallerRole::kProjectAdmin;
  }
  return true;
}

bool reaches(const Token& token, std::string_view project) {
  return token.projects.empty() ||
         std::find(token.projects.begin(), token.projects.end(), project) != token.projects.end();
}

}  // namespace backcast::api
