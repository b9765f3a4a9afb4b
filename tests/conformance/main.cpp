// conformance FILE...: checks Backcast's rules against files of example cases (see README.md
// beside this file). Prints "N passed, M failed" and exits 1 if any case fails.
#include <cstdio>
#include <exception>

#include "engine/base/document.h"
#include "tests/conformance/kinds.h"

namespace backcast::conformance {
namespace {

void check_file(const char* path, Report& report) {
  const auto document = Document::read(path);
  if (!document.ok()) return report.fail(path, to_string(document.error()));
  const nlohmann::json& file = document->root();
  if (!file.is_object() || !file.contains("kind") || !file["kind"].is_string()) {
    return report.fail(path, "not a case file: \"kind\" is missing");
  }
  const std::string kind = file["kind"];
  for (const Kind& known : kKinds) {
    if (known.name != kind) continue;
    try {
      return known.check(file, report);
    } catch (const nlohmann::json::exception& e) {
      return report.fail(path, e.what());
    }
  }
  report.fail(path, "unknown kind \"" + kind + "\"");
}

}  // namespace
}  // namespace backcast::conformance

int main(int argc, char** argv) {
  using backcast::conformance::Report;
  if (argc < 2) {
    std::fputs("usage: conformance FILE...\n", stderr);
    return 2;
  }
  Report total;
  for (int i = 1; i < argc; ++i) {
    Report report;
    backcast::conformance::check_file(argv[i], report);
    for (const std::string& failure : report.failures) {
      std::printf("FAILED %s: %s\n", argv[i], failure.c_str());
    }
    if (argc > 2) {
      std::printf("%s: %d passed, %zu failed\n", argv[i], report.passed, report.failures.size());
    }
    total.passed += report.passed;
    total.failures.insert(total.failures.end(), report.failures.begin(), report.failures.end());
  }
  std::printf("%d passed, %zu failed\n", total.passed, total.failures.size());
  return total.failures.empty() ? 0 : 1;
}
