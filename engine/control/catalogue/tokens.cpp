#include "engine/control/catalogue/tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/control/catalogue/database.h"

namespace backcast::control {
namespace {

constexpr int kConstraint = 19;  // SQLITE_CONSTRAINT

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t to = std::min(text.find(' ', from), text.size());
    if (to > from) words.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return words;
}

Token read(Row& r) {
  Token token;
  token.name = r.text();
  token.hash = r.text();
  token.role = r.text();
  token.projects = words_of(r.text());
  token.cluster = r.text();
  token.created = r.instant();
  token.revoked = r.instant_if();
  return token;
}

constexpr const char* kColumns =
    "SELECT t.name, t.hash, t.role, t.projects, coalesce(c.uid, ''), t.created, t.revoked "
    "FROM tokens t LEFT JOIN clusters c ON c.id = t.cluster ";

template <typename Act>
auto guarded(std::mutex& mutex, Act act) -> decltype(act()) {
  const std::lock_guard lock(mutex);
  try {
    return act();
  } catch (const SQLite::Exception& thrown) {
    return failed(fmt::format("the catalogue: {}", thrown.what()));
  }
}

}  // namespace

Status Tokens::add(const Token& token) {
  return guarded(mutex_, [&]() -> Status {
    const auto cluster = database_.number(
        "SELECT id FROM clusters WHERE uid = ? AND deleted IS NULL", token.cluster);
    if (!cluster && !token.cluster.empty()) {
      return Error{Errc::kNotFound, fmt::format("there is no cluster {}", token.cluster), {}, {}};
    }
    try {
      database_.run(
          "INSERT INTO tokens(name, hash, role, projects, cluster, created) "
          "VALUES(?, ?, ?, ?, ?, ?)",
          token.name, token.hash, token.role, fmt::format("{}", fmt::join(token.projects, " ")),
          cluster, token.created);
    } catch (const SQLite::Exception& thrown) {
      if (thrown.getErrorCode() != kConstraint) throw;
      return Error{Errc::kExists, fmt::format("there is a token named {}", token.name), {}, {}};
    }
    return kOk;
  });
}

Result<std::optional<Token>> Tokens::find(const std::string& hash) {
  return guarded(mutex_, [&]() -> Result<std::optional<Token>> {
    static const std::string sql = fmt::format("{}WHERE t.hash = ?", kColumns);
    return database_.row(sql.c_str(), read, hash);
  });
}

Status Tokens::revoke(const std::string& name, Instant when) {
  return guarded(mutex_, [&]() -> Status {
    if (!database_.number("SELECT 1 FROM tokens WHERE name = ?", name)) {
      return Error{Errc::kNotFound, fmt::format("no token is named {}", name), {}, {}};
    }
    database_.run("UPDATE tokens SET revoked = coalesce(revoked, ?) WHERE name = ?", when, name);
    return kOk;
  });
}

Result<std::vector<Token>> Tokens::list() {
  return guarded(mutex_, [&]() -> Result<std::vector<Token>> {
    static const std::string sql = fmt::format("{}ORDER BY t.id", kColumns);
    return database_.rows(sql.c_str(), read);
  });
}

}  // namespace backcast::control
