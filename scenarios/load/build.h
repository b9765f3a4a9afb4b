// The parts of the loader, one per section of the document. Each reads what it can and notes every
// fault; a scenario with faults is never run.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/document/node.h"
#include "engine/policy/service/service_rules.h"
#include "scenarios/document/profile.h"
#include "scenarios/load/load.h"
#include "sim/model/scenario.h"

namespace backcast::scenario {

// A project's plan, where plans decide, and the lowest one that has copies.
struct Plan {
  policy::ServicePlan plan = policy::ServicePlan::kDedicated;
  policy::ServicePlan copies_from = policy::ServicePlan::kDedicated;
};

// What the readers share.
struct Build {
  const Document& document;
  Faults faults;
  Node root;
  sim::Scenario scenario;
  Pricing pricing;
  std::map<std::string, Profile, std::less<>> profiles;
  std::vector<const Profile*> profile_of_service;                 // by service index
  std::vector<std::string> pointer_of_service, pointer_of_fleet;  // where each stands
  std::vector<nlohmann::json> own_fields;  // by service index: what the scenario itself says
  std::map<std::string, std::uint32_t, std::less<>> service_index, project_index;
  std::vector<Plan> plan_of_project;              // by project index; while events are read, as of
  std::vector<nlohmann::json> fields_of_project;  // their time, as these fields: with defaults
  std::vector<const Profile*> profile_of_project;
  std::map<std::string, std::vector<std::uint32_t>, std::less<>> fleet_members;  // expanded ones
  std::map<std::string, std::uint32_t, std::less<>> fleet_index;                 // kept as sums
  std::vector<const Profile*> profile_of_fleet;                                  // by fleet_index
  std::vector<nlohmann::json> own_fields_of_fleet;
  std::map<std::string, std::string, std::less<>> books;  // asked for so far, and where
  std::uint32_t next_entity = 0;                          // of the next service's draws
  std::deque<nlohmann::json> merged;  // services with their defaults, kept while they are read

  const Given& given;

  Build(const Document& d, const Given& g)
      : document(d), faults(d), root(d.root(), "", faults), given(g) {}

  // The profile of this name, loaded once; null (and a fault at the field) if there is none.
  const Profile* profile(const Node& node, std::string_view key, const std::string& name);
  void assume(std::string text);
};

// An instant, or one after `start`: "+10d". Nothing (and a fault) where the text is neither.
std::optional<Instant> instant_of(const Node& node, std::string_view key, Instant start);

void read_horizon(Build& build);                                           // load.cpp
void read_projects(Build& build);                                          // read_services.cpp
void read_services(Build& build);                                          // read_services.cpp
void read_history(Build& build, const Node& node, sim::Service& service);  // read_history.cpp
// Copies of that history in other regions.
void read_past_copies(Build& build, const Node& node, const Profile& profile,
                      sim::Service& service);                               // read_history.cpp
void check_given(Build& build);                                             // read_history.cpp
void read_workload(Build& build, const Node& node, sim::Service& service);  // read_workload.cpp
void read_policies(Build& build, const Node& node, const Profile& profile,
                   sim::Service& service);  // read_policies.cpp
void read_schedules(Build& build, const Node& node, const Profile& profile, sim::Service& service);
// Of a service in a project with this quota.
void read_retention(const Node& node, const sim::Project& project, sim::Service& service);
std::vector<sim::CopyRule> read_copies(Build& build, const Node& node, const Profile& profile,
                                       const sim::Service& service, bool scheduled);
// The price book that what these fields describe is billed by, as the document calls it: their own,
// the scenario's, the provider's; "" where nobody names one.
std::string book_of(Build& build, const Node& node, const Profile& profile);  // read_pricing.cpp
// Who keeps the copies of this entry, of a service with this profile; null (and a fault) if the
// entry names nobody known.
const Profile* keeper_of(Build& build, const Node& entry, const Profile& profile);
// Notes in the service where the copies that the node lists go, and by whom they are kept.
void read_places(Build& build, const Node& node, const Profile& profile,
                 sim::Service& service);  // read_pricing.cpp
void read_pricing(Build& build);          // read_pricing.cpp
// Errors: there is none of that name, or it cannot be read.
Result<Document, Errors> find_book(const Document& scenario, const Pricing::Book& book);
// The retention that "retention_days" stands for; none for "forever".
std::optional<policy::RetentionPolicy> retention_at_birth(const Node& node,
                                                          const policy::ServiceRules& rules);
// The keys of a project that is known already.
void read_keys(Build& build, const Node& fields, std::uint32_t project);  // restores/read_keys.cpp
// The one that "key" names; nothing (and a fault) where the project has none of that name.
std::optional<std::uint32_t> key_in(const Build& build, const Node& node, std::uint32_t project);
// The key of a service, and whether its project may use its region.
void read_sealing(Build& build, const Node& node, sim::Service& service);
// How many collections a service has, or which.
void read_collections(const Node& node, sim::Service& service);  // restores/read_collections.cpp
// Where a restore goes, and what of the backup.
void read_restore(Build& build, const Node& node, sim::ScheduledEvent& event);
void read_limits(Build& build);        // read_services.cpp
void read_repositories(Build& build);  // read_services.cpp
// The project that these fields describe; faults of its own ones stand at `own`.
sim::Project read_project(const Node& fields, const Node& own, const std::string& name,
                          const Profile& profile);  // read_services.cpp
// Makes the fields of a project those of this plan; a fault at "plan" where there is none.
bool take_plan(const Node& node, const Profile& profile, const std::string& plan,
               nlohmann::json& fields);
// Events that change policies and plans, read one after the other in the order of time: what is in
// force by then.
class MidLife {
 public:
  explicit MidLife(Build& build);
  void delete_schedule(const Node& node, sim::ScheduledEvent& event);
  void change_policy(const Node& node, sim::ScheduledEvent& event);
  void change_plan(const Node& node, sim::ScheduledEvent& event);

 private:
  struct Subject {
    std::uint32_t index = 0;  // into Scenario::services or fleets
    bool of_fleet = false;
  };
  struct State {
    std::vector<std::uint32_t> schedules;  // that hold; indices into Service::schedules
    std::uint32_t retention = 0;           // as sim::retention_at counts
  };
  static std::vector<Subject> subjects_of(const sim::ScheduledEvent& event);
  sim::Service& service_of(const Subject& subject);
  const Profile& profile_of(const Subject& subject);
  State& state_of(const Subject& subject);
  void read_schedules_at(const Node& node, const Subject& subject, Instant at,
                         sim::PolicyChange& change);
  void put_retention(const Subject& subject, std::optional<policy::RetentionPolicy> policy,
                     sim::PolicyChange& change);
  void check_subject(const Node& node, const Subject& subject, const Plan& plan,
                     const sim::Project& becomes);
  void follow_quota(const Subject& subject, std::uint64_t quota_bytes, sim::ScheduledEvent& event);

  Build& build_;
  std::map<std::pair<bool, std::uint32_t>, State> states_;
  std::vector<sim::Project> projects_;  // as Scenario::projects
};
void read_events(Build& build);       // read_events.cpp
void read_failures(Build& build);     // read_failures.cpp
void note_assumptions(Build& build);  // assumptions.cpp
void check_chosen(Build& build);      // assumptions.cpp
// Whether the run of this service (of this fleet) depends on the field, such as "job/copy_rate".
bool uses(const sim::Scenario& scenario, std::uint32_t index, bool of_fleet,
          std::string_view field);     // assumptions.cpp
void find_missing(Build& build);       // missing.cpp
void read_requirements(Build& build);  // read_requirements.cpp

// Whom a "service" field names: a name, a list, a fleet, or "*" (also the default).
struct Who {
  std::vector<std::uint32_t> services, fleets;
  bool empty() const { return services.empty() && fleets.empty(); }
};
Who read_who(Build& build, const Node& node, bool all_by_default);

// A service under its profile, and what the scenario itself says about it.
struct Made {
  sim::Service service;
  const Profile* profile = nullptr;
  nlohmann::json own;
};
std::optional<Made> make_service(Build& build, const Node& node, const nlohmann::json& own,
                                 const nlohmann::json& defaults, const std::string& name);
void add_service(Build& build, const Node& node, Made made);

void read_fleets(Build& build);  // read_fleets.cpp

// About how many backups and copies one service makes in the run.
double expected_points(const sim::Scenario& scenario, const sim::Service& service);
// Faults where the run is larger than what can be simulated, in backups or in bytes.
void check_run_size(Build& build);  // run_size.cpp
// Sizes are whole bytes in 64 bits, with room to add some up.
inline constexpr double kMaxServiceBytes = 1e18;
inline constexpr double kFastestShrinking = -0.999999;  // of a size in a year: almost all of it

}  // namespace backcast::scenario
