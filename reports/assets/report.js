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
const FORMATS = { bytes: bytesText, seconds: durationText };

// One zoomable drawing: drag, the buttons, or + - 0 and the arrow keys.
function zoomable(place, series) {
  const css = getComputedStyle(document.documentElement);
  const color = (name) => css.getPropertyValue(name).trim();
  const format = FORMATS[series.unit];
  const text = (u, value) => (value === null || value === undefined ? "" : format(value));
  const axis = { stroke: color("--faint"), grid: { stroke: color("--rule") },
                 ticks: { stroke: color("--rule") } };
  // Dates as people write them in tables here; hours where the view is short.
  const dates = (u, values) => values.map((value) => {
    const text = new Date(value * 1000).toISOString();
    return u.scales.x.max - u.scales.x.min > 3 * 86400 ? text.slice(0, 10)
      : `${text.slice(5, 10)} ${text.slice(11, 16)}`;
  });
  const seconds = [1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 43200, 86400, 172800, 604800,
                   1209600, 2592000, 7776000, 31536000, 315360000];
  const utc = (u, value) => (value === null || value === undefined ? ""
    : new Date(value * 1000).toISOString().slice(0, 16).replace("T", " "));
  const width = () => Math.max(place.clientWidth, 280);
  const plot = new uPlot({
    width: width(), height: 240, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
    hooks: { setScale: [(u, key) => {
      if (key === "x") place.dataset.span = String(u.scales.x.max - u.scales.x.min);
    }] },
    axes: [{ ...axis, space: 110, values: dates },
           { ...axis, size: 80, values: (u, values) => values.map((v) => text(u, v)),
             ...(series.unit === "seconds" ? { incrs: seconds } : {}) }],
    // What stands side by side has one scale, also while it is zoomed.
    scales: { y: { range: (u, low, high) => {
      const most = series.most > 0 ? series.most : high;
      return [0, most > 0 ? most * 1.06 : 1];
    } } },
    series: [{ label: "UTC", value: utc }].concat(series.names.map((name, i) => ({
      label: name, stroke: color(`--c${i % 8}`), width: 2, value: text,
      paths: uPlot.paths.stepped({ align: 1 }),
    }))),
  }, [series.at].concat(series.values), place.querySelector(".plot"));

  const first = series.at[0], last = series.at[series.at.length - 1];
  const view = (factor, shift) => {
    const { min, max } = plot.scales.x;
    const half = Math.min((max - min) * factor, last - first) / 2;
    const middle = (min + max) / 2 + shift * (max - min);
    const center = Math.min(Math.max(middle, first + half), last - half);
    plot.setScale("x", { min: center - half, max: center + half });
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
  window.addEventListener("resize", () => plot.setSize({ width: width(), height: 240 }));
}

if (typeof uPlot !== "undefined") {
  const all = JSON.parse(document.getElementById("series").textContent);
  for (const place of document.querySelectorAll(".zoom[data-series]")) {
    const series = all[place.dataset.series];
    if (!series) continue;
    place.hidden = false;
    zoomable(place, series);
  }
}
document.documentElement.dataset.ready = "yes";
