// The tables of a catalogue. Instants and durations are nanoseconds, sizes are bytes, lists of
// words are separated by blanks, what may be missing is NULL.
#include <fmt/format.h>

#include <iterator>

#include "engine/control/catalogue/database.h"

namespace backcast::control {
namespace {

// Each step brings a file of the version that is its place to the next one.
constexpr const char* kSteps[] = {
    R"sql(
CREATE TABLE projects(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, rules TEXT NOT NULL, plan TEXT NOT NULL,
  quota INTEGER, quota_mode TEXT NOT NULL, quota_ceiling INTEGER NOT NULL,
  grace INTEGER NOT NULL, regions TEXT NOT NULL, deleted INTEGER, key_gone INTEGER);
CREATE TABLE clusters(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  project INTEGER NOT NULL REFERENCES projects(id),
  cloud TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, version TEXT NOT NULL,
  key TEXT NOT NULL, cu INTEGER NOT NULL, cpu INTEGER NOT NULL, memory INTEGER NOT NULL,
  nodes INTEGER NOT NULL, source TEXT NOT NULL, zone TEXT NOT NULL, retention TEXT NOT NULL,
  overlap TEXT NOT NULL, retries INTEGER NOT NULL, retry_after INTEGER NOT NULL,
  tags TEXT NOT NULL, created INTEGER NOT NULL, deleted INTEGER,
  schedules_on INTEGER NOT NULL DEFAULT 1, suspended INTEGER NOT NULL DEFAULT 0,
  restoring INTEGER NOT NULL DEFAULT 0, clock_ahead INTEGER NOT NULL DEFAULT 0,
  automatic INTEGER NOT NULL DEFAULT 0, manual INTEGER NOT NULL DEFAULT 0,
  newest_automatic INTEGER);
CREATE INDEX clusters_of_project ON clusters(project);
CREATE TABLE limits(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, jobs INTEGER NOT NULL, wait INTEGER,
  project INTEGER REFERENCES projects(id), region TEXT NOT NULL, named INTEGER NOT NULL);
CREATE TABLE limit_clusters(
  limit_id INTEGER NOT NULL REFERENCES limits(id),
  cluster INTEGER NOT NULL REFERENCES clusters(id), PRIMARY KEY(limit_id, cluster)) WITHOUT ROWID;
CREATE TABLE scenarios(
  name TEXT PRIMARY KEY, document TEXT NOT NULL, projects TEXT NOT NULL, applied INTEGER NOT NULL,
  who TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE drills(
  cluster INTEGER PRIMARY KEY REFERENCES clusters(id), every INTEGER NOT NULL,
  due INTEGER NOT NULL);
CREATE TABLE drill_results(
  id INTEGER PRIMARY KEY, cluster INTEGER NOT NULL REFERENCES clusters(id), backup TEXT NOT NULL,
  job TEXT NOT NULL, started INTEGER NOT NULL, ended INTEGER NOT NULL, bytes INTEGER NOT NULL,
  rows INTEGER NOT NULL, how TEXT NOT NULL, why_not TEXT NOT NULL);
CREATE INDEX drills_of_cluster ON drill_results(cluster);
CREATE TABLE schedules(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE,
  cluster INTEGER NOT NULL REFERENCES clusters(id), place INTEGER NOT NULL, name TEXT NOT NULL,
  rule TEXT NOT NULL, zone TEXT NOT NULL, retention TEXT NOT NULL, initial INTEGER NOT NULL,
  catches_up INTEGER NOT NULL, from_at INTEGER NOT NULL, until_at INTEGER NOT NULL,
  last INTEGER NOT NULL, due INTEGER NOT NULL, missed INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0);
CREATE INDEX schedules_of_cluster ON schedules(cluster);
CREATE TABLE vaults(
  id INTEGER PRIMARY KEY, cluster INTEGER NOT NULL REFERENCES clusters(id), region TEXT NOT NULL,
  UNIQUE(cluster, region));
CREATE TABLE backups(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, label TEXT NOT NULL,
  cluster INTEGER NOT NULL REFERENCES clusters(id), vault INTEGER NOT NULL REFERENCES vaults(id),
  sequence INTEGER NOT NULL, region TEXT NOT NULL,
  original INTEGER REFERENCES backups(id), kind TEXT NOT NULL, of_manual INTEGER NOT NULL,
  schedule TEXT NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL, protected INTEGER NOT NULL,
  state INTEGER NOT NULL, born INTEGER NOT NULL, available INTEGER, deleted INTEGER,
  expires INTEGER, size INTEGER NOT NULL, added INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '', birth_policy TEXT NOT NULL DEFAULT '',
  birth_place INTEGER NOT NULL DEFAULT 0, birth_copy INTEGER NOT NULL DEFAULT 0,
  expiry_over INTEGER NOT NULL DEFAULT 0,
  contents TEXT NOT NULL DEFAULT '', snapshot TEXT NOT NULL DEFAULT '');
CREATE INDEX backups_held ON backups(vault, sequence) WHERE state = 1;
CREATE INDEX backups_expire ON backups(vault, expires) WHERE state = 1 AND expires IS NOT NULL;
CREATE INDEX backups_of_cluster ON backups(cluster, born);
CREATE INDEX backups_by_birth ON backups(born);
CREATE INDEX backups_in_order ON backups(sequence);
CREATE INDEX backups_tagged ON backups(tags, state);
CREATE TABLE jobs(
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, type INTEGER NOT NULL,
  cluster INTEGER NOT NULL REFERENCES clusters(id), backup INTEGER REFERENCES backups(id),
  slot INTEGER REFERENCES schedules(id), retention TEXT NOT NULL DEFAULT '',
  attempt INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL, fails INTEGER NOT NULL DEFAULT 0,
  scheduled INTEGER NOT NULL, started INTEGER, ended INTEGER, reason TEXT NOT NULL DEFAULT '',
  progress INTEGER NOT NULL DEFAULT 0, link INTEGER, copy INTEGER NOT NULL DEFAULT 0,
  turn INTEGER NOT NULL DEFAULT 0, request TEXT NOT NULL DEFAULT '',
  from_region TEXT NOT NULL DEFAULT '', to_region TEXT NOT NULL DEFAULT '',
  into_cluster INTEGER REFERENCES clusters(id), in_place INTEGER NOT NULL DEFAULT 0,
  told INTEGER NOT NULL DEFAULT 0);
CREATE INDEX jobs_by_state ON jobs(state, type, cluster);
CREATE INDEX jobs_of_cluster ON jobs(cluster);
CREATE TABLE copies(
  schedule INTEGER REFERENCES schedules(id), job INTEGER REFERENCES jobs(id),
  place INTEGER NOT NULL, region TEXT NOT NULL, retention TEXT NOT NULL);
CREATE INDEX copies_of_schedule ON copies(schedule);
CREATE INDEX copies_of_job ON copies(job);
CREATE TABLE purges(
  at INTEGER NOT NULL, cluster INTEGER NOT NULL REFERENCES clusters(id),
  backup INTEGER NOT NULL REFERENCES backups(id), reason TEXT NOT NULL);
CREATE INDEX purges_of_cluster ON purges(cluster);
CREATE TABLE agenda(
  second INTEGER NOT NULL, due INTEGER NOT NULL, entity INTEGER NOT NULL,
  PRIMARY KEY(second, due, entity)) WITHOUT ROWID;
CREATE TABLE planned(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, lasts INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE regions_down(
  region TEXT PRIMARY KEY, outages INTEGER NOT NULL, of_store INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE decisions(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, code INTEGER NOT NULL, subject TEXT NOT NULL,
  reason TEXT NOT NULL, number INTEGER NOT NULL, tags TEXT NOT NULL, expires INTEGER);
CREATE TABLE outside_notes(id INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE audit(
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL);
CREATE TABLE tokens(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL, projects TEXT NOT NULL, cluster INTEGER REFERENCES clusters(id),
  created INTEGER NOT NULL, revoked INTEGER);
)sql",
    // Keys of clusters; a name that stood there before sealed nothing.
    R"sql(
CREATE TABLE keys(
  id INTEGER PRIMARY KEY, project INTEGER NOT NULL REFERENCES projects(id), name TEXT NOT NULL,
  region TEXT NOT NULL, created INTEGER NOT NULL, revoked INTEGER, UNIQUE(project, name));
UPDATE clusters SET key = '';
ALTER TABLE backups ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN warns TEXT NOT NULL DEFAULT '';
)sql",
};

}  // namespace

void migrate(SQLite::Database& database) {
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  constexpr int kNewest = static_cast<int>(std::size(kSteps));
  if (version > kNewest) {
    throw ErrorThrown(
        bad_input(fmt::format("the catalogue is of version {}, and this program knows up to {}",
                              version, kNewest),
                  "use the program that wrote it, or a newer one"));
  }
  for (int step = version; step < kNewest; ++step) {
    SQLite::Transaction transaction(database);
    database.exec(kSteps[step]);
    database.exec(fmt::format("PRAGMA user_version = {}", step + 1));
    transaction.commit();
  }
}

}  // namespace backcast::control
