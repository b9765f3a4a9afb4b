// What a backup adds to the store and what deleting one frees. A DeltaModel says which bytes two
// backups share; a DeltaChain holds the backups of one service in one place and keeps the running
// total, O(1) per operation.
//
// Lifetimes: of the bytes alive at backup a, the share R(tau_b - tau_a) is still alive at b, where
// tau is operational time: it advances with each backup as far as that day was busy. Then
//   shared(a, b)      = min(S_b, S_a R(tau_b - tau_a))
//   stored(k1<k2<..)  = S_k1 + sum of S_ki - shared(k_(i-1), k_i)
//   freed(b in a,b,c) = S_b - shared(a, b) - shared(b, c) + shared(a, c)
// Sizes are bytes as stored, that is, after compression. See docs/fidelity.md for how far this is
// from real histories and what it cannot see.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/model/sizes/presence.h"

namespace backcast::sim {

// R(x) = w1 e^(-rate1 x) + w2 e^(-rate2 x) + (1-w1-w2) e^(-rate3 x): the share of bytes alive that
// is still alive x units of operational time later. Weights in 0..1 with w1 + w2 <= 1, rates >= 0
// per unit. One rate alone (w1 = 1) is the compounding model.
struct SurvivalCurve {
  double w1 = 0, rate1 = 0, w2 = 0, rate2 = 0, rate3 = 0;

  double alive(double x) const;
  // The x at which `share` of the bytes are alive: how far operational time advances over a day
  // that left that share. 0 for share >= 1; at most kMaxAdvance, also where the curve never falls
  // that low.
  double advance(double share) const;
  static constexpr double kMaxAdvance = 1e6;

  // Another shape: the part that dies most slowly dies e^by times as fast against the fastest one,
  // as fast as that at most, a part in between in proportion of the logarithms, and one unit of
  // time leaves as many alive as before. The same where fewer than two parts die.
  SurvivalCurve bent(double by) const;

  bool operator==(const SurvivalCurve&) const = default;
};

// Sizes and shared bytes of a recorded series of backups, the exact answer for any subset of them.
struct Trace {
  std::vector<std::uint64_t> size_bytes;
  std::vector<std::uint64_t> shared_bytes;  // row b, column a < b: shared_bytes[b(b-1)/2 + a]

  // Generations after the last are like the last.
  std::uint64_t size(std::uint32_t a) const { return size_bytes[last(a)]; }
  std::uint64_t shared(std::uint32_t a, std::uint32_t b) const {
    a = last(a), b = last(b);
    return a == b ? size_bytes[a] : shared_bytes[std::size_t{b} * (b - 1) / 2 + a];
  }

 private:
  std::uint32_t last(std::uint32_t a) const {
    return a < size_bytes.size() ? a : static_cast<std::uint32_t>(size_bytes.size() - 1);
  }
};

// One state of the data as a backup sees it. The workload makes these, once per backup; the same
// generation may be held in several places.
struct Generation {
  std::uint32_t ordinal = 0;     // counts the backups of one service; the index into a trace
  std::uint64_t size_bytes = 0;  // of a full backup, as stored
  std::uint64_t disk_bytes = 0;  // provisioned disk, for half of disk usage
  double operational_time = 0;   // tau
};

struct DeltaModel {
  enum class Kind : std::uint8_t {
    kLifetimes,     // deduplicated against everything held
    kFull,          // every backup is a full copy
    kHalfOfDisk,    // every backup is half of the disk in use, rounded up
    kIncremental,   // a full, then changes since the backup before
    kDifferential,  // a full, then changes since that full
    kTrace,         // recorded sizes and overlaps
  };
  // What deleting a backup does that others of its chain depend on.
  enum class Dependents : std::uint8_t {
    kKeep,   // it stays on disk until the last dependent is gone
    kMerge,  // its bytes go into the next backup (kIncremental only: synthetic full, merge)
  };

  Kind kind = Kind::kFull;
  SurvivalCurve curve;           // not used by kFull, kHalfOfDisk, kTrace
  std::uint32_t full_every = 0;  // a chain starts anew with every n-th backup; 0 = one full only
  bool synthetic_full = false;   // later fulls are made in the store: only changes are moved
  Dependents dependents = Dependents::kKeep;
  // kTrace: by ordinal. Of the kinds that have a curve, in its place where set: what the recorded
  // backups nearest to two operational times share, those times counting recorded backups.
  std::shared_ptr<const Trace> trace;
  // Of the kinds that have a curve: what the first so many restore points, those that exist when a
  // run starts, hold and share, exactly. The curve goes on from there: of what one shares with the
  // newest of them, which was seen at the operational time `known_until`.
  std::shared_ptr<const Trace> known;
  double known_until = 0;
  // Of kLifetimes and kTrace: which bytes the first so many restore points hold. Any set of them
  // stores exactly what it says, also where bytes come back that one in between does not have.
  std::shared_ptr<const PresenceTable> presence;

  // A full, then increments that restore only with it.
  bool chained() const { return kind == Kind::kIncremental || kind == Kind::kDifferential; }
  // A deleted backup stays on disk until the last that depends on it is gone.
  bool keeps_dependents() const {
    return kind == Kind::kDifferential ||
           (kind == Kind::kIncremental && dependents == Dependents::kKeep);
  }
  bool is_known(const Generation& generation) const {
    return known != nullptr && generation.ordinal < known->size_bytes.size();
  }
  bool is_exact(const Generation& generation) const {
    return presence != nullptr && generation.ordinal < presence->generations &&
           (kind == Kind::kLifetimes || kind == Kind::kTrace);
  }
  bool by_record() const { return trace != nullptr && kind != Kind::kTrace; }
  // Bytes two generations have in common, `older` first; 0 for kFull and kHalfOfDisk.
  std::uint64_t shared_bytes(const Generation& older, const Generation& newer) const;
  // The generation as backup number `ordinal` of its service sees it: a trace knows its size.
  Generation numbered(Generation generation, std::uint32_t ordinal) const;
  // The share of `older` that is still there in `newer`, by curve or record.
  double alive_share(const Generation& older, const Generation& newer) const;
  // Size of a backup that shares with nothing.
  std::uint64_t full_bytes(const Generation& generation) const;

 private:
  std::uint64_t left_of_known(const Generation& older, const Generation& newer) const;
};

// The backups of one service in one place. Not copyable cheaply: holds one entry per backup.
class DeltaChain {
 public:
  using Handle = std::uint32_t;

  struct Added {
    Handle handle = 0;
    std::uint64_t moved_bytes = 0;   // went over the wire or was written
    std::int64_t stored_change = 0;  // of stored_bytes(); differs for synthetic fulls
  };

  explicit DeltaChain(DeltaModel model) : model_(std::move(model)) {}

  // Usually the newest generation; an older one (a late copy) is put in its place. A chain model
  // decides itself which backups are full; `force_full` asks for one.
  Added add(const Generation& generation, bool force_full = false);

  // What adding it as the newest would move.
  std::uint64_t moved_if_added(const Generation& generation) const;

  // Bytes that deleting the backup frees now. 0 while others depend on it; a model's rounding can
  // make it -1.
  std::int64_t remove(Handle handle);
  std::int64_t freed_if_removed(Handle handle) const;
  // Where dependents are kept: the backups whose bytes deleting this one frees, it and older ones
  // that were deleted before, newest first; visit(ordinal, bytes).
  template <typename Visit>
  void visit_freed(Handle handle, Visit visit) const;

  std::uint64_t stored_bytes() const { return static_cast<std::uint64_t>(stored_bytes_); }
  // Of these, bytes of deleted backups that stay for those that depend on them.
  std::uint64_t leftover_bytes() const { return static_cast<std::uint64_t>(leftover_bytes_); }
  // What this backup holds in the running total: all of it for the oldest, changes for others.
  std::uint64_t own_bytes(Handle handle) const { return nodes_[handle].own_bytes; }
  bool is_full(Handle handle) const { return nodes_[handle].full; }
  // Restores only with those before it in its chain.
  bool is_increment(Handle handle) const { return model_.chained() && !nodes_[handle].full; }
  std::uint32_t held() const { return held_; }
  const DeltaModel& model() const { return model_; }
  // Forgets everything and goes on with another model, in the memory it has.
  void restart(const DeltaModel& model);

 private:
  static constexpr Handle kNone = 0xFFFFFFFF;
  struct Node {
    Generation generation;
    std::uint64_t own_bytes = 0;
    Handle older = kNone, newer = kNone;
    Handle base = kNone;  // the full of its chain
    bool full = false;    // starts a chain
    bool live = false;    // false: deleted, still on disk for its dependents
  };

  bool is_last_of_chain(const Node& node) const {
    return node.newer == kNone || nodes_[node.newer].full;
  }
  Handle place(const Generation& generation);
  std::uint64_t own_bytes_between(Handle older, const Node& node) const;
  void settle(Handle handle);
  template <typename Visit>
  void visit_own(std::uint32_t ordinal, Visit visit) const;
  std::uint64_t bytes_only_in(std::uint32_t ordinal) const;  // of those that are here
  void take_own(Handle handle);
  void leave_own(Handle handle);
  void unlink(Handle handle);
  void drop_unneeded(Handle from);

  DeltaModel model_;
  std::vector<Node> nodes_;
  std::vector<Handle> free_;
  std::vector<Handle> exact_;  // by ordinal, those that the presence table knows; kNone: not here
  Handle oldest_ = kNone, newest_ = kNone;
  std::int64_t stored_bytes_ = 0, leftover_bytes_ = 0;
  std::uint32_t held_ = 0, since_full_ = 0;
};

template <typename Visit>
void DeltaChain::visit_freed(Handle handle, Visit visit) const {
  const Node& node = nodes_[handle];
  const bool free_standing = model_.kind == DeltaModel::Kind::kDifferential && !node.full;
  if (!free_standing && !is_last_of_chain(node)) return;
  visit(node.generation.ordinal, node.own_bytes);
  if (!is_last_of_chain(node)) return;
  for (Handle h = node.older; h != kNone && !nodes_[h].live; h = nodes_[h].older) {
    visit(nodes_[h].generation.ordinal, nodes_[h].own_bytes);
  }
}

}  // namespace backcast::sim
