"use strict";
// Everything readable is there without this script. It adds: stepping through the marks of a chart
// with the arrow keys, and zoomable lines. Texts from the scenario only ever become textContent.

// Arrow keys move among the marks of a focused chart; its text stands below the chart.
for (const figure of document.querySelectorAll("figure[data-marks]")) {
  const chart = figure.querySelector("svg[role=img]");
  const hint = figure.querySelector(".hint");
  const marks = Array.from(chart.querySelectorAll(".mark"));
  if (marks.length === 0) continue;
  const idle = hint.textContent;
  let at = -1;
  const show = (next) => {
    if (marks[at]) marks[at].classList.remove("current");
    at = next;
    if (marks[at]) marks[at].classList.add("current");
    hint.textContent = marks[at] ? marks[at].querySelector("title").textContent : idle;
  };
  chart.setAttribute("tabindex", "0");
  chart.addEventListener("keydown", (event) => {
    const last = marks.length - 1;
    const next = {
      ArrowRight: Math.min(at + 1, last), ArrowLeft: Math.max(at - 1, 0),
      Home: 0, End: last, Escape: -1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    show(next);
  });
  chart.addEventListener("pointerover", (event) => {
    const mark = event.target.closest(".mark");
    if (mark) show(marks.indexOf(mark));
  });
  chart.addEventListener("blur", () => show(-1));
}

const bytesText = (value) => {
  const units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${Number(value.toPrecision(4))} ${units[unit]}`;
};
const durationText = (seconds) => {
  const days = Math.floor(seconds / 86400), hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return hours > 0 ? `${days}d ${hours}h` : `${days}d`;
  if (hours > 0) return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`;
  return `${minutes}m`;
};
const numberText = (value) => String(Number(value.toPrecision(6)));
const FORMATS = { bytes: bytesText, seconds: durationText, count: numberText,
                  percent: (value) => `${numberText(value)} %` };

// Legend plugin and all its inline styles stay out: the page's policy refuses them, and names from
// the scenario only ever become textContent.
if (typeof Dygraph !== "undefined") {
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
}

// One zoomable drawing: drag, the buttons, or + - 0 and the arrow keys.
function zoomable(place, series) {
  series.at = series.values[0].map((value, row) => series.first + row * series.step);
  const css = getComputedStyle(document.documentElement);
  const color = (name) => css.getPropertyValue(name).trim();
  const format = FORMATS[series.unit];
  const day = 86400e3;
  const stamp = (at) => new Date(at).toISOString();
  // Dates as people write them in tables here; hours where the view is short.
  const date = (at, granularity, options, graph) => {
    const [from, until] = graph.xAxisRange();
    return until - from > 3 * day ? stamp(at).slice(0, 10)
      : `${stamp(at).slice(5, 10)} ${stamp(at).slice(11, 16)}`;
  };
  // Steps of time that people know, as few as leave at most seven.
  const steps = [1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 604800,
                 1209600, 2592000, 7776000, 31536000, 315360000];
  const durations = (low, high) => {
    const step = steps.find((one) => (high - low) / one <= 6) || steps[steps.length - 1];
    const ticks = [];
    for (let at = 0; at <= high; at += step) ticks.push({ v: at, label: format(at) });
    return ticks;
  };

  // What the lines say at the pointer, beside their colours.
  const legend = document.createElement("p");
  legend.className = "values";
  const told = [];
  const moment = document.createElement("span");
  legend.append(moment);
  series.names.forEach((name, i) => {
    const value = document.createElement("span"), swatch = document.createElement("i");
    swatch.style.background = color(`--c${i % 8}`);
    const text = document.createElement("span");
    value.append(swatch, text);
    legend.append(value);
    told.push({ name, text });
  });
  const tell = (row) => {
    moment.textContent = row === null ? "UTC"
      : `${stamp(series.at[row] * 1000).slice(0, 16).replace("T", " ")} UTC`;
    told.forEach(({ name, text }, i) => {
      const value = row === null ? null : series.values[i][row];
      text.textContent = value === null ? name : `${name}: ${format(value)}`;
    });
  };
  tell(null);
  if (series.limit !== undefined) {
    const limit = document.createElement("span"), swatch = document.createElement("i");
    swatch.className = "limit";
    limit.append(swatch, series.limitName);
    legend.append(limit);
  }
  place.append(legend);

  let highest = series.most;
  if (!(highest > 0)) {
    highest = 0;
    for (const line of series.values) for (const value of line) highest = Math.max(highest, value);
  }
  const rows = series.at.map((at, row) =>
    [new Date(at * 1000)].concat(series.values.map((line) => line[row])));
  const axis = { axisLineColor: color("--rule"), gridLineColor: color("--rule") };
  const plot = new Dygraph(place.querySelector(".plot"), rows, {
    height: 240, labelsUTC: true, stepPlot: true, strokeWidth: 2, legend: "never",
    // Labels must differ from each other; the legend says the names.
    labels: ["time"].concat(series.names.map((name, i) => `line ${i}`)),
    colors: series.names.map((name, i) => color(`--c${i % 8}`)),
    // What stands side by side has one scale, also while it is zoomed.
    valueRange: [0, highest > 0 ? highest * 1.06 : 1],
    axes: {
      x: { ...axis, axisLabelFormatter: date, axisLabelWidth: 90, pixelsPerLabel: 110 },
      y: { ...axis, axisLabelFormatter: format, axisLabelWidth: 80,
           ...(series.unit === "seconds" ? { ticker: durations } : {}) },
    },
    // The limit is no line that could be hovered.
    underlayCallback: (context, area, graph) => {
      if (series.limit === undefined) return;
      const y = graph.toDomYCoord(series.limit);
      context.save();
      context.strokeStyle = color("--bad");
      context.lineWidth = 2;
      context.setLineDash([7, 4]);
      context.beginPath();
      context.moveTo(area.x, y);
      context.lineTo(area.x + area.w, y);
      context.stroke();
      context.restore();
    },
    highlightCallback: (event, at, points, row) => tell(row),
    unhighlightCallback: () => tell(null),
    drawCallback: (graph) => {
      const [from, until] = graph.xAxisRange();
      place.dataset.span = String((until - from) / 1000);
    },
  });

  const first = series.at[0], last = series.at[series.at.length - 1];
  const view = (factor, shift) => {
    const [min, max] = plot.xAxisRange().map((at) => at / 1000);
    const half = Math.min((max - min) * factor, last - first) / 2;
    const middle = (min + max) / 2 + shift * (max - min);
    const center = Math.min(Math.max(middle, first + half), last - half);
    plot.updateOptions({ dateWindow: [(center - half) * 1000, (center + half) * 1000] });
  };
  const act = { "+": () => view(0.5, 0), "-": () => view(2, 0), "0": () => view(Infinity, 0),
                ArrowLeft: () => view(1, -0.25), ArrowRight: () => view(1, 0.25) };
  for (const button of place.querySelectorAll("button")) {
    button.addEventListener("click", () => act[button.dataset.key]());
  }
  place.querySelector(".plot").addEventListener("keydown", (event) => {
    if (!act[event.key]) return;
    event.preventDefault();
    act[event.key]();
  });
}

if (typeof Dygraph !== "undefined") {
  const all = JSON.parse(document.getElementById("series").textContent);
  for (const place of document.querySelectorAll(".zoom[data-series]")) {
    const series = all[place.dataset.series];
    if (!series) continue;
    place.hidden = false;
    // Each line is drawn once: here instead of above. Paper keeps the drawing.
    if ("instead" in place.dataset) place.closest("figure").classList.add("zoomed");
    zoomable(place, series);
  }
}
document.documentElement.dataset.ready = "yes";
