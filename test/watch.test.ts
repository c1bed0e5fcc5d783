/** The page of `longtail watch` in a real browser: while a training runs, of several runs, wide and narrow, light and dark. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { writeToyData, toyRecipe } from "../src/training/toy.fixture.js";
import { serveWatch, type WatchServer } from "../src/watch/server/listen.js";
import { endEvent, evaluationEvent, stepEvent, toyRuns, type ToyRuns } from "../src/watch/watch.fixture.js";
import { findChromium, openChromium } from "./support/chromium.js";

const executable = findChromium();
const why = executable === undefined ? " (skipped: no Chromium on the PATH, nor in CHROMIUM_PATH)" : "";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const root = join(import.meta.dirname, "..");

describe.skipIf(executable === undefined)(`the page of longtail watch in Chromium${why}`, () => {
  let browser: Browser;
  let runs: ToyRuns;
  let server: WatchServer;
  beforeAll(async () => {
    execFileSync(process.execPath, ["scripts/build-web.mjs"], { cwd: root, stdio: "ignore" });
    browser = await openChromium(executable!);
    runs = threeRuns();
    server = await serve();
  });
  afterAll(async () => {
    await server.close();
    await browser.close();
    runs[Symbol.dispose]();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  async function serve(port = 0): Promise<WatchServer> {
    return serveWatch({ folder: runs.path, host: "127.0.0.1", port });
  }

  async function open(width = 1280, colorScheme: "light" | "dark" = "light", hash = ""): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.goto(server.address + hash);
    await page.locator("figure").first().waitFor();
    return page;
  }

  const names = (page: Page): Promise<string[]> => page.locator("tbody .name button").allTextContents();
  const figure = (page: Page, title: string): Locator =>
    page.locator("figcaption").getByText(title, { exact: true });
  const titles = (page: Page): Promise<string[]> => page.locator("figcaption").allTextContents();

  test("shows the runs, and the newest one's curves, facts and log", async () => {
    const page = await open();
    expect(await names(page)).toEqual(["going", "ce", "ncl"]);
    expect(await titles(page)).toEqual([
      "Training loss",
      "Accuracy, by group (test images)",
      "Learning rate",
      "Images a second",
    ]);
    expect(await page.locator("canvas").count()).toBe(4);
    expect(await page.getByRole("img", { name: /^Accuracy, by group/ }).getAttribute("aria-label")).toContain(
      "few 10.0 %",
    );
    expect(await page.getByLabel("Log of going").textContent()).toBe("a line of the log");
    expect(await page.title()).toBe("1 running · longtail watch");
  });

  test("tells a plot's numbers in a table", async () => {
    const page = await open();
    await page.getByText("Numbers: Accuracy, by group").click();
    const table = page.getByRole("region", { name: /^Numbers: Accuracy/ });
    expect(await table.locator("tbody tr").last().innerText()).toMatch(
      /^1\s+30\.0 %\s+50\.0 %\s+30\.0 %\s+10\.0 %$/,
    );
  });

  test("lays the curves of ticked runs over one another, and keeps them in the address", async () => {
    const page = await open();
    await page.getByLabel("show ncl").check();
    await figure(page, "Accuracy, few classes (test images)").waitFor();
    expect(await page.locator("article h3").allTextContents()).toEqual(["going", "ncl"]);
    const loss = page.locator("figure", { hasText: "Training loss" });
    await loss.locator("li").nth(1).waitFor(); // the second run's curve is fetched
    expect(await loss.locator("li").allTextContents()).toHaveLength(2);
    expect(new URL(page.url()).hash).toBe("#run=going&run=ncl");
    const again = await open(1280, "light", "#run=going&run=ncl");
    expect(await again.locator("article h3").allTextContents()).toEqual(["going", "ncl"]);
    await page.getByRole("button", { name: "ce" }).click();
    await figure(page, "Accuracy, by group (test images)").waitFor();
    await page.goBack();
    await figure(page, "Accuracy, few classes (test images)").waitFor();
  });

  test("sorts by a click on a column's head, and searches", async () => {
    const page = await open();
    const head = page.getByRole("button", { name: "few" });
    await head.click();
    expect(await names(page)).toEqual(["ncl", "going", "ce"]);
    await head.click();
    expect(await names(page)).toEqual(["ce", "going", "ncl"]);
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
    await page.getByLabel("Search").fill("FINISHED");
    expect(await names(page)).toEqual(["ce", "ncl"]);
    expect(await page.getByText("2 of 3").isVisible()).toBe(true);
  });

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("is accessible and fits at %i pixels, %s", async (width, scheme) => {
    const page = await open(width, scheme, "#run=going&run=ncl");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await barriers(page)).toEqual([]);
  });

  test("says when the server is gone, and goes on when it is back", async () => {
    const page = await open();
    const port = Number(new URL(server.address).port);
    await server.close();
    await page.getByText("The server does not answer").waitFor();
    runs.events("going", stepEvent(1, 77));
    server = await serve(port);
    await page.getByText("1/10 77 %").first().waitFor();
    await page.getByText("live", { exact: true }).waitFor();
  });

  test("a training that runs: it comes up, its curves grow, it ends", async () => {
    const training = train(runs.path);
    try {
      const page = await open(1280, "light", "#run=real");
      await page.locator("tr", { hasText: "real" }).getByText("running").waitFor();
      await figure(page, "Processor cores busy").waitFor();
      const epoch = page.locator("article dd").filter({ hasText: /^\d+\/100000/ });
      const before = (await epoch.textContent()) ?? "";
      await page
        .locator("article dd")
        .filter({ hasText: /^\d+\/100000/, hasNotText: before })
        .waitFor();
      expect(await barriers(page)).toEqual([]);
      training.kill("SIGTERM");
      await page.locator("tr", { hasText: "real" }).getByText("interrupted").waitFor();
      expect(await page.getByLabel("Log of real").textContent()).toContain("epoch 1/");
    } finally {
      training.kill("SIGKILL");
    }
  });
});

/** What axe finds. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate<string[]>(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
  );
}

/** Two runs that have ended and one, of another machine, that goes on. */
function threeRuns(): ToyRuns {
  const runs = toyRuns();
  for (const [id, accuracy] of [
    ["ce", 25],
    ["ncl", 45],
    ["going", 30],
  ] as const) {
    runs.begin(id);
    runs.events(
      id,
      ...Array.from({ length: 50 }, (_, i) => stepEvent(1, i + 1)),
      evaluationEvent(1, accuracy),
    );
    if (id !== "going") runs.events(id, endEvent("finished"));
  }
  runs.log("going", "a line of the log");
  return runs;
}

/** Starts a training of the toy recipe that goes on until it is told to end. */
function train(folder: string): ChildProcess {
  const data = join(folder, ".data");
  writeToyData(data);
  const recipe = join(folder, "toy.json");
  writeFileSync(recipe, JSON.stringify({ ...toyRecipe(data), epochs: 100_000 }));
  const words = ["train", recipe, "--data", data, "--threads", "1", "--out", join(folder, "real")];
  return spawn(process.execPath, [join(root, "bin/longtail.js"), ...words], { stdio: "ignore" });
}
