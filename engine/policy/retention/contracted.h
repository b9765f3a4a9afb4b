// A long history planned as a short one. Where a rule keeps very many restore points in a row, all
// but a few at both ends of that row are left out and the rule keeps so many fewer; the dialect's
// own decide() then says of the rest what it would say of all. What it says is taken only where it
// shows that nothing could have happened inside a row; else a whole plan must tell.
//
// Why that suffices. In a row all points stay for one rule, and nothing but points of the row lies
// between its ends, so the ends stand for every period that those left out share with others.
// Rules that run one after another (borg, PBS): while both ends stay with their rule, no point went
// back to an earlier rule and none of these lost any, each point of the row fares as its ends do.
// Rules that each see everything (kopia, native): the count of each is lowered by the periods that
// lie within the row alone.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/rolling.h"

namespace backcast::policy {

class ContractedPlan {
 public:
  // nullptr for a policy whose rules cannot be told by their counts.
  static std::unique_ptr<ContractedPlan> of(const RetentionPolicy& policy);

  // As in RollingPlan.
  void add(std::uint32_t id, const Point& point);
  void remove(std::uint32_t id);
  std::optional<std::vector<RollingPlan::Dropped>> dropped(const PlanContext& context);
  void settle(std::span<const std::uint32_t> ids, std::span<const Point> points, const Plan& plan);

 private:
  static constexpr std::size_t kMostRules = 12;
  using PerRule = std::array<std::int64_t, kMostRules>;

  struct Item {
    std::uint32_t id = 0;
    Point point;
    PerRule period{};        // where each rule sees everything
    PerRule changes{};       // of period up to here, in a row; from any number
    bool is_known = false;   // period and is_steady have been found
    bool is_steady = false;  // no clock is put forward or back near it
  };
  using Row = std::deque<Item>;  // left out between two that are shown; oldest first
  struct Shown {
    Item item;
    Rule rule = Rule::kNone;             // that kept it in the plan before; kNone: it is new
    bool is_oldest = false;              // kept as the oldest only
    std::unique_ptr<Row> row = nullptr;  // between this one and the next newer one shown
  };
  using Places = std::vector<Shown>;

  explicit ContractedPlan(const RetentionPolicy& policy);
  void learn(Item& item, const Zone& zone) const;
  bool may_hide(const Shown& shown) const;
  bool differs(std::size_t rule, const Item& a, const Item& b) const;
  void push_back(Row& row, Item item) const;
  void push_front(Row& row, Item item) const;
  void tidy(const Zone& zone);
  void tidy_run(std::size_t begin, std::size_t end, Places& tidied);
  void tidy_old_side(std::size_t begin, std::size_t border, Places& tidied);
  void lower();
  void lower_by_members();
  void lower_by_periods();
  std::int64_t lower_by_row(std::size_t rule, std::size_t place, std::int64_t count,
                            std::int64_t seen);
  std::optional<std::size_t> rank(Rule rule) const;
  void decide_shown(const PlanContext& context, Plan& plan) const;
  const Reason& reason_of(const Plan& plan, std::size_t place) const;
  bool is_kept(const Plan& plan, std::size_t place) const;
  bool keeps_rows(const Plan& plan) const;
  bool keeps_order(const Plan& plan) const;
  bool tells_all(const Reason& why, std::size_t place) const;
  Reason restored(Reason reason) const;
  void take_over(const Plan& plan);

  const RetentionPolicy& policy_;
  RetentionPolicy lowered_;
  Limits limits_;                     // their counts are those of lowered_
  std::vector<std::int32_t> counts_;  // of policy_, by rule
  std::int32_t total_ = 0;
  Places shown_;                                      // oldest first
  std::unordered_set<std::uint32_t> leaving_;         // let go, and not yet removed
  std::vector<Passed> passed_;                        // where each rule sees everything
  std::array<std::size_t, kMostRules> known_from_{};  // else: places from which it is known by how
                                                      // many a rule is used up
  std::int32_t hidden_ = 0;
  bool is_settled_ = false;
};

}  // namespace backcast::policy
