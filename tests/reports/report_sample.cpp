// Writes a report of a run made by hand, for the browser tests: report_sample KIND > out.html
#include <cstdio>
#include <ctime>
#include <string>

#include "tests/reports/sample_runs.h"

using namespace backcast::reports;

int main(int argc, char** argv) {
  const std::string kind = argc == 2 ? argv[1] : "";
  std::string html;
  if (kind == "daily") {
    const Sample sample = daily_sample();
    html = to_html(std::vector{sample.report()});
  } else if (kind == "compare") {
    const Sample first = daily_sample();
    Sample second = daily_sample();
    second.run.scenario = "daily, cheaper";
    second.run.requirements.clear();
    second.scenario.requirements.clear();
    second.invoice.lines.resize(4);
    html = to_html(std::vector{first.report(), second.report()});
  } else if (kind == "hostile") {
    const Sample sample = hostile_sample(
        "</script><script>window.pwned=1</script>\"'><img src=x "
        "onerror=window.pwned=1>]]>\xe2\x80\xa8"
        "javascript:pwned ");
    html = to_html(std::vector{sample.report()});
  } else if (kind == "sweep") {
    html = to_html(sweep_page());
  } else if (kind == "junit") {
    const Sample plain = daily_sample();
    const Sample hostile = hostile_sample("<&\"'>]]>\x01\xff\xef\xbf\xbe");
    html = to_junit(std::vector{plain.report(), hostile.report()});
  } else if (kind == "fleet") {
    const Sample sample = fleet_sample(5000, 10);
    const std::clock_t began = std::clock();
    html = to_html(std::vector{sample.report()});
    const double took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    std::fprintf(stderr, "%.2f s of processor time for %zu backups, %zu bytes\n", took,
                 sample.run.backups.size(), html.size());
  } else {
    std::fprintf(stderr,
                 "usage: report_sample daily|compare|hostile|sweep|fleet|junit > out.html\n");
    return 2;
  }
  std::fwrite(html.data(), 1, html.size(), stdout);
  return 0;
}
