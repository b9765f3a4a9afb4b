#include "engine/control/catalogue/tokens.h"

#include <fmt/format.h>

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
  token.created = r.instant();
  token.revoked = r.instant_if();
  return token;
}

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
    try {
      database_.run(
          "INSERT INTO tokens(name, hash, role, projects, created) "
          "VALUES(?, ?, ?, ?, ?)",
          token.name, token.hash, token.role, fmt::format("{}", fmt::join(token.projects, " ")),
          token.created);
    } catch (const SQLite::Exception& thrown) {
      if (thrown.getErrorCode() != kConstraint) throw;
      return Error{Errc::kExists, fmt::format("there is a token named {}", token.name), {}, {}};
    }
    return kOk;
  });
}

Result<std::optional<Token>> Tokens::find(const std::string& hash) {
  return guarded(mutex_, [&]() -> Result<std::optional<Token>> {
    return database_.row(
        "SELECT name, hash, role, projects, created, revoked FROM tokens "
        "WHERE hash = ?",
        read, hash);
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
    return database_.rows(
        "SELECT name, hash, role, projects, created, revoked FROM tokens ORDER BY id", read);
  });
}

}  // namespace backcast::control
