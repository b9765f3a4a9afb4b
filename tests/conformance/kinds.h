// The kinds of case file the conformance program reads. A kind is one function in a file of its
// own and one line in kKinds.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace backcast::conformance {

// What came of one file.
struct Report {
  int passed = 0;
  std::vector<std::string> failures;  // "cron-utc-000: expected …, got …"

  void pass() { ++passed; }
  void fail(std::string_view id, std::string_view why) {
    failures.push_back(std::string(id) + ": " + std::string(why));
  }
};

void check_cron(const nlohmann::json& file, Report& report);
void check_kopia_schedule(const nlohmann::json& file, Report& report);
void check_retention(const nlohmann::json& file, Report& report);
void check_retention_zerops(const nlohmann::json& file, Report& report);

struct Kind {
  std::string_view name;
  void (*check)(const nlohmann::json& file, Report& report);
};
inline constexpr Kind kKinds[] = {
    {"cron", check_cron},
    {"kopia_schedule", check_kopia_schedule},
    {"retention", check_retention},
    {"retention_zerops", check_retention_zerops},
};

}  // namespace backcast::conformance
