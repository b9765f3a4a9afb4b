// The library in one program: simulate and price a scenario, ask a retention policy, save and
// restore a folder. example FOLDER works in FOLDER, which must not exist.
#include <backcast/repository.h>
#include <backcast/retention.h>
#include <backcast/scenario.h>
#include <backcast/simulate.h>

#include <filesystem>
#include <fstream>
#include <iostream>

namespace {

// The value, or the end of the program with what is wrong.
template <typename T>
T expect(backcast::Expected<T> result) {
  if (!result) {
    std::cerr << result.problem_text();
    std::exit(result.problems().front().code);
  }
  return *std::move(result);
}

void plan() {
  const auto scenario = expect(backcast::Scenario::load("zilliz-cross-region"));
  const auto run = expect(backcast::simulate(scenario));
  std::cout << scenario.name() << " " << run.verdict << ", " << run.restore_points.size()
            << " restore points, " << run.bill->total << ' ' << run.bill->currency << '\n';
  for (const auto& line : run.bill->lines) {
    std::cout << "  " << line.quantity << ' ' << line.unit << " of " << line.meter << " at "
              << line.rate << " = " << line.amount << '\n';
  }
}

void ask_retention() {
  std::vector<backcast::KeptPoint> points;
  const backcast::Time first = std::chrono::sys_days(std::chrono::January / 1 / 2026);
  for (int day = 0; day < 10; ++day) {
    points.push_back({.id = "day " + std::to_string(day + 1),
                      .time = first + std::chrono::days(day),
                      .tags = {},
                      .host = {},
                      .paths = {}});
  }
  const auto verdicts = expect(backcast::apply_retention("restic: --keep-daily 2 --keep-weekly 1",
                                                         points, points.back().time));
  for (const auto& verdict : verdicts) {
    if (verdict.keep) std::cout << verdict.id << " stays: " << verdict.reasons.front() << '\n';
  }
}

void save_and_restore(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder / "data");
  std::ofstream(folder / "data" / "note.txt") << "remember\n";
  {
    auto made = expect(backcast::Repository::create(folder / "repository", "a long passphrase"));
    expect(made.backup({folder / "data"}, {"example"}));
  }
  auto repository = expect(backcast::Repository::open(folder / "repository", "a long passphrase"));
  const auto restored = expect(repository.restore("latest", folder / "restored"));
  std::ifstream file(folder / "restored" /
                     std::filesystem::absolute(folder / "data" / "note.txt").relative_path());
  std::string text;
  std::getline(file, text);
  std::cout << repository.snapshots()->size() << " snapshot, " << restored.files
            << " file restored: " << text << '\n';
  const auto wrong = backcast::Repository::open(folder / "repository", "another");
  std::cout << "another passphrase: code " << wrong.problems().front().code << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: example FOLDER\n";
    return 2;
  }
  plan();
  ask_retention();
  save_and_restore(argv[1]);
}
