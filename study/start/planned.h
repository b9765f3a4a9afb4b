// One row of an inventory as a service of a scenario would have it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histories/inventory/inventory.h"
#include "study/start/frame.h"

namespace backcast::study {

struct PlannedRow {
  const inventory::Item* item = nullptr;
  const Footing* footing = nullptr;
  std::string name;           // a name that a scenario may have
  std::string region, cloud;  // cloud "": its region tells
  bool is_region_chosen = false;
  std::string project;
  std::string schedule;   // JSON text of its one schedule; "" = what is chosen
  std::string retention;  // in its tool's words; "" = what is chosen
  std::vector<std::string> tags;
};

// Rows become services, and what cannot is told apart: left out with a reason, or kept as a tag.
class Planner {
 public:
  Planner(const inventory::Inventory& list, const StartChoices& choices);

  // Errors: a provider or a cloud that whoever asks gave and nobody knows.
  Result<Ok, Errors> plan();

  std::vector<PlannedRow> rows;
  std::vector<inventory::LeftOut> left_out;
  std::vector<std::string> notes;
  bool is_provider_chosen = false;  // nobody named any

 private:
  const Footing* footing_of_row(const inventory::Item& item, std::string_view* problem);
  void place(const inventory::Item& item, PlannedRow& row) const;
  void put_policy_words(const inventory::Item& item, PlannedRow& row);
  void put_tags(const inventory::Item& item, PlannedRow& row);
  void leave_out(int line, std::string reason, std::string hint);
  void note_words(const char* what, const std::string& word, int line);

  const inventory::Inventory& list_;
  const StartChoices& choices_;
  std::map<std::string, std::unique_ptr<Footing>> footings_;  // by provider and cloud
  std::map<std::string, const Footing*> seen_;                // by provider, cloud and region
  std::map<std::string, std::size_t> left_by_reason_;
  std::map<std::string, std::vector<int>> unread_;  // words of no policy, with their lines
  std::map<std::string, int> names_;
};

// "500 GB", "12 MiB": exact, in the largest unit that takes it whole.
std::string exact_size(std::uint64_t bytes);

}  // namespace backcast::study
