#include "engine/store/presence.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

namespace backcast::store {
namespace {

// Patterns while they grow: each is its predecessor and one more run, so that moving a chunk from
// one to the next is one lookup.
class PatternTree {
 public:
  static constexpr std::uint32_t kRoot = 0;
  PatternTree() { nodes_.push_back({}); }

  // The pattern `node` with snapshot `i`, later than all it holds, added.
  std::uint32_t with(std::uint32_t node, std::uint32_t i) {
    if (node != kRoot && nodes_[node].run.last == i) return node;
    const bool continues = node != kRoot && nodes_[node].run.last + 1 == i;
    const std::uint32_t parent = continues ? nodes_[node].parent : node;
    const Presence::Run run{continues ? nodes_[node].run.first : i, i};
    const auto [found, is_new] = children_.try_emplace({parent, run.first, run.last},
                                                       static_cast<std::uint32_t>(nodes_.size()));
    if (is_new) nodes_.push_back({parent, run});
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
  struct Node {
    std::uint32_t parent = 0;
    Presence::Run run;
  };
  std::vector<Node> nodes_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> children_;
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

// Visits all that a snapshot needs, as visit_references, but goes on past damaged lists. Returns
// what is wrong with the first of them, or nothing.
Result<std::optional<std::string>> visit_what_is_known(
    BlobReader& reader, const Snapshot& snapshot, const std::function<void(const Id&)>& visit) {
  for (const Id& id : snapshot.tree) visit(id);
  std::optional<std::string> fault;
  for (const Id& chunk : snapshot.references) {
    visit(chunk);
    const auto visited = visit_reference_chunk(reader, snapshot, chunk, visit);
    if (visited.ok()) continue;
    if (visited.error().code != Errc::kCorrupt && visited.error().code != Errc::kNotFound) {
      return visited.error();
    }
    if (!fault) fault = visited.error().message;
  }
  return fault;
}

}  // namespace

bool Presence::Pattern::holds(std::uint32_t snapshot) const {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const Run& run) { return run.first <= snapshot && snapshot <= run.last; });
}

std::uint32_t Presence::Pattern::holders() const {
  return std::accumulate(runs.begin(), runs.end(), 0u, [](std::uint32_t sum, const Run& run) {
    return sum + run.last - run.first + 1;
  });
}

Result<Presence> Presence::of(PackFiles& packs, const std::vector<Snapshot>& snapshots,
                              std::vector<Lack>* lacks) {
  const Index& index = packs.index();
  BlobReader reader(packs);
  PatternTree tree;
  std::vector<std::uint32_t> pattern_of(index.entries().size(), PatternTree::kRoot);
  for (std::uint32_t i = 0; i < snapshots.size(); ++i) {
    std::optional<Id> lost;
    BACKCAST_TRY(const auto fault, visit_what_is_known(reader, snapshots[i], [&](const Id& id) {
                   const IndexEntry* entry = index.find(id);
                   if (!entry) {
                     lost = id;
                     return;
                   }
                   std::uint32_t& pattern = pattern_of[index.number_of(*entry)];
                   pattern = tree.with(pattern, i);
                 }));
    if (!fault && !lost) continue;
    const Lack lack{snapshots[i].id, fault ? *fault : missing(*lost), fault.has_value()};
    if (!lacks) return lacking(lack);
    lacks->push_back(lack);
  }
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

std::uint64_t Presence::stored_bytes(std::uint32_t snapshot) const {
  return shared_bytes(snapshot, snapshot);
}

std::uint64_t Presence::shared_bytes(std::uint32_t a, std::uint32_t b) const {
  std::uint64_t sum = 0;
  for (const Pattern& pattern : patterns_) {
    if (pattern.holds(a) && pattern.holds(b)) sum += pattern.stored_bytes;
  }
  return sum;
}

std::uint64_t Presence::new_bytes(std::uint32_t snapshot) const {
  std::uint64_t sum = 0;
  for (const Pattern& pattern : patterns_) {
    if (pattern.runs.front().first == snapshot) sum += pattern.stored_bytes;
  }
  return sum;
}

std::uint64_t Presence::freed_bytes(const std::vector<bool>& gone) const {
  std::uint64_t sum = 0;
  for (const Pattern& pattern : patterns_) {
    bool all_gone = true;
    for (const Run& run : pattern.runs) {
      for (std::uint32_t i = run.first; i <= run.last && all_gone; ++i) all_gone = gone[i];
    }
    if (all_gone) sum += pattern.stored_bytes;
  }
  return sum;
}

Result<std::vector<bool>> needed_entries(PackFiles& packs, const std::vector<Snapshot>& snapshots) {
  const Index& index = packs.index();
  BlobReader reader(packs);
  std::vector<bool> needed(index.entries().size());
  std::optional<Id> lost;
  const auto need = [&](const Id& id) {
    if (const IndexEntry* entry = index.find(id)) {
      needed[index.number_of(*entry)] = true;
    } else {
      lost = id;
    }
  };
  std::unordered_set<Id, IdHash> seen;
  for (const Snapshot& snapshot : snapshots) {
    for (const Id& id : snapshot.tree) need(id);
    for (const Id& chunk : snapshot.references) {
      need(chunk);
      // Unchanged stretches of the list are the same chunk in every snapshot.
      if (!seen.insert(chunk).second || lost) continue;
      BACKCAST_CHECK(visit_reference_chunk(reader, snapshot, chunk, need));
    }
    if (lost) return lacking({snapshot.id, missing(*lost), false});
  }
  return needed;
}

}  // namespace backcast::store
