// The ledger of what is real: the same facts as the simulator writes of what is planned.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

// What each of these queries begins with: whose it is.
constexpr const char* kWhose = "c.name, p.name, p.rules, b.uid, b.kind, b.tags ";
constexpr const char* kFrom =
    "JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project ";

UsageRecord whose(Row& r, UsageKind kind) {
  UsageRecord u;
  u.kind = kind;
  u.service = r.text();
  u.project = r.text();
  u.provider = r.text();
  if (u.provider == "plain") u.provider.clear();  // no provider's rules, and on nobody's bill
  u.backup = r.text();
  u.backup_kind = r.text();
  u.tags = split(r.text());
  return u;
}

void add(std::vector<UsageRecord>& all, std::vector<UsageRecord> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// What a backup is counted with is what it is as its vendor keeps it: its size.
std::vector<UsageRecord> kept(Database& db, Instant from, Instant to) {
  static const std::string sql = fmt::format(
      "SELECT {}, b.region, b.available, b.deleted, b.size FROM backups b {}"
      "WHERE b.available IS NOT NULL AND b.available < ?2 "
      "AND (b.deleted IS NULL OR b.deleted > ?1) ORDER BY b.available, b.id",
      kWhose, kFrom);
  return db.rows(
      sql.c_str(),
      [&](Row& r) {
        UsageRecord u = whose(r, UsageKind::kStorage);
        u.region = r.text();
        const Instant available = r.instant();
        u.start = std::max(available, from);
        u.end = std::min(r.instant_if().value_or(to), to);
        u.quantity = r.bytes();
        if (available < from) u.born = available;
        return u;
      },
      from, to);
}

// Minimum storage times ask how long that was.
std::vector<UsageRecord> deleted(Database& db, Instant from, Instant to) {
  static const std::string sql = fmt::format(
      "SELECT {}, b.region, b.available, b.deleted, b.size FROM backups b {}"
      "WHERE b.available IS NOT NULL AND b.deleted >= ?1 AND b.deleted < ?2 "
      "AND b.deleted > b.available ORDER BY b.deleted, b.id",
      kWhose, kFrom);
  return db.rows(
      sql.c_str(),
      [](Row& r) {
        UsageRecord u = whose(r, UsageKind::kDeletion);
        u.region = r.text();
        u.start = r.instant();
        u.born = u.start;
        u.end = r.instant();
        u.quantity = r.bytes();
        return u;
      },
      from, to);
}

// Copies and restores between regions, from when they began. One that failed has moved no more than
// a whole one, and as the simulator has it, as much.
std::vector<UsageRecord> moved(Database& db, Instant from, Instant to) {
  static const std::string sql = fmt::format(
      "SELECT {}, j.from_region, j.to_region, j.started, max(b.size, coalesce(o.size, 0)) "
      "FROM jobs j JOIN backups b ON b.id = j.backup LEFT JOIN backups o ON o.id = b.original {}"
      "WHERE j.type IN (1, 2) AND j.from_region != '' AND j.to_region != '' "
      "AND j.from_region != j.to_region AND (j.state != 3 OR j.ended > j.started) "
      "AND j.started >= ?1 AND j.started < ?2 "
      "ORDER BY j.started, j.id",
      kWhose, kFrom);
  return db.rows(
      sql.c_str(),
      [](Row& r) {
        UsageRecord u = whose(r, UsageKind::kTransfer);
        u.region = r.text();
        u.peer_region = r.text();
        u.start = u.end = r.instant();
        u.quantity = r.bytes();
        return u;
      },
      from, to);
}

}  // namespace

Result<std::vector<UsageRecord>> ControlPlane::usage(Instant from, Instant to) {
  return transact([&]() -> Result<std::vector<UsageRecord>> {
    std::vector<UsageRecord> all = kept(*database_, from, to);
    add(all, deleted(*database_, from, to));
    add(all, moved(*database_, from, to));
    return all;
  });
}

}  // namespace backcast::control
