// fidelity FILE...: how far the delta model is from recorded histories, one line per file.
// Reads presence tables, plain or gzip; see docs/fidelity.md for the form and the columns.
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "engine/env/stop_on_signal.h"
#include "read_file.h"
#include "sim/fit/fidelity.h"

namespace {

using backcast::Result;
using backcast::sim::Fidelity;
using backcast::sim::Spread;

Result<Fidelity> measure(const char* path, const std::atomic<bool>& stop) {
  BACKCAST_TRY(const auto table, fidelity::read_table(path));
  if (table.generations < backcast::sim::kMinFidelityGenerations) {
    return backcast::bad_input(std::string(path) + ": " + std::to_string(table.generations) +
                               " generations leave nothing to fit on: at least " +
                               std::to_string(backcast::sim::kMinFidelityGenerations));
  }
  return measure_fidelity(table, &stop);
}

std::string text(const Spread& spread, const char* empty, const char* filled) {
  if (spread.count == 0) return fmt::format(fmt::runtime(empty), "-", "-");  // too short to say
  return fmt::format(fmt::runtime(filled), 100 * spread.median, 100 * spread.p95);
}

std::string name_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

constexpr const char* kHeads[] = {"overlaps", "frozen",      "refitted", "prior",
                                  "linear",   "compounding", "freed/30", "bill"};

std::vector<const Spread*> spreads_of(const Fidelity& f) {
  return {&f.overlaps, &f.frozen,      &f.refitted, &f.prior,
          &f.linear,   &f.compounding, &f.freed,    &f.bill};
}

void print_head() {
  std::printf("%-24s %5s", "history", "n");
  for (const char* head : kHeads) std::printf("  %-12s", head);
  std::printf(" %8s %6s %6s\n", "returns%", "law", "bursts");
}

void print_line(const std::string& path, const Fidelity& f) {
  std::printf("%-24s %5u", name_of(path).c_str(), f.generations);
  for (const Spread* s : spreads_of(f)) {
    std::printf(" %s", text(*s, "{:>6}/{:<6}", "{:6.1f}/{:<6.1f}").c_str());
  }
  std::printf(" %8.1f %6s %6u\n", 100 * f.resurrection_share, f.by_age ? "age" : "curve", f.bursts);
  std::fflush(stdout);
}

// The tables of docs/fidelity.md.
void print_markdown(const std::vector<std::pair<std::string, Fidelity>>& all) {
  const auto cell = [](const Spread& s) { return text(s, "{}/{}", "{:.1f}/{:.1f}"); };
  std::string head = "| history | n |", rule = "| --- | --- |";
  for (const char* name : kHeads) {
    head += fmt::format(" {} |", name);
    rule += " --- |";
  }
  std::printf("%s bytes that came back, %% | law | bursts |\n%s --- | --- | --- |\n", head.c_str(),
              rule.c_str());
  for (const auto& [name, f] : all) {
    std::string line = fmt::format("| {} | {} |", name, f.generations);
    for (const Spread* s : spreads_of(f)) line += fmt::format(" {} |", cell(*s));
    std::printf("%s %.1f | %s | %u |\n", line.c_str(), 100 * f.resurrection_share,
                f.by_age ? "age" : "curve", f.bursts);
  }
  head = "\n| history |", rule = "| --- |";
  for (const auto& of_rule : all.front().second.rules) {
    head += fmt::format(" {0}: frozen | refitted | linear |", of_rule.name);
    rule += " --- | --- | --- |";
  }
  std::printf("%s\n%s\n", head.c_str(), rule.c_str());
  for (const auto& [name, f] : all) {
    std::string line = fmt::format("| {} |", name);
    for (const auto& of_rule : f.rules) {
      line += fmt::format(" {} | {} | {} |", cell(of_rule.frozen), cell(of_rule.refitted),
                          cell(of_rule.linear));
    }
    std::printf("%s\n", line.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool markdown = argc > 1 && std::strcmp(argv[1], "--markdown") == 0;
  const int first = markdown ? 2 : 1;
  if (argc <= first) {
    std::fprintf(stderr,
                 "usage: fidelity [--markdown] FILE...\n"
                 "Volumes given; errors are median/95th percentile in %%.\n");
    return 2;
  }
  if (!markdown) print_head();
  std::fflush(stdout);
  std::atomic<bool> stop{false};
  const backcast::env::StopOnSignal signals(stop);
  std::vector<std::pair<std::string, Fidelity>> all;
  int code = 0;
  for (int i = first; i < argc; ++i) {
    const auto result = measure(argv[i], stop);
    if (stop) {  // every line is out as soon as it is known, so there is nothing to save
      std::fprintf(stderr, "fidelity: partial: interrupted, files are missing\n");
      code = 130;
      break;
    }
    if (!result) {
      std::fprintf(stderr, "fidelity: %s\n", to_string(result.error()).c_str());
      code = 2;
      continue;
    }
    if (!markdown) print_line(argv[i], *result);
    const std::string name = name_of(argv[i]);
    all.emplace_back(name.substr(0, name.find('.')), *result);
  }
  if (markdown && !all.empty()) print_markdown(all);
  return code;
}
