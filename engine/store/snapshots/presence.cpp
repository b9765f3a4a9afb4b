#include "engine/store/snapshots/presence.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace backcast::store {
namespace {

// Patterns while they grow: each is its predecessor and one more run, so that moving a chunk from
// one to the next is one lookup.
class PatternTree {
 public:
  static constexpr std::uint32_t kRoot = 0;
  PatternTree() { nodes_.push_back({}); }

  // The pattern `node` with snapshot `i`, not earlier than all it holds, added.
  std::uint32_t with(std::uint32_t node, std::uint32_t i) { return with_run(node, {i, i}); }

  // The snapshots of either.
  std::uint32_t united(std::uint32_t a, std::uint32_t b) {
    if (a == b || b == kRoot) return a;
    if (a == kRoot) return b;
    const auto [found, is_new] = unions_.try_emplace(std::pair(a, b), kRoot);
    if (is_new) {
      std::vector<Presence::Run> all = runs(a);
      const auto more = runs(b);
      all.insert(all.end(), more.begin(), more.end());
      std::sort(all.begin(), all.end(),
                [](const auto& x, const auto& y) { return x.first < y.first; });
      std::uint32_t node = kRoot;
      for (const Presence::Run& run : all) node = with_run(node, run);
      found->second = node;
    }
    return found->second;
  }

  std::vector<Presence::Run> runs(std::uint32_t node) const {
    std::vector<Presence::Run> runs;
    for (; node != kRoot; node = nodes_[node].parent) runs.push_back(nodes_[node].run);
    std::reverse(runs.begin(), runs.end());
    return runs;
  }
  std::size_t size() const { return nodes_.size(); }

 private:
  // `run` begins no earlier than the last run of the pattern.
  std::uint32_t with_run(std::uint32_t node, Presence::Run run) {
    std::uint32_t parent = node;
    if (node != kRoot && nodes_[node].run.last + 1 >= run.first) {
      if (nodes_[node].run.last >= run.last) return node;
      parent = nodes_[node].parent;
      run.first = nodes_[node].run.first;
    }
    const auto [found, is_new] = children_.try_emplace({parent, run.first, run.last},
                                                       static_cast<std::uint32_t>(nodes_.size()));
    if (is_new) nodes_.push_back({parent, run});
    return found->second;
  }

  struct Node {
    std::uint32_t parent = 0;
    Presence::Run run;
  };
  std::vector<Node> nodes_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> children_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> unions_;
};

// A sum per snapshot, of amounts that are each given for a run of them.
class Sums {
 public:
  explicit Sums(std::uint32_t count) : steps_(count + 1) {}
  void add(const Presence::Run& run, std::uint64_t amount) {
    steps_[run.first] += amount;
    steps_[run.last + 1] -= amount;  // unsigned: what wraps here wraps back in take()
  }
  std::vector<std::uint64_t> take() {
    std::partial_sum(steps_.begin(), steps_.end(), steps_.begin());
    steps_.pop_back();
    return std::move(steps_);
  }

 private:
  std::vector<std::uint64_t> steps_;
};

std::string missing(const Id& id) {
  return "chunk " + to_hex(id) + ", which is missing";
}

Error lacking(const Lack& lack) {
  return Error{Errc::kCorrupt,
               "snapshot " + to_hex(lack.snapshot).substr(0, 8) + " needs " + lack.what,
               {},
               "backcast check names what it affects"};
}

// Works presences out. A chunk of a reference list is the same in all snapshots between which it
// did not change, so it is read once, and what it lists is held by all that hold it.
class Gathering {
 public:
  explicit Gathering(PackFiles& packs)
      : index_(packs.index()), reader_(packs), pattern_of_(index_.entries().size()) {}

  void add(std::uint32_t i, const Snapshot& snapshot) {
    for (const Id& id : snapshot.tree) note(id, i);
    for (const Id& id : snapshot.references) {
      note(id, i);
      const auto [found, is_new] = list_numbers_.try_emplace(id, lists_.size());
      if (is_new) lists_.push_back({id, i, PatternTree::kRoot});
      List& list = lists_[found->second];
      list.pattern = tree_.with(list.pattern, i);
    }
  }

  Status read_lists(const std::vector<Snapshot>& snapshots) {
    for (const List& list : lists_) {
      std::optional<Id> lost;
      std::uint32_t from = UINT32_MAX, to = 0;  // the last step: neighbours mostly take the same
      const auto unite = [&](const Id& id) {
        const IndexEntry* entry = index_.find(id);
        if (!entry) {
          lost = id;
          return;
        }
        std::uint32_t& pattern = pattern_of_[index_.number_of(*entry)];
        if (pattern != from) {
          from = pattern;
          to = tree_.united(pattern, list.pattern);
        }
        pattern = to;
      };
      const auto visited = visit_reference_chunk(reader_, snapshots[list.first], list.id, unite);
      if (!visited.ok() && visited.error().code != Errc::kCorrupt &&
          visited.error().code != Errc::kNotFound) {
        return visited;
      }
      if (!visited.ok()) lack(list, visited.error().message, true);
      if (lost) lack(list, missing(*lost), false);
    }
    return kOk;
  }

  // By snapshot, the first thing that each lacks.
  std::map<std::uint32_t, Lack>& lacks() { return lacks_; }
  const PatternTree& tree() const { return tree_; }
  const std::vector<std::uint32_t>& pattern_of() const { return pattern_of_; }

 private:
  struct List {
    Id id;
    std::uint32_t first = 0;  // snapshot that holds it
    std::uint32_t pattern = PatternTree::kRoot;
  };

  void note(const Id& id, std::uint32_t i) {
    if (const IndexEntry* entry = index_.find(id)) {
      std::uint32_t& pattern = pattern_of_[index_.number_of(*entry)];
      pattern = tree_.with(pattern, i);
    } else {
      lacks_.try_emplace(i, Lack{{}, missing(id), false});
    }
  }
  void lack(const List& list, const std::string& what, bool is_unknown) {
    for (const Presence::Run& run : tree_.runs(list.pattern)) {
      for (std::uint32_t i = run.first; i <= run.last; ++i) {
        const Lack lack{{}, what, is_unknown};
        auto& known = lacks_.try_emplace(i, lack).first->second;
        if (is_unknown && !known.is_unknown) known = lack;
      }
    }
  }

  const Index& index_;
  BlobReader reader_;
  PatternTree tree_;
  std::vector<std::uint32_t> pattern_of_;  // by number of the entry
  std::vector<List> lists_;
  std::unordered_map<Id, std::size_t, IdHash> list_numbers_;
  std::map<std::uint32_t, Lack> lacks_;
};

}  // namespace

std::uint32_t Presence::Pattern::holders() const {
  return std::accumulate(runs.begin(), runs.end(), 0u, [](std::uint32_t sum, const Run& run) {
    return sum + run.last - run.first + 1;
  });
}

Result<Presence> Presence::of(PackFiles& packs, const std::vector<Snapshot>& snapshots,
                              std::vector<Lack>* lacks) {
  Gathering gathering(packs);
  for (std::uint32_t i = 0; i < snapshots.size(); ++i) gathering.add(i, snapshots[i]);
  BACKCAST_CHECK(gathering.read_lists(snapshots));
  for (auto& [i, lack] : gathering.lacks()) {
    lack.snapshot = snapshots[i].id;
    if (!lacks) return unless_forgotten(packs.repository(), lack.snapshot, lacking(lack));
    lacks->push_back(lack);
  }
  const Index& index = packs.index();
  const PatternTree& tree = gathering.tree();
  const auto& pattern_of = gathering.pattern_of();
  Presence presence;
  presence.count_ = static_cast<std::uint32_t>(snapshots.size());
  std::vector<Pattern> by_node(tree.size());
  for (std::size_t i = 0; i < pattern_of.size(); ++i) {
    by_node[pattern_of[i]].stored_bytes += index.entries()[i].stored_bytes;
    ++by_node[pattern_of[i]].chunks;
  }
  for (std::uint32_t node = 1; node < by_node.size(); ++node) {
    if (by_node[node].chunks == 0) continue;
    by_node[node].runs = tree.runs(node);
    presence.patterns_.push_back(std::move(by_node[node]));
  }
  Sums stored(presence.count_);
  presence.new_.resize(snapshots.size());
  for (const Pattern& pattern : presence.patterns_) {
    presence.new_[pattern.runs.front().first] += pattern.stored_bytes;
    for (const Run& run : pattern.runs) stored.add(run, pattern.stored_bytes);
  }
  presence.stored_ = stored.take();
  std::sort(presence.patterns_.begin(), presence.patterns_.end(),
            [](const Pattern& a, const Pattern& b) {
              return std::lexicographical_compare(a.runs.begin(), a.runs.end(), b.runs.begin(),
                                                  b.runs.end(), [](const Run& x, const Run& y) {
                                                    return std::tie(x.first, x.last) <
                                                           std::tie(y.first, y.last);
                                                  });
            });
  return presence;
}

std::uint64_t Presence::needed_bytes() const {
  std::uint64_t sum = 0;
  for (const Pattern& pattern : patterns_) sum += pattern.stored_bytes;
  return sum;
}

std::vector<std::uint64_t> Presence::lost_bytes(std::uint32_t gap) const {
  Sums shared(count_);
  for (const Pattern& pattern : patterns_) {
    // Where its runs, and its runs moved on by the gap, overlap.
    auto earlier = pattern.runs.begin();
    for (const Run& run : pattern.runs) {
      while (earlier != pattern.runs.end() && earlier->last + gap < run.first) ++earlier;
      for (auto e = earlier; e != pattern.runs.end() && e->first + gap <= run.last; ++e) {
        shared.add({std::max(run.first, e->first + gap), std::min(run.last, e->last + gap)},
                   pattern.stored_bytes);
      }
    }
  }
  std::vector<std::uint64_t> lost = shared.take();
  for (std::uint32_t i = 0; i < count_; ++i) {
    lost[i] = i < gap ? 0 : stored_[i - gap] - lost[i];
  }
  return lost;
}

std::uint64_t Presence::freed_bytes(const std::vector<bool>& gone) const {
  std::vector<std::uint32_t> kept_before{0};
  for (const bool is_gone : gone) kept_before.push_back(kept_before.back() + (is_gone ? 0 : 1));
  std::uint64_t sum = 0;
  for (const Pattern& pattern : patterns_) {
    const bool all_gone = std::all_of(
        pattern.runs.begin(), pattern.runs.end(),
        [&](const Run& run) { return kept_before[run.last + 1] == kept_before[run.first]; });
    if (all_gone) sum += pattern.stored_bytes;
  }
  return sum;
}

bool Need::is_known() const {
  return std::none_of(lacks.begin(), lacks.end(), [](const Lack& l) { return l.is_unknown; });
}

Result<Need> needed_by(PackFiles& packs, const std::vector<Snapshot>& snapshots) {
  const Index& index = packs.index();
  BlobReader reader(packs);
  Need needed{std::vector<bool>(index.entries().size()), {}};
  std::optional<Lack> lack;  // of the snapshot, or of the reference chunk, at hand
  const auto need = [&](const Id& id) {
    const IndexEntry* entry = index.find(id);
    if (entry) needed.entries[index.number_of(*entry)] = true;
    if (lack || (entry && !index.is_bad(*entry))) return;
    lack = Lack{{}, entry ? "chunk " + to_hex(id) + ", which is damaged" : missing(id), false};
  };
  // Unchanged stretches of the list are the same chunk in every snapshot: what each lacks.
  std::unordered_map<Id, std::optional<Lack>, IdHash> seen;
  for (const Snapshot& snapshot : snapshots) {
    lack.reset();
    for (const Id& id : snapshot.tree) need(id);
    auto first = lack;
    for (const Id& chunk : snapshot.references) {
      auto [known, is_new] = seen.try_emplace(chunk);
      if (is_new) {
        lack.reset();
        need(chunk);
        const auto visited = visit_reference_chunk(reader, snapshot, chunk, need);
        const bool is_damage = !visited.ok() && (visited.error().code == Errc::kCorrupt ||
                                                 visited.error().code == Errc::kNotFound);
        if (!visited.ok() && !is_damage) return visited.error();
        if (is_damage) lack = Lack{{}, visited.error().message, true};
        known->second = lack;
      }
      if (known->second && (!first || known->second->is_unknown)) first = known->second;
    }
    if (!first) continue;
    first->snapshot = snapshot.id;
    needed.lacks.push_back(*first);
  }
  return needed;
}

}  // namespace backcast::store
