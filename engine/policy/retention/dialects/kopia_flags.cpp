// The words of `kopia policy set`, and which policy holds for a source.
#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

using K = KopiaPolicy;
using C = KopiaCounts;
using Count = std::optional<std::int32_t> C::*;

struct Keep {
  Count count;
  std::string_view flag;
  std::int32_t default_count;  // of kopia's global policy (retention_policy.go)
};
constexpr Keep kKeeps[] = {{&C::latest, "--keep-latest", 10},   {&C::hourly, "--keep-hourly", 48},
                           {&C::daily, "--keep-daily", 7},      {&C::weekly, "--keep-weekly", 4},
                           {&C::monthly, "--keep-monthly", 24}, {&C::annual, "--keep-annual", 3}};

// The policy that flags speak of: the last --for, or the global one.
C& current(K& p) {
  return p.overrides.empty() ? static_cast<C&>(p) : p.overrides.back();
}

// "inherit" takes what the policy above says: for the global one, kopia's default.
template <std::size_t I>
constexpr Flag<K> keep_flag() {
  return {kKeeps[I].flag,
          "",
          true,
          true,
          [](K& p, std::string_view value) -> Status {
            auto& count = current(p).*kKeeps[I].count;
            if (value != "inherit") {
              BACKCAST_TRY(count, parse_count(value, 0, 100'000));
            } else if (p.overrides.empty()) {
              count = kKeeps[I].default_count;
            } else {
              count.reset();
            }
            return kOk;
          },
          nullptr};
}

Status begin_override(K& p, std::string_view target) {
  const std::size_t at_sign = target.find('@');
  const std::string_view host = target.substr(std::min(at_sign + 1, target.size()));
  if (at_sign == target.npos || host.empty() || host.starts_with(':')) {
    return bad_input("is not the target of a policy", "write @host, user@host or user@host:/path");
  }
  p.overrides.emplace_back().target = target;
  return kOk;
}

Status take_defaults(K& p, std::string_view) {
  if (!p.overrides.empty()) return bad_input("belongs to the global policy, before --for");
  for (const Keep& keep : kKeeps) {
    if (!(p.*keep.count)) p.*keep.count = keep.default_count;
  }
  return kOk;
}

constexpr Flag<K> kFlags[] = {
    keep_flag<0>(),
    keep_flag<1>(),
    keep_flag<2>(),
    keep_flag<3>(),
    keep_flag<4>(),
    keep_flag<5>(),
    {"--defaults", "", false, false, take_defaults, nullptr},
    {"--for", "", true, true, begin_override, nullptr},
    switch_flag<K, &K::week_month_collision>("--week-month-collision"),
};

std::string write_counts(const C& counts) {
  std::string text;
  for (const Keep& keep : kKeeps) {
    if (counts.*keep.count) text += fmt::format(" {} {}", keep.flag, *(counts.*keep.count));
  }
  return text;
}

std::string write(const K& p) {
  std::string text = write_counts(p);
  if (p.week_month_collision) text += " --week-month-collision";
  for (const K::Override& o : p.overrides) {
    text += fmt::format(" --for {}{}", quoted_word(o.target), write_counts(o));
  }
  return text;
}

// How near a policy is to a source: 0 = not its policy; deeper paths are nearer.
std::size_t nearness(std::string_view target, const Snapshot& s) {
  const std::size_t at_sign = target.find('@');
  const std::string_view user = target.substr(0, at_sign);
  std::string_view host = target.substr(at_sign + 1);
  const std::size_t colon = host.find(':');
  const std::string_view path = colon == host.npos ? std::string_view() : host.substr(colon + 1);
  host = host.substr(0, colon);
  if (host != s.host || (!user.empty() && user != s.username)) return 0;
  if (path.empty()) return user.empty() ? 1 : 2;
  const std::string_view own = s.paths.empty() ? std::string_view() : s.paths.front();
  const bool is_above =
      own == path || (own.starts_with(path) && (path.ends_with('/') || own[path.size()] == '/'));
  return is_above ? 2 + path.size() : 0;
}

}  // namespace

KopiaPolicy effective(const KopiaPolicy& policy, const Snapshot& s) {
  KopiaPolicy result = policy;
  result.overrides.clear();
  std::vector<std::pair<std::size_t, const K::Override*>> near;
  for (const K::Override& o : policy.overrides) {
    if (const std::size_t n = nearness(o.target, s); n > 0) near.emplace_back(n, &o);
  }
  std::stable_sort(near.begin(), near.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [unused, o] : near) {
    for (const Keep& keep : kKeeps) {
      if (o->*keep.count) result.*keep.count = o->*keep.count;
    }
  }
  return result;
}

const Dialect<KopiaPolicy>& kopia_dialect() {
  static const Dialect<K> kDialect{"kopia", kFlags,  {"--global"}, {}, {"kopia", "policy", "set"},
                                   {},      nullptr, write};
  return kDialect;
}

}  // namespace backcast::policy
