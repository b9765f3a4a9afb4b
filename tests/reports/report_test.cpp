// The report in each of its forms, on runs whose every figure is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/charts/charts.h"
#include "reports/parts/escape.h"
#include "reports/run/headline.h"
#include "reports/run/months.h"
#include "tests/reports/sample_runs.h"

namespace backcast::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Compares with tests/reports/expected/<name>; BACKCAST_UPDATE_GOLDEN=1 rewrites it.
void expect_golden(const std::string& name, const std::string& actual) {
  const std::string path = "tests/reports/expected/" + name;
  const char* update = std::getenv("BACKCAST_UPDATE_GOLDEN");
  if (update != nullptr && *update != '\0' && *update != '0') {
    std::ofstream(path, std::ios::binary) << actual;
    return;
  }
  std::ostringstream expected;
  expected << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_EQ(expected.str(), actual) << path;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// What a browser lays out; what a library could write it does under the policy of the page.
std::string without_scripts(std::string html) {
  for (std::size_t at; (at = html.find("<script")) != std::string::npos;) {
    const std::size_t end = html.find("</script>", at);
    if (end == std::string::npos) break;
    html.erase(at, end + 9 - at);
  }
  return html;
}

TEST(Headline, counts_every_backup_once_and_finds_the_worst_age) {
  const Sample sample = daily_sample();
  const Headline figures = headline(sample.run);
  EXPECT_EQ(figures.verdict, sim::Verdict::kFails);
  EXPECT_EQ(figures.backups.made, 59u);
  EXPECT_EQ(figures.backups.copies, 59u);
  EXPECT_EQ(figures.backups.failed, 1u);
  EXPECT_EQ(figures.backups.available + figures.backups.deleted + figures.backups.failed,
            sample.run.backups.size());
  EXPECT_EQ(figures.backups.available, 14u);
  // Seven backups of 400 MB in each of two regions.
  EXPECT_EQ(figures.stored_last_bytes, 14 * 400'000'000ull);
  ASSERT_EQ(figures.worst_ages.size(), 2u);
  // The backup of day 40 failed: 48 h between two, and half an hour until the next is complete.
  EXPECT_EQ(format_duration(figures.worst_ages[1].age), "2d 30m");
  EXPECT_EQ(format_duration(figures.worst_ages[0].age), "2d 2h 30m");
}

TEST(Headline, what_is_unknown_is_no_success) {
  Sample sample = daily_sample();
  sample.run.requirements.erase(sample.run.requirements.begin());
  EXPECT_EQ(headline(sample.run).verdict, sim::Verdict::kUnknown);
  sample.run.requirements.pop_back();
  EXPECT_EQ(headline(sample.run).verdict, sim::Verdict::kHolds);
  sample.run.requirements.clear();
  EXPECT_EQ(headline(sample.run).verdict, sim::Verdict::kUnknown);
}

TEST(Months, stored_bytes_average_to_the_byte_seconds_of_the_usage) {
  const Sample sample = daily_sample();
  const auto data = stored_bytes_by_month(sample.run);
  ASSERT_EQ(data.months.size(), 3u);  // the run ends on 2 March
  ASSERT_EQ(data.parts.size(), 2u);
  EXPECT_EQ(data.parts[0].name, "us-east4");
  // February, second by second's worth: what each backup was held of it.
  const Instant from = from_unix_seconds(1'769'904'000);
  const Instant to = from + std::chrono::days(28);
  std::uint64_t byte_seconds = 0;
  for (const auto& made : sample.run.backups) {
    if (made.region != "us-west1" || made.available == sim::kNever) continue;
    const Instant begin = std::max(made.available, from), end = std::min(made.deleted, to);
    if (begin < end) {
      byte_seconds += made.added_bytes / 1000 *
                      static_cast<std::uint64_t>(unix_seconds(end) - unix_seconds(begin));
    }
  }
  EXPECT_EQ(data.parts[1].values[1] / 1000, byte_seconds / (28 * 86400));
  const auto folded = stored_bytes_by_month(sample.run, 1);
  ASSERT_EQ(folded.parts.size(), 1u);
  EXPECT_EQ(folded.parts[0].name, "other");
  EXPECT_NEAR(static_cast<double>(folded.parts[0].values[1]),
              static_cast<double>(data.parts[0].values[1] + data.parts[1].values[1]), 2);
}

TEST(Months, costs_by_month_sum_to_the_total_exactly) {
  const Sample sample = daily_sample();
  const auto data = cost_by_month(sample.invoice);
  cost::Decimal sum;
  for (const auto& part : data.parts) {
    for (const auto& value : part.values) sum += value;
  }
  EXPECT_EQ(sum, sample.invoice.total().amount);
  EXPECT_EQ(cost::to_string(sum, 2), "2.80");
}

TEST(RunReport, terminal_text_is_as_expected) {
  const Sample sample = daily_sample();
  expect_golden("daily.txt", to_terminal(sample.report()));
}

TEST(RunReport, colour_only_adds_escape_sequences) {
  const Sample sample = daily_sample();
  const std::string plain = to_terminal(sample.report());
  std::string colored = to_terminal(sample.report(), {.color = true});
  EXPECT_THAT(colored, HasSubstr("\x1b[1;31mFAILS"));
  for (std::size_t at; (at = colored.find('\x1b')) != std::string::npos;) {
    colored.erase(at, colored.find('m', at) - at + 1);
  }
  EXPECT_EQ(colored, plain);
}

TEST(RunReport, markdown_is_as_expected) {
  const Sample sample = daily_sample();
  expect_golden("daily.md.txt", to_markdown(sample.report()));
}

TEST(RunReport, junit_is_as_expected) {
  const Sample sample = daily_sample();
  expect_golden("daily.junit.xml", to_junit(std::vector{sample.report()}));
}

TEST(RunReport, json_is_as_expected) {
  const Sample sample = daily_sample();
  expect_golden("daily.json.txt", to_json(sample.report()));
  const auto with_backups = nlohmann::json::parse(to_json(sample.report(), true));
  EXPECT_EQ(with_backups["restore_points"].size(), sample.run.backups.size());
  EXPECT_EQ(with_backups["invoice"]["total"], "2.80");
}

TEST(RunReport, spread_is_told_as_an_interval) {
  Sample sample = daily_sample();
  RunReport report = sample.report();
  report.spread =
      study::Spread{.replications = 200,
                    .total = {{}, {250, 2}, {280, 2}, {310, 2}},
                    .months = {{std::chrono::year(2026) / 1, {120, 2}, {140, 2}, {190, 2}}}};
  EXPECT_THAT(to_terminal(report), HasSubstr("over 200 replications: median 2.80 USD, P5–P95 "
                                             "2.50–3.10"));
  EXPECT_EQ(nlohmann::json::parse(to_json(report))["spread"]["total"]["p95"], "3.10");
  const auto chart = cost_chart(report);
  ASSERT_TRUE(chart);
  EXPECT_EQ(count(chart->svg, "class=\"band\""), 3u * 2);
}

TEST(Svg, charts_are_as_expected) {
  const Sample sample = daily_sample();
  expect_golden("timeline.svg", timeline_chart(sample.report())->svg);
  expect_golden("age.svg", age_chart(sample.report(), headline(sample.run))->svg);
  const auto seen = sim::watched(sample.scenario, sample.run);
  ASSERT_EQ(seen.size(), 3u);
  expect_golden("requirement.svg", requirement_chart(sample.report(), seen[0], 0)->svg);
  EXPECT_EQ(requirement_chart(sample.report(), seen[1], 1)->limit_name, "at most 40.00 GB");
  EXPECT_FALSE(requirement_chart(sample.report(), seen[2], 2)) << "nothing was there to restore";
  expect_golden("stored.svg", stored_chart(sample.run)->svg);
  expect_golden("cost.svg", cost_chart(sample.report())->svg);
  expect_golden("quota.svg", quota_chart(sample.run)->svg);
  expect_golden("queue.svg", queue_chart(sample.run)->svg);
  const auto usd = [](double v) { return std::to_string(static_cast<int>(v)) + " USD"; };
  expect_golden("heat.svg", heat_map_chart({"Cost",
                                            "days kept",
                                            "backups a day",
                                            "cost",
                                            {"7", "14", "30"},
                                            {"1", "4"},
                                            {1, 2, 4, 3, 6, std::nan("")},
                                            usd},
                                           "heat")
                                .svg);
  expect_golden("pareto.svg",
                pareto_chart(
                    {{"a", 1, 48, true}, {"b", 2, 24, true}, {"c", 3, 30, false}}, "cost", "RPO",
                    usd, [](double v) { return std::to_string(int(v)) + " h"; }, "pareto")
                    .svg);
}

TEST(Svg, no_service_is_held_against_the_limit_of_another) {
  Sample sample = daily_sample();
  sample.run.services.push_back(sample.run.services.front());
  sample.run.services.back().name = "other";
  const std::size_t count_of_first = sample.run.backups.size();
  for (std::size_t i = 0; i < count_of_first; ++i) {
    sim::BackupRecord twin = sample.run.backups[i];
    twin.service = 1;
    sample.run.backups.push_back(twin);
  }
  const auto names_of = [](const std::optional<Chart>& chart) {
    std::string text;
    for (const auto& [css, name] : chart->legend) text += name + "\n";
    return text;
  };
  // The RPO is asked of the first at home: that line stands alone under its limit.
  const auto seen = sim::watched(sample.scenario, sample.run);
  EXPECT_EQ(names_of(requirement_chart(sample.report(), seen[0], 0)), "at most 1d 2h\nvectors\n");
  auto ages = age_chart(sample.report(), headline(sample.run));
  EXPECT_EQ(names_of(ages), "us-east4\nus-west1\n");  // of the second at home, too
  EXPECT_FALSE(ages->limit);
  // Asked of both, and anywhere: nothing is left that is under no limit.
  sample.run.requirements.front().services = {0, 1};
  sample.scenario.requirements.front().services = {0, 1};
  sample.scenario.requirements.front().region = "any";
  EXPECT_FALSE(age_chart(sample.report(), headline(sample.run)));
}

TEST(Svg, timeline_has_a_mark_for_every_backup_and_the_same_rows) {
  const Sample sample = daily_sample();
  const auto chart = timeline_chart(sample.report());
  EXPECT_EQ(chart->marks, sample.run.backups.size());
  EXPECT_EQ(count(chart->svg, "class=\"mark "), sample.run.backups.size());
  EXPECT_EQ(chart->table.rows.size(), sample.run.backups.size());
  EXPECT_THAT(chart->svg, HasSubstr("expired 0s ago"));
}

TEST(Svg, timeline_of_a_fleet_counts_restore_points_instead) {
  const Sample sample = fleet_sample(60, 2);
  const auto chart = timeline_chart(sample.report(), kFullWidth, 1500);
  ASSERT_GT(sample.run.backups.size(), 1500u);
  ASSERT_EQ(chart->table.rows.size(), 120u);
  const auto& last = chart->table.rows.back();
  EXPECT_EQ(std::stoul(last[1].value) + std::stoul(last[2].value),
            headline(sample.run).backups.available);
}

TEST(Svg, ticks_are_round_and_reach_the_largest_value) {
  for (const double most : {0.0, 0.003, 1.0, 7.0, 99.0, 1e12, 1.5e18}) {
    const auto ticks = round_ticks(most, 5);
    EXPECT_GE(ticks.back(), most);
    EXPECT_GE(ticks.size(), 2u);
    EXPECT_LE(ticks.size(), 7u);
  }
  EXPECT_GE(duration_ticks(400.0 * 365 * 86400, 5).back(), 400.0 * 365 * 86400);
  const Instant start = from_unix_seconds(0);
  for (const int days : {1, 3, 30, 100, 700, 3650, 90000}) {
    const auto ticks = time_ticks(start, start + std::chrono::days(days), 12);
    EXPECT_GE(ticks.size(), 2u) << days;
    EXPECT_LE(ticks.size(), 26u) << days;
  }
}

TEST(Html, page_is_complete_and_small) {
  const Sample sample = daily_sample();
  const std::string html = to_html(std::vector{sample.report()});
  EXPECT_THAT(html, HasSubstr("Content-Security-Policy"));
  EXPECT_THAT(without_scripts(html), Not(HasSubstr("style=\"")));
  EXPECT_THAT(html, Not(HasSubstr("http://localhost")));
  EXPECT_EQ(count(html, "<figure "), 8u);
  EXPECT_EQ(count(html, "<details>"), 8u + 2u);
  Sample empty;
  empty.run.scenario = "empty";
  RunReport bare;
  bare.run = &empty.run;
  bare.scenario = &empty.scenario;
  EXPECT_LT(to_html(std::vector{bare}).size(), 300'000u);
}

TEST(Html, same_run_gives_the_same_bytes) {
  EXPECT_EQ(to_html(std::vector{daily_sample().report()}),
            to_html(std::vector{daily_sample().report()}));
}

TEST(Html, hostile_text_stays_text) {
  const Sample sample = hostile_sample("</script><script>alert(1)</script>\"'<img onerror=x>");
  const std::string html = to_html(std::vector{sample.report()});
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_EQ(count(html, "</script>"), 2u);  // the data and the page's own
}

TEST(Escape, xml_keeps_text_and_replaces_what_xml_cannot_hold) {
  EXPECT_EQ(xml_text("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(xml_text("tab\tnew\n"), "tab\tnew\n");
  EXPECT_EQ(xml_text(std::string("\0\x1b\x7f", 3)), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(xml_text("\xff\xc3"), "\uFFFD\uFFFD");
  EXPECT_EQ(xml_text("\xc2\x9b\xe2\x80\xae"), "\uFFFD\uFFFD");
  EXPECT_EQ(xml_text("\xEF\xBF\xBE"), "\uFFFD");
  EXPECT_EQ(xml_text("größe → 漢字 😀"), "größe → 漢字 😀");
}

TEST(Escape, json_may_stand_in_a_script) {
  const std::string text = json_text("</script>&\xE2\x80\xA8\xE2\x80\xA9\xff");
  EXPECT_EQ(text, "\"\\u003c/script\\u003e\\u0026\\u2028\\u2029\\udcff\"");
  EXPECT_EQ(nlohmann::json::parse(json_text("</script>&\xE2\x80\xA8\"\\\n")),
            "</script>&\xE2\x80\xA8\"\\\n");
}

TEST(Escape, json_loses_nothing_and_steers_no_terminal) {
  EXPECT_EQ(json_text("\x1b[2J\xc2\x9b\x7f\xe2\x80\xae\xf3\xa0\x81\x81"),
            "\"\\u001b[2J\\u009b\\u007f\\u202e\\udb40\\udc41\"");
  EXPECT_EQ(nlohmann::json::parse(json_text("\xf3\xa0\x81\x81 größe")), "\xf3\xa0\x81\x81 größe");
}

TEST(Escape, csv_steers_no_terminal) {
  const Table table{"t", {{"name", "Name"}}, {{{"a\x1b[2J\xc2\x9b,\n\r", ""}}}};
  EXPECT_EQ(to_csv(table), "name\r\n\"a\\x1b[2J\\xc2\\x9b,\n\\x0d\"\r\n");
}

TEST(Escape, terminal_text_has_no_control_characters) {
  const std::string text = terminal_text("red\x1b[31m\r\n");
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST(Escape, markdown_text_is_no_markup) {
  EXPECT_EQ(markdown_text("a|b*c_[d](e)<f>`&"), "a\\|b\\*c\\_\\[d\\](e)\\<f\\>\\`&amp;");
}

}  // namespace
}  // namespace backcast::reports
