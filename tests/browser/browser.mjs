// What every browser test shares: a headless Chromium that talks to nobody, and a page that
// records everything that should not happen.
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]
  .find(existsSync);
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
              "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export async function withBrowser(work) {
  if (!executablePath) throw new Error("no Chromium found: ./run test installs it");
  const browser = await chromium.launch({ executablePath, headless: true, args });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

// Opens a report; `page.troubles` collects console errors, exceptions, breaches of the content
// security policy and requests to anywhere but the file itself.
export async function open(browser, file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, ...options });
  const page = await context.newPage();
  const url = pathToFileURL(path.resolve(file)).href;
  page.troubles = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.troubles.push(message.text());
  });
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("dialog", (dialog) => { page.troubles.push("dialog"); dialog.dismiss(); });
  page.on("request", (request) => {
    if (request.url() !== url) page.troubles.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  if (options.javaScriptEnabled !== false) {
    await page.waitForSelector("html[data-ready=yes]", { timeout: 60000 });
  }
  return page;
}

// Pictures for people to look at; one per page, theme and size.
export async function picture(page, name) {
  const folder = process.env.BACKCAST_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
