// Opens the page of an outage in a browser as visitors see it: phone and desktop, light and dark, with axe-core's rules.
//
//     node check.mjs PAGES HTTP_PAGES TEMPLATE SCREENSHOTS REPORTS
//
// The reports of `pointsman report --html` are checked as well: REPORTS is the folder with the snapshots of their tests.
//
// PAGES and HTTP_PAGES are folders that tools/site.py wrote, without and with --http. The server below answers as CloudFront does
// with the headers of TEMPLATE. The browser is the program that POINTSMAN_CHROMIUM names, else the pinned one of package.json, else
// one that is installed. Without any, the check is skipped, and says so; in CI it fails.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

import pinned from "@sparticuz/chromium";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [pages, httpPages, template, screenshots, reports] = process.argv.slice(2);
const WIDTHS = { phone: { width: 375, height: 740 }, desktop: { width: 1280, height: 800 } };
const LARGEST_PAGE = 10_000;
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
// Every rule but those that axe-core calls experimental, the strictest level of WCAG included.
const RULES = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/** The headers that a response headers policy of the template adds. */
function headersOf(policy) {
  const text = readFileSync(template, "utf8");
  const block = text.split(`\n  ${policy}:\n`)[1].split(/\n  \S/)[0];
  const custom = [...block.matchAll(/\{ Header: ([\w-]+), Value: "?([^",}]+)"?, Override: true \}/g)];
  const security = block.match(/ContentSecurityPolicy: (default-src .*)/)[1];
  return { ...Object.fromEntries(custom.map(([, name, value]) => [name, value])), "Content-Security-Policy": security };
}

/** A site that is down: each path is the page, with status 503, but for still.html. `back` ends the outage. */
function outage({ folder, refresh, sendsHeaders = true }) {
  const state = { back: false, requests: [] };
  const server = createServer((request, response) => {
    state.requests.push(request.url);
    if (state.back) {
      response.writeHead(200, { "Content-Type": "text/html" }).end("<title>Shop</title><h1>The shop</h1>");
      return;
    }
    const isStill = request.url === "/still.html";
    const headers = sendsHeaders ? headersOf(isStill ? "StillHeaders" : "PageHeaders") : {};
    if (headers.Refresh && refresh) headers.Refresh = refresh;
    response.writeHead(isStill ? 200 : 503, { "Content-Type": "text/html; charset=utf-8", ...headers });
    response.end(readFileSync(path.join(folder, isStill ? "still.html" : "index.html")));
  });
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve({ ...{ state, server }, address: `http://127.0.0.1:${server.address().port}` })),
  );
}

async function violations(page) {
  await page.evaluate(axe.source);
  const result = await page.evaluate((rules) => window.axe.run({ runOnly: rules }), RULES);
  assert.ok(result.passes.length > 15, `axe-core applied ${result.passes.length} rules only`);
  return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

/** Whether nothing is cut off with text of twice the size. */
async function fits(page) {
  await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), "32px");
  const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= width, `${content} pixels in ${width}`);
}

const checks = {
  async "each page is small, and has no script"() {
    for (const name of ["index.html", "still.html"]) {
      const size = statSync(path.join(pages, name)).size;
      assert.ok(size < LARGEST_PAGE, `${name} has ${size} bytes`);
      assert.doesNotMatch(readFileSync(path.join(pages, name), "utf8"), /<script|\son\w+=|https?:\/\//i);
    }
  },

  async "both pages have one style and one status line"() {
    const parts = ["index.html", "still.html"].map((name) => {
      const text = readFileSync(path.join(pages, name), "utf8");
      return [/<style>[^]*<\/style>/, /<p id="status".*/].map((part) => text.match(part)[0]);
    });
    assert.deepEqual(parts[0], parts[1]);
  },

  async "CloudFront's headers refresh the page every minute, and cache it nowhere"() {
    const headers = headersOf("PageHeaders");
    assert.equal(headers.Refresh, "60");
    assert.equal(headers["Cache-Control"], "no-store");
    const still = headersOf("StillHeaders");
    assert.equal(still.Refresh, undefined);
    assert.equal(still["Cache-Control"], "no-store");
  },

  async "both pages pass axe-core at each width, light and dark"(browser) {
    const { state, server, address } = await outage({ folder: pages });
    mkdirSync(screenshots, { recursive: true });
    const backgrounds = new Set();
    for (const [device, viewport] of Object.entries(WIDTHS)) {
      for (const colorScheme of ["light", "dark"]) {
        for (const name of ["index", "still"]) {
          const context = await browser.newContext({ viewport, colorScheme });
          const page = await context.newPage();
          const response = await page.goto(name === "still" ? `${address}/still.html` : `${address}/cart/42?step=2`);
          assert.equal(response.status(), name === "still" ? 200 : 503);
          assert.deepEqual(await violations(page), [], `${name}, ${device}, ${colorScheme}`);
          backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
          if (name === "index") {
            await page.screenshot({ path: path.join(screenshots, `outage-page-${device}-${colorScheme}.png`), fullPage: true });
          }
          await context.close();
        }
      }
    }
    assert.equal(backgrounds.size, 2, "light and dark differ");
    assert.equal(state.requests.length, 8, `each page is one request: ${state.requests}`);
    server.close();
  },

  async "a screen reader finds the parts of the page"(browser) {
    const { server, address } = await outage({ folder: pages });
    const page = await browser.newPage();
    await page.goto(address);
    assert.equal(await page.getByRole("main").count(), 1);
    assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "This site is not available right now");
    assert.notEqual((await page.getByRole("status").innerText()).trim(), "");
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Try again now");
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
    await page.close();
    server.close();
  },

  async "a status is shown as it was written, and nothing is cut off on a narrow phone"(browser) {
    const status = `We move to our <b>second</b> data centre, and expect to be "back" at 14:00 & not later`;
    const folder = path.join(screenshots, "../status");
    execFileSync(process.env.PYTHON || "python3", [path.join(path.dirname(template), "../tools/site.py"), folder, "--status", status]);
    const { server, address } = await outage({ folder });
    const page = await browser.newPage({ viewport: { width: 320, height: 600 } });
    for (const name of ["", "still.html"]) {
      await page.goto(`${address}/${name}`);
      assert.ok((await page.getByRole("status").innerText()).startsWith(`${status} (`));
      assert.deepEqual(await violations(page), []);
      await fits(page);
    }
    await page.close();
    server.close();
  },

  async "the page takes its visitor back to the path that was asked for"(browser) {
    const { state, server, address } = await outage({ folder: pages, refresh: "1" });
    const page = await browser.newPage();
    await page.goto(`${address}/cart/42?step=2`);
    state.back = true;
    await page.getByRole("heading", { name: "The shop" }).waitFor({ timeout: 10_000 });
    assert.equal(page.url(), `${address}/cart/42?step=2`);
    await page.close();
    server.close();
  },

  async "a visitor can stop the refresh, and try again by hand"(browser) {
    const { state, server, address } = await outage({ folder: pages, refresh: "5" });
    const page = await browser.newPage();
    await page.goto(address);
    await page.getByRole("link", { name: "Stop refreshing" }).click();
    await page.waitForURL(`${address}/still.html`);
    const before = state.requests.length;
    await page.waitForTimeout(6_000);
    assert.equal(state.requests.length, before, "still.html asks for nothing");
    state.back = true;
    await page.getByRole("link", { name: "Try again now" }).click();
    await page.getByRole("heading", { name: "The shop" }).waitFor({ timeout: 10_000 });
    assert.equal(page.url(), `${address}/`);
    await page.close();
    server.close();
  },

  async "the reports pass axe-core, fit a phone, and print on at most two pages"(browser) {
    const snapshots = readdirSync(reports).filter((name) => name.includes("_page_of_") && name.endsWith(".snap"));
    assert.ok(snapshots.length >= 2, `${snapshots}`);
    for (const name of snapshots) {
      // A snapshot has a header between two lines of dashes.
      const html = readFileSync(path.join(reports, name), "utf8").split(/^---$/m).slice(2).join("---").trim();
      for (const viewport of Object.values(WIDTHS)) {
        const page = await browser.newPage({ viewport });
        await page.setContent(html);
        assert.deepEqual(await violations(page), [], name);
        const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(content <= width, `${name}: ${content} pixels in ${width}`);
        const printed = (await page.pdf({ format: "A4" })).toString("latin1").match(/\/Type\s*\/Page\b/g);
        assert.ok(printed.length <= 2, `${name}: ${printed.length} pages`);
        await page.screenshot({ path: path.join(screenshots, `report-${snapshots.indexOf(name)}-${viewport.width}.png`), fullPage: true });
        await page.close();
      }
    }
  },

  // The link to still.html is the way to turn the refresh off that WCAG 2.2.1 asks for; axe-core cannot see that.
  async "without CloudFront the page refreshes by an element of its own, which alone breaks a rule"(browser) {
    const { server, address } = await outage({ folder: httpPages, sendsHeaders: false });
    const page = await browser.newPage();
    await page.goto(address);
    assert.equal(await page.locator('meta[http-equiv="refresh"]').getAttribute("content"), "60");
    const found = (await violations(page)).map((violation) => violation.split(":")[0]);
    assert.deepEqual(found.sort(), ["meta-refresh"]);
    assert.equal(await page.getByRole("link", { name: "Stop refreshing" }).count(), 1);
    await page.goto(`${address}/still.html`);
    assert.equal(await page.locator('meta[http-equiv="refresh"]').count(), 0);
    await page.close();
    server.close();
  },
};

/** The first browser that starts. */
async function start() {
  const named = process.env.POINTSMAN_CHROMIUM;
  const isPinnedFor = process.platform === "linux" && process.arch === "x64";
  const programs = named ? [named] : ["chromium", "chromium-browser", "google-chrome"];
  if (!named && isPinnedFor) programs.unshift(await pinned.executablePath());
  const reasons = [];
  for (const program of programs) {
    try {
      const executablePath = program.includes("/") ? program : execFileSync("which", [program], { encoding: "utf8" }).trim();
      return await chromium.launch({ executablePath, args: ARGUMENTS });
    } catch (error) {
      reasons.push(`${program}: ${error.message.split("\n")[0]}`);
    }
  }
  console.log(`${process.env.CI ? "FAILED" : "skipped"}: no browser starts; set POINTSMAN_CHROMIUM. ${reasons.join("; ")}`);
  process.exit(process.env.CI ? 1 : 0);
}

const browser = await start();
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check(browser);
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.message}`);
  }
}
await browser.close();
console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
