#include "rehearsal/twin/weather_outside.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/time_math.h"
#include "sim/model/outside/job_bytes.h"

namespace backcast::rehearsal {

using control::Begun;
using control::Id;
using control::Work;
using control::WorkKind;

WeatherOutside::WeatherOutside(const sim::Scenario& scenario, sim::Draws draws)
    : scenario_(scenario),
      draws_(draws),
      lives_(scenario.services.size()),
      generations_(scenario.services.size()),
      failing_(scenario.services.size()) {
  for (std::size_t i = 0; i < scenario.services.size(); ++i) {
    const sim::Service& s = scenario.services[i];
    lives_[i].begin(s.workload, s.delta.curve, scenario.start, draws, s.entity);
  }
  for (const sim::LinkSpec& link : scenario.links) {
    links_.emplace_back(link.rate_bytes_per_second, link.per_transfer_bytes_per_second);
  }
}

// What changes its state is noted beside the decision, and made again after a crash.
void WeatherOutside::note(const char* what, std::initializer_list<std::int64_t> values,
                          const std::string& tail) {
  if (notes_ == nullptr) return;
  notes_->add(fmt::format("{} {}{}", what, fmt::join(values, " "), tail));
}

void WeatherOutside::opened(control::Notes& notes) {
  for (const std::string& line : notes.all()) replay(line);
  touched_.clear();
  notes_ = &notes;
}

void WeatherOutside::replay(const std::string& line) {
  std::istringstream in(line);
  std::string what;
  std::int64_t a = 0, b = 0, c = 0, d = 0;
  in >> what >> a >> b >> c >> d;
  const Instant now(Duration{d});
  Work work;
  work.cluster = a;
  work.backup = b;
  if (what == "accept") {
    accept(work, now);
  } else if (what == "put" || what == "copy") {
    work.kind = what == "put" ? WorkKind::kBackup : WorkKind::kCopy;
    work.vault = c;
    work.original = d;
    put(work);
  } else if (what == "remove") {
    remove(a, b);
  } else if (what == "send") {  // job, link, bytes
    transfers_[a] = {
        static_cast<std::uint32_t>(b),
        links_[static_cast<std::size_t>(b)].start(since_start(now), static_cast<std::uint64_t>(a),
                                                  static_cast<std::uint64_t>(c))};
  } else if (what == "stop") {
    work.job = a;
    cancel(work, now);
  } else if (what == "settle") {
    arrived(static_cast<std::uint32_t>(a), now);
  } else if (what == "rate") {
    links_[static_cast<std::size_t>(a)].set_rate(since_start(now), static_cast<std::uint64_t>(b));
  } else if (what == "bring") {  // into a cluster: names, each behind its database
    policy::CollectionChoice one;
    while (in >> one.to.database >> one.to.name) work.collections.push_back(one);
    work.into = a;
    occupy(work, now);
  } else if (what == "set_back") {
    brought_[a].set_back(now);
  } else if (what == "failing") {
    failing_[static_cast<std::size_t>(a)] += static_cast<int>(b);
  }
}

WeatherOutside::Vault& WeatherOutside::vault(Id id, Id cluster) {
  std::unique_ptr<Vault>& vault = vaults_[id];
  if (vault == nullptr) vault = std::make_unique<Vault>(service(cluster).delta);
  return *vault;
}

Duration WeatherOutside::start_delay(Id cluster, std::uint32_t, Instant named, int window_seconds) {
  return sim::start_delay(draws_, service(cluster).entity, named, window_seconds);
}

std::uint64_t WeatherOutside::accept(const Work& work, Instant now) {
  note("accept", {work.cluster, work.backup, 0, now.time_since_epoch().count()});
  const sim::Service& s = service(work.cluster);
  const auto place = static_cast<std::size_t>(work.cluster - 1);
  const sim::Generation generation = s.delta.numbered(
      lives_[place].at(sim::moment_at(s.workload, scenario_.start, now)), generations_[place]++);
  seen_[work.backup] = generation;
  return s.delta.full_bytes(generation);
}

// What is read is counted as live data, what is sent as it is stored.
policy::JobBytes WeatherOutside::bytes_of(const Work& work, Instant now) {
  const sim::Service& s = service(work.cluster);
  const sim::Generation& generation = seen_[work.backup];
  const auto place = static_cast<std::size_t>(work.cluster - 1);
  const std::uint64_t live_bytes =
      lives_[place].size_bytes(sim::moment_at(s.workload, scenario_.start, now));
  return sim::job_bytes(s, generation, live_bytes, [&] {
    return vault(work.vault, work.cluster).chain.moved_if_added(generation);
  });
}

std::vector<policy::CollectionName> WeatherOutside::collections(Id cluster) {
  return brought_[cluster].names(service(cluster));
}

// What a restore does to the names in the cluster that it goes into.
void WeatherOutside::occupy(const Work& work, Instant now) {
  if (work.in_place) {
    note("set_back", {work.into, 0, 0, work.born.time_since_epoch().count()});
    brought_[work.into].set_back(work.born);
  }
  if (work.collections.empty()) return;
  std::string names;
  for (const auto& one : work.collections) names += " " + one.to.database + " " + one.to.name;
  note("bring", {work.into, 0, 0, now.time_since_epoch().count()}, names);
  brought_[work.into].bring(work.collections, now);
}

Begun WeatherOutside::begin(const Work& work, Instant now) {
  const sim::Service& s = service(work.cluster);
  Begun begun;
  if (work.kind == WorkKind::kBackup) {
    const sim::Fate fate =
        sim::fate_of(draws_, {s.entity, work.scheduled, work.attempt},
                     {s.job.failure_probability, s.job.duration_spread},
                     policy::job_duration(s.job.speed, bytes_of(work, now), s.collections));
    const int failing = failing_[static_cast<std::size_t>(work.cluster - 1)];
    begun.takes = fate.takes;
    begun.fails = fate.fails    ? policy::Why::kByChance
                  : failing > 0 ? policy::Why::kFailingTime
                                : policy::Why::kNothing;
    return begun;
  }
  const bool copies = work.kind == WorkKind::kCopy;
  if (!copies) occupy(work, now);
  const sim::Pace pace = pace_of(work);
  const std::uint64_t bytes =
      copies ? moved_[work.backup] : sim::part_of(work.size_bytes, s, work.collections);
  const bool stays = work.from_region == work.to_region;
  if (const auto link = stays ? std::nullopt : link_between(work.from_region, work.to_region)) {
    const std::uint64_t busy = pace.of(bytes);
    note("send",
         {work.job, *link, static_cast<std::int64_t>(busy), now.time_since_epoch().count()});
    transfers_[work.job] = {
        *link, links_[*link].start(since_start(now), static_cast<std::uint64_t>(work.job), busy)};
    await(*link);
    return begun;
  }
  const Duration moves = pace.of(time_for(stays ? 0 : bytes, s.job.copy_rate_bytes_per_second));
  begun.takes = copies ? moves : plus(moves, restore_time(work));
  return begun;
}

// Of a copy or a restore.
sim::Pace WeatherOutside::pace_of(const Work& work) {
  const sim::Service& s = service(work.cluster);
  using Kind = sim::Delivery::Kind;
  const bool copies = work.kind == WorkKind::kCopy;
  return sim::pace_of(draws_,
                      {copies ? Kind::kCopy : Kind::kRestore, s.entity,
                       copies ? work.born : work.scheduled, work.to_region},
                      s.job.duration_spread);
}

Duration WeatherOutside::restore_time(const Work& work) {
  const sim::Service& s = service(work.cluster);
  const std::uint64_t whole_bytes = sim::live_bytes_at(s, scenario_.start, draws_, work.born);
  return pace_of(work).of(time_for(sim::part_of(whole_bytes, s, work.collections),
                                   s.job.restore_rate_bytes_per_second));
}

Duration WeatherOutside::bring_back(const Work& work) {
  return restore_time(work);
}

void WeatherOutside::cancel(const Work& work, Instant now) {
  const auto transfer = transfers_.find(work.job);
  if (transfer == transfers_.end()) return;
  note("stop", {work.job, 0, 0, now.time_since_epoch().count()});
  const auto [link, handle] = transfer->second;
  links_[link].cancel(since_start(now), handle);
  transfers_.erase(transfer);
  await(link);
}

void WeatherOutside::put(const Work& work) {
  const bool copies = work.kind == WorkKind::kCopy;
  note(copies ? "copy" : "put", {work.cluster, work.backup, work.vault, work.original});
  if (copies) seen_[work.backup] = seen_[work.original];
  Vault& into = vault(work.vault, work.cluster);
  const sim::DeltaChain::Added added = into.chain.add(seen_[work.backup]);
  into.handles[work.backup] = added.handle;
  if (copies) moved_[work.backup] = added.moved_bytes;
}

void WeatherOutside::remove(Id vault, Id backup) {
  note("remove", {vault, backup});
  Vault& from = *vaults_.at(vault);
  from.chain.remove(from.handles.at(backup));
  from.handles.erase(backup);
}

std::uint64_t WeatherOutside::held_bytes(Id vault) {
  const auto found = vaults_.find(vault);
  return found == vaults_.end() ? 0 : found->second->chain.stored_bytes();
}

std::uint64_t WeatherOutside::freed_bytes(Id vault, const std::vector<Id>& backups) {
  if (backups.empty()) return 0;
  const Vault& from = *vaults_.at(vault);
  sim::DeltaChain after = from.chain;
  for (const Id backup : backups) after.remove(from.handles.at(backup));
  return from.chain.stored_bytes() - after.stored_bytes();
}

bool WeatherOutside::is_increment(Id vault, Id backup) {
  const auto found = vaults_.find(vault);
  if (found == vaults_.end()) return false;
  const auto handle = found->second->handles.find(backup);
  return handle != found->second->handles.end() &&
         found->second->chain.is_increment(handle->second);
}

std::vector<Id> WeatherOutside::arrived(std::uint32_t link, Instant now) {
  note("settle", {link, 0, 0, now.time_since_epoch().count()});
  std::vector<Id> jobs;
  while (const auto completion = links_[link].pop(since_start(now))) {
    jobs.push_back(static_cast<Id>(completion->id));
    transfers_.erase(jobs.back());
  }
  if (!jobs.empty()) await(link);
  return jobs;
}

void WeatherOutside::await(std::uint32_t link) {
  touched_.insert(link);
}

std::vector<WeatherOutside::Wake> WeatherOutside::wakes() {
  std::vector<Wake> wakes;
  for (const std::uint32_t link : touched_) {
    const auto end_ns = links_[link].next_end_ns();
    if (end_ns) wakes.push_back({link, plus(scenario_.start, Duration{*end_ns})});
  }
  touched_.clear();
  return wakes;
}

std::optional<std::uint32_t> WeatherOutside::link_between(const std::string& from,
                                                          const std::string& to) {
  for (std::uint32_t link = 0; link < scenario_.links.size(); ++link) {
    if (scenario_.links[link].from == from && scenario_.links[link].to == to) return link;
  }
  return std::nullopt;
}

void WeatherOutside::happens(const std::string& text, bool begins, Instant now) {
  const auto what = nlohmann::json::parse(text);
  if (what.contains("link")) {
    const auto from = what.value("from", ""), to = what.value("to", "");
    for (std::uint32_t link = 0; link < scenario_.links.size(); ++link) {
      const sim::LinkSpec& spec = scenario_.links[link];
      if (spec.from != from || spec.to != to) continue;
      const std::uint64_t rate = begins ? 0 : spec.rate_bytes_per_second;
      note("rate", {link, static_cast<std::int64_t>(rate), 0, now.time_since_epoch().count()});
      links_[link].set_rate(since_start(now), rate);
      await(link);
    }
    return;
  }
  for (const std::size_t failing : what.value("services", std::vector<std::size_t>())) {
    note("failing", {static_cast<std::int64_t>(failing), begins ? 1 : -1});
    failing_[failing] += begins ? 1 : -1;
  }
}

}  // namespace backcast::rehearsal
