// The HTML report in a real browser. Run by ctest (label browser) with the folder of the reports
// that report_sample wrote as BACKCAST_REPORTS.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readdirSync } from "node:fs";
import path from "node:path";
import { open, picture, withBrowser } from "./browser.mjs";

const folder = process.env.BACKCAST_REPORTS;
const report = (name) => path.join(folder, `${name}.html`);
let browser, close;

before(async () => {
  await new Promise((ready, broken) => {
    withBrowser(async (opened) => {
      browser = opened;
      await new Promise((done) => { close = done; ready(); });
    }).catch(broken);
  });
});
after(() => close());

test("every chart is there with as many marks as it says, and nothing complains", async () => {
  const page = await open(browser, report("daily"));
  const figures = await page.$$eval("figure", (all) => all.map((figure) => ({
    id: figure.id, said: Number(figure.dataset.marks),
    found: figure.querySelectorAll("svg .mark").length,
    titled: figure.querySelectorAll("svg .mark > title").length,
    rows: figure.querySelectorAll("tbody tr").length,
  })));
  assert.deepEqual(figures.map((figure) => figure.id),
    ["r0-timeline", "r0-require-rpo", "r0-require-quota", "r0-age", "r0-stored", "r0-cost",
     "r0-quota", "r0-queue"]);
  for (const figure of figures) {
    assert.equal(figure.found, figure.said, figure.id);
    assert.equal(figure.titled, figure.said, figure.id);
    assert.ok(figure.rows > 0, `${figure.id} has a table`);
  }
  assert.equal(figures[0].said, 119);  // 60 backups, 59 copies
  assert.deepEqual(page.troubles, []);
  await picture(page, "daily-light");
});

test("the keyboard reaches the verdict, the marks, the tables and the zoom", async () => {
  const page = await open(browser, report("daily"));
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => location.hash), "#verdict");

  const chart = page.locator("#r0-timeline .drawing > svg");
  const hint = page.locator("#r0-timeline .hint");
  const titles = await page.$$eval("#r0-timeline .mark title",
    (all) => all.map((title) => title.textContent));
  await chart.focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await hint.textContent(), titles[0]);
  await page.keyboard.press("ArrowRight");
  assert.equal(await hint.textContent(), titles[1]);
  await page.keyboard.press("End");
  assert.equal(await hint.textContent(), titles.at(-1));
  assert.equal(await page.locator("#r0-timeline .mark.current").count(), 1);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#r0-timeline .mark.current").count(), 0);

  const fold = page.locator("#r0-timeline details");
  await fold.locator("summary").focus();
  await page.keyboard.press("Enter");
  assert.ok(await fold.evaluate((details) => details.open));

  const zoom = page.locator("#r0-require-rpo .zoom");
  const span = () => zoom.evaluate((place) => Number(place.dataset.span));
  const whole = await span();
  await page.locator("#r0-require-rpo .plot").focus();
  await page.keyboard.press("+");
  await page.waitForFunction((w) => Number(
    document.querySelector("#r0-require-rpo .zoom").dataset.span) < w, whole);
  assert.ok(Math.abs(await span() - whole / 2) < whole / 100);
  await page.keyboard.press("0");
  await page.waitForFunction((w) => Number(
    document.querySelector("#r0-require-rpo .zoom").dataset.span) === w, whole);
  assert.deepEqual(page.troubles, []);

  // Everything that can be pressed can be reached, and shows that it has the focus.
  const unreachable = await page.$$eval("a, button, summary, svg[role=img]", (all) =>
    all.filter((one) => one.tabIndex < 0).length);
  assert.equal(unreachable, 0);
});

test("the pointer reads the zoomable lines, and dragging zooms them", async () => {
  const page = await open(browser, report("daily"));
  const zoom = page.locator("#r0-stored .zoom");
  await zoom.scrollIntoViewIfNeeded();
  const box = await zoom.locator(".plot").boundingBox();
  const at = (share) => [box.x + box.width * share, box.y + 100];
  await page.mouse.move(...at(0.5));
  await page.waitForFunction(() =>
    /: [\d.]+ [kMGT]?B/.test(document.querySelector("#r0-stored .values").textContent));
  assert.match(await zoom.locator(".values").textContent(), /^\d{4}-\d\d-\d\d \d\d:\d\d UTC/);
  const span = () => zoom.evaluate((place) => Number(place.dataset.span));
  const whole = await span();
  await page.mouse.down();
  await page.mouse.move(...at(0.6), { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction((w) => Number(
    document.querySelector("#r0-stored .zoom").dataset.span) < w / 4, whole);
  assert.deepEqual(page.troubles, []);
});

test("hostile names in every string field stay text", async () => {
  const page = await open(browser, report("hostile"));
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(await page.locator("img, iframe, object, embed, link, base").count(), 0);
  assert.equal(await page.locator("script").count(), 2);
  assert.match(await page.locator("h1").textContent(), /<\/script><script>window\.pwned=1/);
  for (const mark of await page.locator("figure .drawing > svg").all()) {
    await mark.focus();
    await page.keyboard.press("ArrowRight");
  }
  await page.locator("#r0-timeline .drawing > svg").focus();
  await page.keyboard.press("End");
  assert.match(await page.locator("#r0-timeline .hint").textContent(), /<\/script><script>/);
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  const handlers = await page.$$eval("*", (all) => all.flatMap((one) => one.getAttributeNames())
    .filter((name) => name.startsWith("on")).length);
  assert.equal(handlers, 0);
  assert.deepEqual(page.troubles, []);
  await picture(page, "hostile");
});

test("injected script and style are refused by the page's policy", async () => {
  const page = await open(browser, report("daily"));
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.pwned = 1";
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.ok(page.troubles.length > 0, "the policy must have complained");
});

test("text has enough contrast in light, dark and print", async () => {
  for (const [theme, media] of [["light", "screen"], ["dark", "screen"], ["dark", "print"]]) {
    const page = await open(browser, report("daily"), { colorScheme: theme });
    await page.emulateMedia({ media, colorScheme: theme });
    const faint = await page.evaluate(() => {
      const channel = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      const luminance = (color) => {
        const [r, g, b] = color.match(/[\d.]+/g).map((v) => channel(Number(v) / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a, b) => {
        const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
        return (x + 0.05) / (y + 0.05);
      };
      const paper = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor;
          if (!color.endsWith(", 0)")) return color;
        }
        return "rgb(255, 255, 255)";
      };
      const found = [];
      for (const element of document.querySelectorAll(
        "h1, h2, h3, p, td, th, li, summary, figcaption, svg text, .card *, .badge")) {
        const style = getComputedStyle(element);
        const ink = element.closest("svg") ? style.fill : style.color;
        const ratio = contrast(ink, paper(element));
        if (ratio < 4.5) found.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
      }
      return found;
    });
    assert.deepEqual([...new Set(faint)], [], `${theme} ${media}`);
    await picture(page, `daily-${theme}-${media}`);
    await page.context().close();
  }
});

test("without script, and on a narrow screen, everything readable is still there", async () => {
  const plain = await open(browser, report("daily"), { javaScriptEnabled: false });
  assert.equal(await plain.locator("figure .drawing > svg:visible").count(), 8);
  assert.equal(await plain.locator(".zoom:visible").count(), 0);
  const narrow = await open(browser, report("daily"), { viewport: { width: 390, height: 800 } });
  const overflow = await narrow.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px too wide`);
  await picture(narrow, "daily-narrow");
});

test("each line is drawn once: what can be zoomed takes the place of the drawing", async () => {
  const page = await open(browser, report("daily"));
  const drawn = (id) => page.locator(`#r0-${id} .drawing:visible, #r0-${id} .zoom:visible`).count();
  for (const id of ["require-rpo", "require-quota", "age", "quota", "queue"]) {
    assert.equal(await drawn(id), 1, id);
    assert.equal(await page.locator(`#r0-${id} .zoom:visible`).count(), 1, id);
  }
  assert.equal(await drawn("stored"), 2, "months beside moments");
  const limits = await page.$$eval(".zoom .values", (all) => all.map((one) => one.textContent));
  assert.ok(limits.some((text) => text.includes("at most 1d 2h")), limits.join("; "));
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.locator(".zoom:visible").count(), 0);
  assert.equal(await page.locator("figure .drawing:visible").count(), 8);
});

test("a report without its data is smaller than 300 kB", async () => {
  const page = await open(browser, report("daily"));
  const bytes = await page.evaluate(() => {
    const copy = document.documentElement.cloneNode(true);
    copy.querySelectorAll("#series, figure, tbody").forEach((one) => one.remove());
    return new TextEncoder().encode(copy.outerHTML).length;
  });
  assert.ok(bytes < 300e3, `${bytes} bytes`);
});

test("paper of A4 cuts nothing off, and rows and charts stay whole", async () => {
  for (const name of ["daily", "compare", "hostile"]) {
    const page = await open(browser, report(name));
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 703, height: 1032 });  // 186 mm of 210
    const found = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      cut: Array.from(document.querySelectorAll("table, svg, pre, .card"))
        .filter((one) => one.getBoundingClientRect().right > 704).length,
      torn: Array.from(document.querySelectorAll("tr, figure, .card"))
        .filter((one) => getComputedStyle(one).breakInside !== "avoid").length,
      heads: Array.from(document.querySelectorAll("thead"))
        .filter((one) => getComputedStyle(one).display !== "table-header-group").length,
      tall: Array.from(document.querySelectorAll("figure"))
        .filter((one) => one.getBoundingClientRect().height > 1032).length,
    }));
    assert.deepEqual(found, { wide: 703, cut: 0, torn: 0, heads: 0, tall: 0 }, name);
    const paper = (await page.pdf({ preferCSSPageSize: true })).toString("latin1");
    assert.match(paper, /MediaBox\s*\[0 0 59[45][.\d]* 841/, `${name} is A4`);
    await page.context().close();
  }
});

test("every shipped scenario has a report that is complete and quiet", async () => {
  const files = readdirSync(path.join(folder, "shipped"));
  assert.ok(files.length > 0);
  for (const file of files) {
    const page = await open(browser, path.join(folder, "shipped", file));
    const figures = await page.$$eval("figure", (all) => all.map((figure) => ({
      id: figure.id, said: Number(figure.dataset.marks),
      found: figure.querySelectorAll(".drawing .mark").length,
    })));
    assert.ok(figures.length >= 2, `${file} has charts`);
    for (const figure of figures) assert.equal(figure.found, figure.said, `${file} ${figure.id}`);
    const strayed = await page.$$eval(".drawing", (all) => all.flatMap((drawing) => {
      const frame = drawing.querySelector("svg").getBoundingClientRect();
      return Array.from(drawing.querySelectorAll("text, .mark")).filter((one) => {
        const box = one.getBoundingClientRect();
        return box.left < frame.left - 2 || box.right > frame.right + 2
          || box.top < frame.top - 2 || box.bottom > frame.bottom + 2;
      }).map((one) => one.textContent);
    }));
    assert.deepEqual(strayed, [], `${file}: nothing is drawn outside its chart`);
    assert.deepEqual(page.troubles, [], file);
    await picture(page, `shipped-${path.parse(file).name}`);
    await page.context().close();
  }
});

test("a sweep shows its heat map and its front", async () => {
  const page = await open(browser, report("sweep"));
  assert.equal(await page.locator("#heat .drawing .mark").count(), 12);
  assert.equal(await page.locator("#front .drawing .mark").count(), 10);
  await page.locator("#heat .drawing > svg").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#heat .hint").textContent(),
    "backups a day 1, days kept 7: 1.10 USD");
  assert.deepEqual(page.troubles, []);
  await picture(page, "sweep");
});

test("two policies stand side by side", async () => {
  const page = await open(browser, report("compare"));
  const left = await page.locator("#r0-stored").boundingBox();
  const right = await page.locator("#r1-stored").boundingBox();
  assert.ok(right.x >= left.x + left.width && Math.abs(left.y - right.y) < 2);
  assert.match(await page.locator("#comparison").textContent(), /-1\.20/);
  assert.deepEqual(page.troubles, []);
  await picture(page, "compare");
});

test("a fleet of 5,000 services over 10 years stays a page", async () => {
  const page = await open(browser, report("fleet"));
  const timing = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    const elements = document.querySelectorAll("*").length;
    return { shown_ms: Math.round(navigation.loadEventEnd), elements };
  });
  console.log(`fleet report: shown after ${timing.shown_ms} ms, ${timing.elements} elements`);
  // What makes it quick is that nothing grows with the number of services.
  assert.ok(timing.elements < 8000, `${timing.elements} elements`);
  assert.deepEqual(page.troubles, []);
  await picture(page, "fleet");
});

const verbs = (name) => path.join(folder, "verbs", `${name}.html`);

test("replications give each month its interval, and the budget its verdict", async () => {
  const page = await open(browser, verbs("replicated"));
  const verdict = await page.locator("#verdict").textContent();
  assert.match(verdict, /5 % to 95 %: [\d.]+ to [\d.]+ over 20 replications/);
  const months = await page.locator("#r0-cost tbody tr").count();
  assert.equal(months, 6);
  // A whisker is a stroke with a foot and a head, in every month.
  assert.equal(await page.locator("#r0-cost .drawing line.band").count(), 3 * months);
  const why = await page.locator("#why").textContent();
  assert.match(why, /Budget: first over budget in 2026-\d\d at the median/);
  assert.deepEqual(page.troubles, []);
  await picture(page, "replicated");
});

test("two policies that ran have one scale, and their bills differ charge by charge", async () => {
  const page = await open(browser, verbs("compare_runs"));
  for (const chart of ["stored", "cost"]) {
    const ticks = (side) => page.$$eval(`#${side}-${chart} .drawing text`, (all) =>
      all.filter((one) => one.getAttribute("text-anchor") === "end")
        .map((one) => one.textContent).filter((text) => !text.startsWith("RPO")));
    assert.deepEqual(await ticks("r0"), await ticks("r1"), chart);
  }
  const most = await page.evaluate(() => {
    const series = JSON.parse(document.getElementById("series").textContent);
    return [series["r0-stored"].most, series["r1-stored"].most];
  });
  assert.ok(most[0] > 0 && most[0] === most[1], `the zoomed lines too: ${most}`);
  const rows = await page.$$eval("#comparison table", (tables) =>
    Array.from(tables[1].querySelectorAll("tbody tr"), (row) =>
      Array.from(row.children, (cell) => cell.textContent)));
  const amount = (text) => Number(text.replaceAll(",", "").replace("\u2212", "-"));
  for (const [charge, left, right, difference] of rows) {
    assert.ok(Math.abs(amount(right) - amount(left) - amount(difference)) < 0.011, charge);
  }
  assert.equal(rows.at(-1)[0], "total");
  assert.deepEqual(page.troubles, []);
  await picture(page, "compare-runs");
});

test("a sweep over storage classes draws its heat map and what each setting does", async () => {
  const page = await open(browser, verbs("sweep_classes"));
  assert.equal(await page.locator("#heat-0-1 .drawing .mark").count(), 9);
  assert.equal(await page.locator("#effect-0 .drawing .mark").count(), 3);
  assert.equal(await page.locator("#effect-1 .drawing .mark").count(), 3);
  const cells = await page.$$eval("#heat-0-1 .mark title", (all) =>
    all.map((one) => one.textContent));
  const cost = (days, name) => Number(cells.find((text) =>
    text.includes(`retention_days ${days},`) && text.includes(`store/class ${name}:`))
    .split(": ")[1].replace(/[^\d.]/g, ""));
  assert.ok(cost(7, "S3 Glacier Deep Archive") > cost(7, "S3 Standard"), "the trap");
  assert.ok(cost(90, "S3 Glacier Deep Archive") < cost(90, "S3 Standard"));
  assert.deepEqual(page.troubles, []);
  await picture(page, "sweep-classes");
});

test("a search shows every candidate and the front", async () => {
  const page = await open(browser, verbs("optimize_classes"));
  assert.equal(await page.locator("#front .drawing .mark").count(), 6);
  assert.ok(await page.locator("#front tbody tr").count() === 6);
  assert.deepEqual(page.troubles, []);
  await picture(page, "optimize-classes");
});
