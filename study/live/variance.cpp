#include "study/live/variance.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "costmodel/bill/compare.h"
#include "engine/base/bytes.h"

namespace backcast::study {
namespace {

using Owner = std::pair<std::string, std::string>;  // project, service
using Line = std::tuple<std::string, std::string, std::string, std::string>;

Line line_of(const BackupFact& b) {
  return {b.project, b.service, b.region, b.kind};
}

// The one of `others`, by birth, that is nearest; an earlier one of two.
std::size_t nearest(const std::vector<const BackupFact*>& others, Instant born) {
  const auto after =
      std::lower_bound(others.begin(), others.end(), born,
                       [](const BackupFact* other, Instant when) { return other->born < when; });
  if (after == others.begin()) return 0;
  const auto before = after - 1;
  const bool is_after = after != others.end() && (*after)->born - born < born - (*before)->born;
  return static_cast<std::size_t>((is_after ? after : before) - others.begin());
}

using ByLine = std::map<Line, std::vector<const BackupFact*>>;

ByLine by_line(const std::vector<BackupFact>& backups, bool whole) {
  ByLine lines;
  for (const BackupFact& b : backups) {
    if (b.why_not.empty() == whole) lines[line_of(b)].push_back(&b);
  }
  for (auto& [line, listed] : lines) {
    std::stable_sort(listed.begin(), listed.end(),
                     [](const BackupFact* a, const BackupFact* b) { return a->born < b->born; });
  }
  return lines;
}

// Of each planned backup its real one, by id.
std::map<std::string, const BackupFact*> matched(const ByLine& planned, const ByLine& real) {
  std::map<std::string, const BackupFact*> pairs;
  for (const auto& [line, listed] : planned) {
    const auto others = real.find(line);
    if (others == real.end()) continue;
    for (std::size_t i = 0; i < listed.size(); ++i) {
      const BackupFact* other = others->second[nearest(others->second, listed[i]->born)];
      if (nearest(listed, other->born) == i) pairs.emplace(listed[i]->id, other);
    }
  }
  return pairs;
}

using ById = std::map<std::string, std::vector<const UsageRecord*>>;

ById by_id(const std::vector<UsageRecord>& usage) {
  ById found;
  for (const UsageRecord& record : usage) found[record.backup].push_back(&record);
  return found;
}

// What the details tell of one service.
struct Seen {
  std::uint64_t planned = 0, missed = 0, pairs = 0;
  std::map<std::string, std::uint64_t> why_missed;
  std::uint64_t planned_bytes = 0, real_bytes = 0;
  Duration planned_held{0}, real_held{0};
  std::map<std::string, std::uint64_t> more;  // beyond the forecast, by what they are
};

std::string counted(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts) parts.push_back(fmt::format("{} {}", count, what));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string backups(std::uint64_t count) {
  return fmt::format("{} backup{}", count, count == 1 ? "" : "s");
}

// Goes from the forecast to what happened.
class Walk {
 public:
  Walk(const Ledger& forecast, const Ledger& actual, Instant since)
      : forecast_(forecast),
        planned_usage_(by_id(forecast.usage)),
        real_usage_(by_id(actual.usage)) {
    const ByLine planned = by_line(forecast.backups, true);
    pairs_ = matched(planned, by_line(actual.backups, true));
    const auto failed = matched(planned, by_line(actual.backups, false));
    for (const BackupFact& b : forecast.backups) {
      if (b.why_not.empty() && planned_usage_.contains(b.id)) see_planned(b, failed);
    }
    std::map<std::string, bool> is_known;
    for (const auto& [id, real] : pairs_) is_known[real->id] = planned_usage_.contains(id);
    for (const BackupFact& b : actual.backups) {
      if (!real_usage_.contains(b.id) || is_known[b.id]) continue;
      ++seen_[{b.project, b.service}].more[b.born < since ? "from before" : b.kind];
    }
  }

  // The ledger without what was never made; with the sizes that it had; with its times as well.
  enum class Step : std::uint8_t { kMade, kSizes, kTimes };
  std::vector<UsageRecord> usage(Step step) const {
    std::vector<UsageRecord> all;
    for (const UsageRecord& record : forecast_.usage) {
      if (record.backup.empty()) {
        all.push_back(record);
        continue;
      }
      const auto pair = pairs_.find(record.backup);
      const auto real =
          pair == pairs_.end() ? real_usage_.end() : real_usage_.find(pair->second->id);
      if (real == real_usage_.end() || step == Step::kTimes) continue;
      all.push_back(record);
      if (step == Step::kSizes) {
        if (const UsageRecord* same = like(real->second, record.kind)) {
          all.back().quantity = same->quantity;
        }
      }
    }
    if (step != Step::kTimes) return all;
    for (const auto& [id, real] : pairs_) {
      const auto found = real_usage_.find(real->id);
      if (found == real_usage_.end() || !planned_usage_.contains(id)) continue;
      for (const UsageRecord* record : found->second) all.push_back(*record);
    }
    return all;
  }

  const std::map<Owner, Seen>& seen() const { return seen_; }

 private:
  static const UsageRecord* like(const std::vector<const UsageRecord*>& records, UsageKind kind) {
    const auto same = std::find_if(records.begin(), records.end(),
                                   [&](const UsageRecord* r) { return r->kind == kind; });
    return same == records.end() ? nullptr : *same;
  }

  void see_planned(const BackupFact& b, const std::map<std::string, const BackupFact*>& failed) {
    Seen& seen = seen_[{b.project, b.service}];
    ++seen.planned;
    const auto pair = pairs_.find(b.id);
    const auto real = pair == pairs_.end() ? real_usage_.end() : real_usage_.find(pair->second->id);
    if (real == real_usage_.end()) {
      ++seen.missed;
      const auto why = failed.find(b.id);
      ++seen.why_missed[why == failed.end() ? "not made" : why->second->why_not];
      return;
    }
    ++seen.pairs;
    const auto add = [](const std::vector<const UsageRecord*>& records, std::uint64_t& bytes,
                        Duration& held) {
      for (const UsageRecord* record : records) {
        if (record->kind != UsageKind::kStorage) continue;
        bytes += record->quantity;
        held += record->end - record->start;
      }
    };
    add(planned_usage_.at(b.id), seen.planned_bytes, seen.planned_held);
    add(real->second, seen.real_bytes, seen.real_held);
  }

  const Ledger& forecast_;
  ById planned_usage_, real_usage_;
  std::map<std::string, const BackupFact*> pairs_;  // by the planned one's id
  std::map<Owner, Seen> seen_;
};

struct Told {
  const char* what;
  std::string (*detail)(const Seen&);  // "" = nothing to tell
};

const Told kSteps[] = {
    {"not made",
     [](const Seen& s) {
       return s.missed == 0
                  ? std::string()
                  : fmt::format("{} of {}: {}", s.missed, s.planned, counted(s.why_missed));
     }},
    {"other sizes",
     [](const Seen& s) {
       return s.planned_bytes == s.real_bytes
                  ? std::string()
                  : fmt::format("{} of {}, forecast {}", backups(s.pairs),
                                format_bytes(s.real_bytes), format_bytes(s.planned_bytes));
     }},
    {"kept for other times",
     [](const Seen& s) {
       return s.planned_held == s.real_held
                  ? std::string()
                  : fmt::format("{} for {} in all, forecast {}", backups(s.pairs),
                                format_duration(s.real_held), format_duration(s.planned_held));
     }},
    {"beyond the forecast",
     [](const Seen& s) { return s.more.empty() ? std::string() : counted(s.more); }}};

}  // namespace

std::vector<UsageRecord> within(std::span<const UsageRecord> usage, Instant from, Instant to) {
  std::vector<UsageRecord> found;
  for (const UsageRecord& whole : usage) {
    const bool lasts = whole.kind == UsageKind::kStorage || whole.kind == UsageKind::kInstance;
    const Instant when = whole.kind == UsageKind::kDeletion ? whole.end : whole.start;
    if (lasts ? whole.end <= from || whole.start >= to : when < from || when >= to) continue;
    UsageRecord record = whole;
    if (lasts) {
      if (!record.born) record.born = record.start;
      record.start = std::max(record.start, from);
      record.end = std::min(record.end, to);
    }
    found.push_back(std::move(record));
  }
  return found;
}

Result<Variance, Errors> explain_variance(const Ledger& forecast, const Ledger& actual,
                                          Instant since, const BillOf& bill) {
  const Walk walk(forecast, actual, since);
  std::vector<cost::Invoice> bills;
  BACKCAST_TRY(cost::Invoice first, bill(forecast.usage));
  bills.push_back(std::move(first));
  for (const auto step : {Walk::Step::kMade, Walk::Step::kSizes, Walk::Step::kTimes}) {
    const auto usage = walk.usage(step);
    BACKCAST_TRY(cost::Invoice next, bill(usage));
    bills.push_back(std::move(next));
  }
  BACKCAST_TRY(cost::Invoice last, bill(actual.usage));
  bills.push_back(std::move(last));
  Variance result;
  const std::vector<cost::Dimension> by{{cost::Dimension::Kind::kProject, ""},
                                        {cost::Dimension::Kind::kService, ""}};
  for (std::size_t step = 0; step + 1 < bills.size(); ++step) {
    std::map<Owner, Cause> causes;
    for (const auto& [owner, seen] : walk.seen()) {
      if (std::string detail = kSteps[step].detail(seen); !detail.empty()) {
        causes[owner].detail = std::move(detail);
      }
    }
    for (const cost::VarianceRow& row : cost::compare(bills[step], bills[step + 1], by)) {
      if (row.difference() == cost::Decimal{}) continue;
      causes[{row.values[0], row.values[1]}].amount = row.difference();
    }
    for (auto& [owner, cause] : causes) {
      std::tie(cause.project, cause.service) = owner;
      cause.what = kSteps[step].what;
      result.causes.push_back(std::move(cause));
    }
  }
  result.forecast = std::move(bills.front());
  result.actual = std::move(bills.back());
  return result;
}

}  // namespace backcast::study
