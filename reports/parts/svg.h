// Drawing for reports: SVG text built from scales, axes and marks. Colours are CSS classes (c0 to
// c7 in the order of the palette, axis, grid, limit, band), so one drawing serves light, dark and
// print. Same input, same bytes: coordinates are rounded to a tenth of a pixel.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/instant.h"

namespace backcast::reports {

inline constexpr int kPaletteSize = 8;

// A drawing of fixed size in pixels; (0, 0) is the upper left corner. Text is escaped here.
class Svg {
 public:
  // `title` and `description` are what a screen reader says.
  Svg(double width, double height, std::string_view title, std::string_view description);

  void line(double x1, double y1, double x2, double y2, std::string_view css_class);
  // anchor: "start", "middle" or "end"
  void text(double x, double y, std::string_view text, std::string_view anchor = "start",
            std::string_view css_class = "label");
  void polyline(const std::vector<std::pair<double, double>>& points, std::string_view css_class);
  void polygon(const std::vector<std::pair<double, double>>& points, std::string_view css_class);
  // Marks are what the reader can step through with the arrow keys; `hint` is the hover text.
  void rect_mark(double x, double y, double width, double height, std::string_view css_class,
                 std::string_view hint);
  void circle_mark(double x, double y, double radius, std::string_view css_class,
                   std::string_view hint);

  double width() const { return width_; }
  double height() const { return height_; }
  std::size_t marks() const { return marks_; }
  std::string finish() &&;

 private:
  double width_, height_;
  std::size_t marks_ = 0;
  std::string out_;
};

// Linear map of [from, to] onto [low, high] pixels; an empty domain maps to low.
struct Scale {
  double from = 0, to = 1;
  double low = 0, high = 1;
  double operator()(double value) const {
    return to == from ? low : low + (value - from) / (to - from) * (high - low);
  }
};

// At most `count` round values (1, 2, 5 × 10^n) from 0 up to the first at or above `most`.
std::vector<double> round_ticks(double most, int count);
// The same in units that people expect of durations: seconds to years.
std::vector<double> duration_ticks(double most_seconds, int count);

struct TimeTick {
  Instant at{};
  std::string text;  // "2026", "Mar", "14", "06:00"
};
// Calendar-aligned ticks (UTC) inside [start, end]: years, quarters, months, days or hours.
// How many ticks a time axis of this width has room for.
int tick_count(double width);
std::vector<TimeTick> time_ticks(Instant start, Instant end, int count);

// The frame of a chart: plot area inside margins, y axis with grid, labels.
struct Frame {
  double left = 76, right = 12, top = 14, bottom = 30;
};
using Format = std::function<std::string(double)>;
void draw_y_axis(Svg& svg, const Frame& frame, const Scale& y, const std::vector<double>& ticks,
                 const Format& format);
void draw_time_axis(Svg& svg, const Frame& frame, const Scale& x, Instant start, Instant end);

}  // namespace backcast::reports
