#include "reports/parts/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

// "12", "12.5": a tenth of a pixel is enough, and never "-0".
std::string pixel(double value) {
  const double tenths = std::round(value * 10) / 10 + 0.0;
  std::string text = fmt::format("{:.1f}", tenths == 0 ? 0.0 : tenths);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string joined(const std::vector<std::pair<double, double>>& points) {
  std::string out;
  for (const auto& [x, y] : points) {
    if (!out.empty()) out += ' ';
    out += pixel(x) + ',' + pixel(y);
  }
  return out;
}

}  // namespace

Svg::Svg(double width, double height, std::string_view title, std::string_view description)
    : width_(width), height_(height) {
  out_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" "
      "aria-label=\"{}. {}\">\n",
      pixel(width), pixel(height), xml_text(title), xml_text(description));
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view css_class) {
  out_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", css_class,
                      pixel(x1), pixel(y1), pixel(x2), pixel(y2));
}

void Svg::text(double x, double y, std::string_view text, std::string_view anchor,
               std::string_view css_class) {
  out_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n",
                      css_class, pixel(x), pixel(y), anchor, xml_text(text));
}

void Svg::polyline(const std::vector<std::pair<double, double>>& points,
                   std::string_view css_class) {
  if (points.empty()) return;
  out_ += fmt::format("<polyline class=\"{}\" points=\"{}\"/>\n", css_class, joined(points));
}

void Svg::polygon(const std::vector<std::pair<double, double>>& points,
                  std::string_view css_class) {
  if (points.empty()) return;
  out_ += fmt::format("<polygon class=\"{}\" points=\"{}\"/>\n", css_class, joined(points));
}

void Svg::rect_mark(double x, double y, double width, double height, std::string_view css_class,
                    std::string_view hint) {
  ++marks_;
  out_ += fmt::format(
      "<rect class=\"mark {}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title>"
      "</rect>\n",
      css_class, pixel(x), pixel(y), pixel(width), pixel(height), xml_text(hint));
}

void Svg::circle_mark(double x, double y, double radius, std::string_view css_class,
                      std::string_view hint) {
  ++marks_;
  out_ += fmt::format(
      "<circle class=\"mark {}\" cx=\"{}\" cy=\"{}\" r=\"{}\"><title>{}</title></circle>\n",
      css_class, pixel(x), pixel(y), pixel(radius), xml_text(hint));
}

std::string Svg::finish() && {
  out_ += "</svg>\n";
  return std::move(out_);
}

std::vector<double> round_ticks(double most, int count) {
  if (!(most > 0)) most = 1;
  const double rough = most / count;
  double power = 1;
  while (power * 10 <= rough) power *= 10;
  while (power > rough) power /= 10;
  double step = power * 10;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (power * factor >= rough) {
      step = power * factor;
      break;
    }
  }
  std::vector<double> ticks{0};
  while (ticks.back() < most * (1 - 1e-9)) {
    ticks.push_back(step * static_cast<double>(ticks.size()));
  }
  return ticks;
}

std::vector<double> duration_ticks(double most_seconds, int count) {
  constexpr double kMinuteSeconds = 60, kHourSeconds = 3600, kDaySeconds = 86400;
  constexpr std::array kSteps = {1.0,
                                 5.0,
                                 15.0,
                                 kMinuteSeconds,
                                 5 * kMinuteSeconds,
                                 15 * kMinuteSeconds,
                                 kHourSeconds,
                                 3 * kHourSeconds,
                                 6 * kHourSeconds,
                                 12 * kHourSeconds,
                                 kDaySeconds,
                                 2 * kDaySeconds,
                                 7 * kDaySeconds,
                                 14 * kDaySeconds,
                                 30 * kDaySeconds,
                                 90 * kDaySeconds,
                                 365 * kDaySeconds};
  const double rough = std::max(most_seconds, 1.0) / count;
  const auto* at = std::lower_bound(kSteps.begin(), kSteps.end(), rough);
  const double step = at == kSteps.end() ? kSteps.back() * std::ceil(rough / kSteps.back()) : *at;
  std::vector<double> ticks{0};
  while (ticks.back() < most_seconds) ticks.push_back(step * static_cast<double>(ticks.size()));
  return ticks;
}

int tick_count(double width) {
  return static_cast<int>(width / 80);
}

std::vector<TimeTick> time_ticks(Instant start, Instant end, int count) {
  using namespace std::chrono;
  constexpr std::array kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::vector<TimeTick> ticks;
  const auto span = duration_cast<hours>(end - start).count();
  const auto first_day = floor<days>(start);
  if (span >= 24 * 120) {
    const auto rough_months = static_cast<int>(span / 730 / count) + 1;
    constexpr std::array kMonthSteps = {1, 2, 3, 6, 12, 24, 60, 120, 600};
    int step = kMonthSteps.back();
    for (const int candidate : kMonthSteps) {
      if (candidate >= rough_months) {
        step = candidate;
        break;
      }
    }
    const year_month_day day(first_day);
    year_month month = day.year() / January;
    if (step > 12) month = year(static_cast<int>(day.year()) / (step / 12) * (step / 12)) / January;
    for (; sys_days(month / 1) <= end; month += months(step)) {
      const Instant at = sys_days(month / 1);
      if (at < start) continue;
      const bool is_year = month.month() == January || step >= 12;
      ticks.push_back({at, is_year ? fmt::format("{}", static_cast<int>(month.year()))
                                   : kMonthNames[static_cast<unsigned>(month.month()) - 1]});
    }
    return ticks;
  }
  constexpr std::array kHourSteps = {1, 3, 6, 12, 24, 48, 168, 336};
  int step = kHourSteps.back();
  for (const int candidate : kHourSteps) {
    if (span / candidate <= count) {
      step = candidate;
      break;
    }
  }
  for (Instant at = first_day; at <= end; at += hours(step)) {
    if (at < start) continue;
    const year_month_day day(floor<days>(at));
    const auto hour = duration_cast<hours>(at - floor<days>(at)).count();
    ticks.push_back({at, hour == 0
                             ? fmt::format("{} {}", static_cast<unsigned>(day.day()),
                                           kMonthNames[static_cast<unsigned>(day.month()) - 1])
                             : fmt::format("{:02}:00", hour)});
  }
  return ticks;
}

void draw_y_axis(Svg& svg, const Frame& frame, const Scale& y, const std::vector<double>& ticks,
                 const Format& format) {
  for (const double tick : ticks) {
    svg.line(frame.left, y(tick), svg.width() - frame.right, y(tick), "grid");
    svg.text(frame.left - 6, y(tick) + 4, format(tick), "end");
  }
}

void draw_time_axis(Svg& svg, const Frame& frame, const Scale& x, Instant start, Instant end) {
  const double bottom = svg.height() - frame.bottom;
  svg.line(frame.left, bottom, svg.width() - frame.right, bottom, "axis");
  double free_from = 0;
  for (const TimeTick& tick : time_ticks(start, end, tick_count(svg.width()))) {
    const double at = x(static_cast<double>(unix_seconds(tick.at)));
    svg.line(at, bottom, at, bottom + 4, "axis");
    if (at < free_from) continue;
    const bool is_left = at<frame.left + 16, is_right = at> svg.width() - frame.right - 16;
    svg.text(at, bottom + 18, tick.text, is_left ? "start" : is_right ? "end" : "middle");
    free_from = at + (is_left ? 60 : 44);
  }
}

}  // namespace backcast::reports
