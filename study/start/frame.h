// What every first scenario has, whatever it is made from: head, policy, requirements.
#pragma once

#include <string>

#include "scenarios/document/profile.h"
#include "scenarios/load/load.h"
#include "study/start/draft.h"
#include "study/start/start.h"

namespace backcast::study {

// A provider as a first scenario meets it.
struct Footing {
  scenario::Profile profile;
  std::string provider;  // as the document calls it
  std::string cloud;     // "" where the profile has none
};
// `cloud` "": that of the region, else the profile's first choice. Errors: no such provider, no
// such cloud.
Result<Footing, Errors> footing_of(const std::string& provider, const std::string& cloud,
                                   const std::string& region);

// What the profile says `backcast new` begins with on this cloud; null if nothing.
Draft::Json begins_with(const Footing& footing, const std::string& key);

// Whether what its backups add depends on how much of the data changes.
bool lives_by_change(const Footing& footing);

void put_head(Draft& draft, const StartChoices& choices, const std::string& title);
// Prices that the provider's book does not know, each a guess that is marked.
void put_prices(Draft& draft, const Footing& footing);
// Which parts of a policy the user's own data say.
struct Known {
  bool change = false, growth = false, schedule = false, retention = false, job = false;
};
// Schedule, retention, growth, change and speed, at `place`: "/defaults" or "/services/3".
void put_policy(Draft& draft, const std::string& place, const Footing& footing, const Known& known);
void put_requirements(Draft& draft, const Footing& footing);

// A place that no row of its price book prices storage in, with the nearest that one does.
struct Unpriced {
  std::string region, book, hint;
};
std::vector<Unpriced> unpriced_places(scenario::Loaded& loaded);

// The text, once the loader takes it. Errors: every fault of the document.
Result<Started, Errors> finish(const Draft& draft, const std::string& from,
                               const std::string& name);

}  // namespace backcast::study
