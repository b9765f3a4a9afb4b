// A first scenario out of what somebody has: runnable, with comments, and with a mark on every
// value that nobody gave.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "histories/import.h"
#include "histories/inventory/inventory.h"

namespace backcast::study {

// What whoever asks gives; "" where nothing is said.
struct StartChoices {
  std::string file;      // where the scenario will stand: what it names is looked for from there
  std::string name;      // of the scenario: the characters of a name are kept, others become "-"
  std::string provider;  // a profile
  std::string cloud, region, size;
  std::string start;    // "2026-01-01"; must be given with `today`
  std::string today;    // the day that is chosen where no start is given
  std::string horizon;  // "5 years"
};

struct Started {
  std::string text;  // of the document
  std::size_t chosen = 0;
  std::vector<std::string> notes;            // what its user should know, a line each
  std::size_t services = 1;                  // that the document describes
  std::vector<inventory::LeftOut> left_out;  // rows that are none of them
};

// A name that a scenario may have, from a file's or a server's.
std::string scenario_name(std::string_view text);

// Errors: an unknown provider or cloud; every fault of the document that these choices make.
Result<Started, Errors> start_from_provider(const StartChoices& choices);
// `file`: as its user calls the list. Errors: a provider or cloud of `choices` that nobody knows;
// no row that can be a service.
Result<Started, Errors> start_from_inventory(const inventory::Inventory& list,
                                             const std::string& file, const StartChoices& choices);

// A history that exists, and how the document is to call it.
struct KnownHistory {
  policy::History history;
  std::string text;              // that it was read from
  std::string file;              // as the document names it
  std::string name;              // as its user does
  std::string input;             // what wrote it, where that was said
  std::string source;            // of several: this one alone
  std::uint64_t size_bytes = 0;  // of the data now, where the history does not say it; 0 = unknown
};

// Each source becomes a service that goes on with it, its growth and change fitted where the
// history tells enough. Errors: no restore point; an unknown source; more than kMostSources.
inline constexpr std::size_t kMostSources = 100;
Result<Started, Errors> start_from_history(const KnownHistory& known, const StartChoices& choices);

}  // namespace backcast::study
