// The file behind a catalogue: SQLite, with statements kept ready. Everything throws
// SQLite::Exception, or ErrorThrown; the control plane turns both into an Error at its door.
#pragma once

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/SQLiteCpp.h>

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast::control {

// An error on its way to the door.
struct ErrorThrown : std::exception {
  explicit ErrorThrown(Error its_error) : error(std::move(its_error)) {}
  const char* what() const noexcept override { return error.message.c_str(); }
  Error error;
};

inline std::optional<std::int64_t> stored(const std::optional<Instant>& t) {
  return t ? std::optional(t->time_since_epoch().count()) : std::nullopt;
}
inline std::int64_t stored(Instant t) {
  return t.time_since_epoch().count();
}

// One row, whose columns are taken from left to right.
class Row {
 public:
  explicit Row(SQLite::Statement& statement) : statement_(statement) {}
  std::int64_t integer() { return next().getInt64(); }
  std::uint64_t bytes() { return static_cast<std::uint64_t>(integer()); }
  bool flag() { return integer() != 0; }
  std::string text() { return next().getString(); }
  Instant instant() { return Instant(Duration(integer())); }
  Duration duration() { return Duration(integer()); }
  std::optional<Instant> instant_if() {
    const SQLite::Column column = next();
    if (column.isNull()) return std::nullopt;
    return Instant(Duration(column.getInt64()));
  }
  std::optional<std::int64_t> integer_if() {
    const SQLite::Column column = next();
    if (column.isNull()) return std::nullopt;
    return column.getInt64();
  }

 private:
  SQLite::Column next() { return statement_.getColumn(column_++); }
  SQLite::Statement& statement_;
  int column_ = 0;
};

enum class Durability : std::uint8_t { kFull, kNone };

class Database {
 public:
  // Opens or makes it and brings its tables up to date. Throws what is wrong: another process has
  // it open, it is of a newer version, it is no catalogue.
  Database(const std::string& path, Durability durability);

  template <typename... Values>
  void run(const char* sql, const Values&... values) {
    SQLite::Statement& statement = ready(sql, values...);
    statement.exec();
    statement.reset();
  }
  // All rows, each through `make(Row&)`; whole before anything else is asked.
  template <typename Make, typename... Values>
  auto rows(const char* sql, Make make, const Values&... values) {
    SQLite::Statement& statement = ready(sql, values...);
    std::vector<decltype(make(std::declval<Row&>()))> found;
    while (statement.executeStep()) {
      Row row(statement);
      found.push_back(make(row));
    }
    statement.reset();
    return found;
  }
  template <typename Make, typename... Values>
  auto row(const char* sql, Make make, const Values&... values) {
    SQLite::Statement& statement = ready(sql, values...);
    std::optional<decltype(make(std::declval<Row&>()))> found;
    if (statement.executeStep()) {
      Row row(statement);
      found = make(row);
    }
    statement.reset();
    return found;
  }
  template <typename... Values>
  std::optional<std::int64_t> number(const char* sql, const Values&... values) {
    const auto found = row(
        sql, [](Row& r) { return r.integer_if(); }, values...);
    return found ? *found : std::nullopt;
  }
  std::int64_t last_row() const { return database_->getLastInsertRowid(); }

  void begin() { database_->exec("BEGIN IMMEDIATE"); }
  void commit() { database_->exec("COMMIT"); }
  void roll_back() noexcept;
  // To be stepped, and ended, while nothing else is asked of this one.
  std::unique_ptr<SQLite::Backup> copy_into(SQLite::Database& copy) {
    return std::make_unique<SQLite::Backup>(copy, *database_);
  }

 private:
  template <typename... Values>
  SQLite::Statement& ready(const char* sql, const Values&... values) {
    std::unique_ptr<SQLite::Statement>& statement = statements_[sql];
    if (statement == nullptr) statement = std::make_unique<SQLite::Statement>(*database_, sql);
    statement->reset();
    int place = 0;
    (bind(*statement, ++place, values), ...);
    return *statement;
  }
  static void bind(SQLite::Statement& s, int place, const std::string& v) { s.bind(place, v); }
  static void bind(SQLite::Statement& s, int place, const char* v) { s.bind(place, v); }
  static void bind(SQLite::Statement& s, int place, std::int64_t v) { s.bind(place, v); }
  static void bind(SQLite::Statement& s, int place, std::uint64_t v) {
    s.bind(place, static_cast<std::int64_t>(v));
  }
  static void bind(SQLite::Statement& s, int place, std::uint32_t v) {
    s.bind(place, static_cast<std::int64_t>(v));
  }
  static void bind(SQLite::Statement& s, int place, int v) { s.bind(place, v); }
  static void bind(SQLite::Statement& s, int place, bool v) { s.bind(place, v ? 1 : 0); }
  static void bind(SQLite::Statement& s, int place, Instant v) { s.bind(place, stored(v)); }
  static void bind(SQLite::Statement& s, int place, Duration v) {
    s.bind(place, static_cast<std::int64_t>(v.count()));
  }
  template <typename T>
  static void bind(SQLite::Statement& s, int place, const std::optional<T>& v) {
    v ? bind(s, place, *v) : s.bind(place);
  }

  std::unique_ptr<SQLite::Database> database_;
  std::map<const char*, std::unique_ptr<SQLite::Statement>> statements_;  // by their place
};

// The tables, brought from whatever version the file has to this one.
void migrate(SQLite::Database& database);

}  // namespace backcast::control
