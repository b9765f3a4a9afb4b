#include "sim/model/delta_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/assert.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {

double SurvivalCurve::alive(double x) const {
  if (x <= 0) return 1;
  const double w3 = 1 - w1 - w2;
  double sum = 0;
  if (w1 > 0) sum += w1 * portable_exp(-rate1 * x);
  if (w2 > 0) sum += w2 * portable_exp(-rate2 * x);
  if (w3 > 0) sum += w3 * portable_exp(-rate3 * x);
  return sum;
}

double SurvivalCurve::advance(double share) const {
  if (!(share < 1)) return 0;
  if (share <= alive(kMaxAdvance)) return kMaxAdvance;
  // R is convex and falls, so Newton from the left never overshoots: each step stays left of the
  // root and the last ones are quadratic.
  const double w3 = 1 - w1 - w2;
  double x = 0;
  for (int step = 0; step < 200; ++step) {
    const double e1 = w1 > 0 ? w1 * portable_exp(-rate1 * x) : 0;
    const double e2 = w2 > 0 ? w2 * portable_exp(-rate2 * x) : 0;
    const double e3 = w3 > 0 ? w3 * portable_exp(-rate3 * x) : 0;
    const double slope = rate1 * e1 + rate2 * e2 + rate3 * e3;
    const double next = x + (e1 + e2 + e3 - share) / slope;
    if (!(next > x * (1 + 1e-15))) break;
    x = next;
  }
  return std::min(x, kMaxAdvance);
}

SurvivalCurve SurvivalCurve::bent(double by) const {
  const double w3 = 1 - w1 - w2;
  double fastest = 0, slowest = INFINITY;
  for (const auto& [weight, rate] : {std::pair{w1, rate1}, {w2, rate2}, {w3, rate3}}) {
    if (weight <= 0 || rate <= 0) continue;
    fastest = std::max(fastest, rate);
    slowest = std::min(slowest, rate);
  }
  if (!(slowest < fastest) || by == 0) return *this;
  const double all = portable_log(fastest / slowest);
  const double part = std::min(by / all, 1.0);
  SurvivalCurve curve = *this;
  // A part without weight may be faster than the fastest that has one, and would grow without end.
  for (const auto& [weight, rate] :
       {std::pair{w1, &curve.rate1}, {w2, &curve.rate2}, {w3, &curve.rate3}}) {
    if (weight > 0 && *rate > 0) *rate *= portable_exp(part * portable_log(fastest / *rate));
  }
  const double unit = curve.advance(alive(1));
  for (double* rate : {&curve.rate1, &curve.rate2, &curve.rate3}) *rate *= unit;
  return curve;
}

std::uint64_t DeltaModel::shared_bytes(const Generation& older, const Generation& newer) const {
  switch (kind) {
    case Kind::kFull:
    case Kind::kHalfOfDisk:
      return 0;
    case Kind::kTrace:
      return trace->shared(older.ordinal, newer.ordinal);
    case Kind::kLifetimes:
    case Kind::kIncremental:
    case Kind::kDifferential:
      break;
  }
  if (is_known(older)) {
    if (is_known(newer)) return known->shared(older.ordinal, newer.ordinal);
    return std::min(newer.size_bytes, left_of_known(older, newer));
  }
  const double alive = alive_share(older, newer);
  // R <= 1 and sizes stay below 2^63 (checked where scenarios are read), so the product fits.
  const double bytes = static_cast<double>(older.size_bytes) * alive;
  const auto whole = std::min(static_cast<std::uint64_t>(bytes), older.size_bytes);
  return std::min(newer.size_bytes, whole);
}

// What is left, in a backup to come, of the bytes that the newest known one shares with `older`.
std::uint64_t DeltaModel::left_of_known(const Generation& older, const Generation& newer) const {
  const auto newest = static_cast<std::uint32_t>(known->size_bytes.size() - 1);
  const std::uint64_t shared_bytes = known->shared(older.ordinal, newest);
  const double alive_then = curve.alive(known_until - older.operational_time);
  if (alive_then <= 0) return 0;
  const double left = curve.alive(newer.operational_time - older.operational_time) / alive_then;
  return static_cast<std::uint64_t>(static_cast<double>(shared_bytes) * std::min(left, 1.0));
}

double DeltaModel::alive_share(const Generation& older, const Generation& newer) const {
  if (!by_record()) return curve.alive(newer.operational_time - older.operational_time);
  const auto nearest = [](const Generation& generation) {
    return static_cast<std::uint32_t>(std::max(generation.operational_time, 0.0) + 0.5);
  };
  const std::uint32_t a = nearest(older), b = nearest(newer);
  const auto all = static_cast<double>(trace->size(a));
  return all > 0 ? static_cast<double>(trace->shared(a, b)) / all : 1;
}

Generation DeltaModel::numbered(Generation generation, std::uint32_t ordinal) const {
  generation.ordinal = ordinal;
  if (kind == Kind::kTrace) generation.size_bytes = trace->size(ordinal);
  return generation;
}

std::uint64_t DeltaModel::full_bytes(const Generation& generation) const {
  if (kind == Kind::kHalfOfDisk) return generation.disk_bytes / 2 + generation.disk_bytes % 2;
  return generation.size_bytes;
}

std::uint64_t DeltaChain::own_bytes_between(Handle older, const Node& node) const {
  const std::uint64_t full = model_.full_bytes(node.generation);
  Handle against = older;
  if (model_.chained()) {
    if (node.full) return full;
    if (model_.kind == DeltaModel::Kind::kDifferential) against = node.base;
  }
  if (against == kNone) return full;
  return full - model_.shared_bytes(nodes_[against].generation, node.generation);
}

// What a restore point of the presence table holds and no older one here does, with the next one
// that does: visit(bytes, heir or kNone).
template <typename Visit>
void DeltaChain::visit_own(std::uint32_t ordinal, Visit visit) const {
  const PresenceTable& table = *model_.presence;
  std::vector<std::uint32_t> next(table.generations + 1, table.generations);
  for (std::uint32_t g = table.generations; g-- > 0;) {
    const bool is_here = g < exact_.size() && exact_[g] != kNone;
    next[g] = is_here ? g : next[g + 1];
  }
  table.visit_first(ordinal, next, [&](std::uint64_t bytes, std::uint32_t heir) {
    visit(bytes, heir < table.generations ? exact_[heir] : kNone);
  });
}

std::uint64_t DeltaChain::bytes_only_in(std::uint32_t ordinal) const {
  std::uint64_t own = 0;
  visit_own(ordinal, [&](std::uint64_t bytes, Handle heir) { own += heir == kNone ? bytes : 0; });
  return own;
}

// A newer one that is here already holds them no longer as its own.
void DeltaChain::take_own(Handle handle) {
  const std::uint32_t ordinal = nodes_[handle].generation.ordinal;
  exact_.resize(model_.presence->generations, kNone);
  visit_own(ordinal, [&](std::uint64_t bytes, Handle heir) {
    nodes_[handle].own_bytes += bytes;
    if (heir == kNone) {
      stored_bytes_ += static_cast<std::int64_t>(bytes);
    } else {
      nodes_[heir].own_bytes -= bytes;
    }
  });
  exact_[ordinal] = handle;
}

// What a newer one has as well stays with it.
void DeltaChain::leave_own(Handle handle) {
  const std::uint32_t ordinal = nodes_[handle].generation.ordinal;
  visit_own(ordinal, [&](std::uint64_t bytes, Handle heir) {
    if (heir == kNone) return;
    nodes_[heir].own_bytes += bytes;
    nodes_[handle].own_bytes -= bytes;
  });
  exact_[ordinal] = kNone;
}

// Brings a node's share of the total up to date with its neighbours.
void DeltaChain::settle(Handle handle) {
  if (handle == kNone || model_.is_exact(nodes_[handle].generation)) return;
  Node& node = nodes_[handle];
  const std::uint64_t own = own_bytes_between(node.older, node);
  const std::int64_t change =
      static_cast<std::int64_t>(own) - static_cast<std::int64_t>(node.own_bytes);
  stored_bytes_ += change;
  if (!node.live) leftover_bytes_ += change;
  node.own_bytes = own;
}

// Links a new node into the list by ordinal.
DeltaChain::Handle DeltaChain::place(const Generation& generation) {
  Handle handle;
  if (free_.empty()) {
    handle = static_cast<Handle>(nodes_.size());
    nodes_.emplace_back();
  } else {
    handle = free_.back();
    free_.pop_back();
    nodes_[handle] = Node{};
  }
  Handle older = newest_;
  while (older != kNone && nodes_[older].generation.ordinal > generation.ordinal) {
    older = nodes_[older].older;
  }
  Node& node = nodes_[handle];
  node.generation = generation;
  node.older = older;
  node.newer = older == kNone ? oldest_ : nodes_[older].newer;
  (node.older == kNone ? oldest_ : nodes_[node.older].newer) = handle;
  (node.newer == kNone ? newest_ : nodes_[node.newer].older) = handle;
  return handle;
}

std::uint64_t DeltaChain::moved_if_added(const Generation& generation) const {
  const std::uint64_t full = model_.full_bytes(generation);
  if (model_.is_exact(generation)) return bytes_only_in(generation.ordinal);
  if (newest_ == kNone) return full;
  Handle against = newest_;
  if (model_.chained()) {
    const bool due = model_.full_every > 0 && since_full_ + 1 >= model_.full_every;
    if (due && !model_.synthetic_full) return full;
    if (!due && model_.kind == DeltaModel::Kind::kDifferential) against = nodes_[newest_].base;
  }
  return full - model_.shared_bytes(nodes_[against].generation, generation);
}

DeltaChain::Added DeltaChain::add(const Generation& generation, bool force_full) {
  const std::int64_t before = stored_bytes_;
  const Handle handle = place(generation);
  Node& node = nodes_[handle];
  node.live = true;
  ++held_;
  bool synthetic = false;
  if (model_.chained()) {
    const bool first = node.older == kNone;
    const bool due = model_.full_every > 0 && since_full_ + 1 >= model_.full_every;
    // A late copy keeps the chain it falls into; it never starts one of its own.
    node.full = first || ((due || force_full) && node.newer == kNone);
    synthetic = node.full && !first && model_.synthetic_full;
    node.base = node.full ? handle : nodes_[node.older].base;
    if (node.newer == kNone) since_full_ = node.full ? 0 : since_full_ + 1;
  }
  if (model_.is_exact(generation)) take_own(handle);
  settle(handle);
  settle(node.newer);
  const std::int64_t change = stored_bytes_ - before;
  std::int64_t moved = std::max<std::int64_t>(change, 0);
  if (synthetic) {
    moved = static_cast<std::int64_t>(
        generation.size_bytes - model_.shared_bytes(nodes_[node.older].generation, generation));
  }
  return {handle, static_cast<std::uint64_t>(moved), change};
}

void DeltaChain::unlink(Handle handle) {
  Node& node = nodes_[handle];
  (node.older == kNone ? oldest_ : nodes_[node.older].newer) = node.newer;
  (node.newer == kNone ? newest_ : nodes_[node.newer].older) = node.older;
  stored_bytes_ -= static_cast<std::int64_t>(node.own_bytes);
  if (!node.live) leftover_bytes_ -= static_cast<std::int64_t>(node.own_bytes);
  node.own_bytes = 0;
  free_.push_back(handle);
}

// Walks towards older backups and takes away deleted ones that nothing depends on any more.
void DeltaChain::drop_unneeded(Handle from) {
  while (from != kNone && !nodes_[from].live) {
    const Node& node = nodes_[from];
    if (!is_last_of_chain(node)) return;
    const Handle older = node.older;
    unlink(from);
    from = older;
  }
}

std::int64_t DeltaChain::remove(Handle handle) {
  BACKCAST_ASSERT(handle < nodes_.size() && nodes_[handle].live);
  const std::int64_t before = stored_bytes_;
  Node& node = nodes_[handle];
  if (model_.is_exact(node.generation)) leave_own(handle);
  node.live = false;
  leftover_bytes_ += static_cast<std::int64_t>(node.own_bytes);
  --held_;
  const Handle newer = node.newer, older = node.older;
  if (!model_.keeps_dependents()) {
    if (model_.chained() && node.full && newer != kNone) nodes_[newer].full = true;
    unlink(handle);
    settle(newer);
  } else if (model_.kind == DeltaModel::Kind::kDifferential && !node.full) {
    unlink(handle);
    drop_unneeded(older);
  } else {
    drop_unneeded(handle);
  }
  return before - stored_bytes_;
}

std::int64_t DeltaChain::freed_if_removed(Handle handle) const {
  const Node& node = nodes_[handle];
  BACKCAST_ASSERT(node.live);
  if (!model_.keeps_dependents()) {
    if (model_.is_exact(node.generation)) {
      const auto own = static_cast<std::int64_t>(bytes_only_in(node.generation.ordinal));
      if (node.newer == kNone || model_.is_exact(nodes_[node.newer].generation)) return own;
      const Node& next = nodes_[node.newer];
      return own + static_cast<std::int64_t>(next.own_bytes) -
             static_cast<std::int64_t>(own_bytes_between(node.older, next));
    }
    if (node.newer == kNone) return static_cast<std::int64_t>(node.own_bytes);
    Node heir = nodes_[node.newer];
    heir.full = heir.full || (model_.chained() && node.full);
    return static_cast<std::int64_t>(node.own_bytes + heir.own_bytes) -
           static_cast<std::int64_t>(own_bytes_between(node.older, heir));
  }
  std::uint64_t freed = 0;
  visit_freed(handle, [&](std::uint32_t, std::uint64_t bytes) { freed += bytes; });
  return static_cast<std::int64_t>(freed);
}

void DeltaChain::restart(const DeltaModel& model) {
  model_ = model;
  nodes_.clear();
  free_.clear();
  exact_.clear();
  oldest_ = newest_ = kNone;
  stored_bytes_ = leftover_bytes_ = 0;
  held_ = since_full_ = 0;
}

}  // namespace backcast::sim
