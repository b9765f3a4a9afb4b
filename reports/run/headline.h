// The few figures every report begins with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/run/run_report.h"
#include "sim/requirements/newest_age.h"

namespace backcast::reports {

// The worst moment of one region: how old the newest restore point of some service became.
struct WorstAge {
  std::string region;
  std::string service;
  Duration age{0};
  Instant at{};
};

struct Headline {
  sim::Verdict verdict = sim::Verdict::kUnknown;
  std::size_t required = 0, failing = 0, unknown = 0;
  sim::BackupCounts backups;
  std::uint64_t stored_last_bytes = 0;  // at the end of the run, all regions
  std::uint64_t stored_peak_bytes = 0;
  std::optional<Instant> oldest_kept;  // `born` of the oldest restore point left at the end
  std::vector<sim::AgeLine> ages;
  std::vector<WorstAge> worst_ages;  // by region; regions without any restore point are missing
};

Headline headline(const sim::RunResult& run);

// "2.80 USD", of an incomplete bill "incomplete, known part 2.80 USD", or with replications
// "median 2.80 USD, P5–P95 2.60–3.10 USD"; "" without a bill.
std::string cost_text(const RunReport& report);
// "5 values were chosen by `backcast new`, not by you"; "" where none was.
std::string chosen_sentence(const RunReport& report);
// Each of them, with what doubling it does where that is known.
Table chosen_table(const RunReport& report);
// What the table does not say: of how many it is not known. "" where it is of all.
std::string not_doubled_sentence(const RunReport& report);
// "all 3 requirements are met", "1 of 3 requirements not met: rpo", …
std::string verdict_sentence(const sim::RunResult& run);
// What stands under a requirement and its verdict, a sentence a line: what was seen, why it fails
// or is unknown, how replications fared, what would hold instead.
std::vector<std::string> outcome_lines(const sim::RequirementOutcome& outcome);
// What the verdict stands on beside the document: "assumed: /services/0/job/rate = 100 MB/s", "said
// by the profile zilliz: job/rate 700 MB/s".
std::vector<std::string> grounds(const sim::RunResult& run);
// "held in 36 of 40 replications: 90.0 % (95 % confidence: 76.3 to 97.2 %)", or where all did
// "held in 200 of 200 replications: at least 98.2 % (95 % confidence)"
std::string replicated_text(const sim::ReplicatedOutcome& told);
// "the quota of project shop, 5.37 GB: 2026-05-11", of each limit that is reached.
std::vector<std::string> filling_lines(const RunReport& report);
// "images in eu: 12 services hold 1.20 TB, 300.00 GB of it unique, stored as 180.00 GB: 6.7 to 1",
// of each repository that services share.
std::vector<std::string> repository_lines(const sim::RunResult& run);
// So many times what is stored would all restore points be, each on its own; something is stored.
double ratio_of(const sim::RepositoryResult& repository);
// "total 2.80 USD", or of an incomplete bill "known part 2.80 USD: the bill is incomplete".
std::string total_text(const cost::Invoice& invoice);
// What the bill leaves out: on purpose, and because a run counts nothing of it.
std::vector<std::string> not_on_the_bill(const sim::RunResult& run);
// "2,607,160": for people only.
std::string grouped(std::uint64_t count);
// "12 made, 8 there before, 3 copies; 5 left at the end, 7 deleted, 1 failed"
std::string backups_text(const Headline& figures);

}  // namespace backcast::reports
