#include "engine/control/catalogue/database.h"

namespace backcast::control {

Database::Database(const std::string& path, Durability durability)
    : database_(
          std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)) {
  // One process at a time: what it holds in memory is what the file says.
  database_->setBusyTimeout(0);
  database_->exec("PRAGMA locking_mode = EXCLUSIVE");
  database_->exec("PRAGMA journal_mode = WAL");
  database_->exec(durability == Durability::kFull ? "PRAGMA synchronous = FULL"
                                                  : "PRAGMA synchronous = OFF");
  database_->exec("PRAGMA foreign_keys = ON");
  database_->exec("PRAGMA trusted_schema = OFF");
  database_->exec("PRAGMA cell_size_check = ON");
  migrate(*database_);
}

void Database::roll_back() noexcept {
  try {
    database_->exec("ROLLBACK");
  } catch (const SQLite::Exception&) {
    // There was no transaction any more: SQLite ended it when the disk was full.
  }
}

}  // namespace backcast::control
