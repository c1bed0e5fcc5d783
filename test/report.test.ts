/** The report in a real browser: it renders, sorts, searches, and is accessible in light and dark, wide and narrow. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeReport } from "../src/report/write-report.js";
import { writeFit } from "../src/runs/fit-file.js";
import { runFolder } from "../src/runs/run-folder.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";
import { accessibilityFaults, findChromium, openChromium } from "./support/chromium.js";
import { writeSyntheticRun } from "./support/synthetic-run.js";

const executable = findChromium();
const why = executable === undefined ? " (skipped: no Chromium on the PATH, nor in CHROMIUM_PATH)" : "";

describe.skipIf(executable === undefined)(`the report in Chromium${why}`, () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let address = "";
  beforeAll(async () => {
    writeToyData(folder.path);
    const run = join(folder.path, "run");
    await trainToy(toyRecipe(folder.path), run);
    address = pathToFileURL(await writeReport(run)).href;
    browser = await openChromium(executable!);
  });
  afterAll(async () => {
    await browser.close();
    folder[Symbol.dispose]();
  });

  async function open(
    width: number,
    colorScheme: "light" | "dark",
    scripts = true,
    of = address,
  ): Promise<Page> {
    const viewport = { width, height: 900 };
    const page = await browser.newPage({ viewport, colorScheme, javaScriptEnabled: scripts });
    await page.goto(of);
    return page;
  }

  function names(page: Page): Promise<string[]> {
    return page.locator("table.sortable tbody tr:visible th").allTextContents();
  }

  test("shows every section, pictures of mistakes and charts", async () => {
    const page = await open(1280, "light");
    const titles = await page.locator("section h2").allTextContents();
    expect(titles).toEqual(
      expect.arrayContaining([
        "Result",
        "Every class",
        "Mistakes",
        "Calibration",
        "Agreement between the experts",
      ]),
    );
    expect(await page.locator(".chart svg").count()).toBeGreaterThan(8);
    await page.close();
  });

  test("sorts by a click on a column's head, and back", async () => {
    const page = await open(1280, "light");
    expect(await names(page)).toEqual(["ant", "bee", "cat"]);
    const head = page.getByRole("button", { name: "training images" });
    await head.click();
    expect(await names(page)).toEqual(["ant", "bee", "cat"]); // numbers: largest first
    await head.click();
    expect(await names(page)).toEqual(["cat", "bee", "ant"]);
    expect(await page.locator("th[aria-sort]").getAttribute("aria-sort")).toBe("ascending");
    await page.close();
  });

  test.each([
    [1280, "light"],
    [390, "dark"],
  ] as const)("a map of images at %i pixels, %s: pointing at one says what it is", async (width, scheme) => {
    const fitted = join(folder.path, `fitted-${width}`);
    cpSync(join(folder.path, "run"), fitted, { recursive: true });
    const points = Array.from({ length: 30 }, (_, i) => {
      const label = ["ant", "bee", "cat"][i % 3]!;
      return { path: `photos/${label}/${i}.jpg`, label, x: (i % 3) / 4 + i / 150, y: (i % 7) / 7 };
    });
    const nothing = { heldOut: 0, splits: 1, trials: [], plain: null, tuning: null, suggestions: null };
    const file = {
      version: 1,
      weights: "efficientnet-lite0",
      networks: [],
      head: "corrected, τ 1",
      description: "a linear classifier",
      ...nothing,
    } as const;
    writeFit(runFolder(fitted), { ...file, map: { points, images: 90 } });
    const page = await open(width, scheme, true, pathToFileURL(await writeReport(fitted)).href);
    const map = page.locator("#map");
    expect(await map.locator("circle").count()).toBe(30);
    expect(await map.textContent()).toContain("Of 90 test images it shows 30");
    const status = map.getByRole("status");
    const first = map.locator('circle[data-label="bee"]').first();
    if (width > 390) await first.hover({ force: true });
    else await first.click({ force: true });
    expect(await status.textContent()).toMatch(/^bee: \d+\.jpg$/);
    expect(await map.locator("circle.other").count()).toBe(20);
    await map.getByLabel("Class").selectOption("cat");
    expect(await status.textContent()).toBe("cat: 10 images");
    expect(await map.locator("circle:not(.other)").count()).toBe(10);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.close();
  });

  test("searches the classes, and says how many are left", async () => {
    const page = await open(1280, "light");
    await page.getByLabel("Search").fill("BEE");
    expect(await names(page)).toContain("bee");
    expect(await page.getByRole("status").textContent()).toMatch(/^\d of 3$/);
    await page.close();
  });

  test("of very many classes it shows the first 500 of what is sorted and searched, until all are asked for", async () => {
    const names = Array.from({ length: 600 }, (_, c) => `species-${c}`);
    const [images, classNames] = [join(folder.path, "images.txt"), join(folder.path, "names.txt")];
    writeFileSync(images, names.map((_, c) => `ant/${c % 4}.png ${c}\n`).join(""));
    writeFileSync(classNames, names.join("\n"));
    const recipe = toyRecipe(join(folder.path, "test"));
    const data = { ...recipe.data, kind: "list", trainFile: images, testFile: images, classNames } as const;
    const counts = names.map((_, c) => 700 - c);
    const many = join(folder.path, "many");
    await writeSyntheticRun(many, { recipe: { ...recipe, data }, counts, stepsPerEpoch: 2 });
    const page = await open(1280, "light", true, pathToFileURL(await writeReport(many)).href);
    await page.locator("#classes summary").first().click();
    const shown = page.locator("table.sortable tbody tr");
    const status = page.locator("#classes").getByRole("status");
    expect([await shown.count(), await status.textContent()]).toEqual([500, "the first 500 of 600"]);
    const head = page.getByRole("button", { name: "training images" });
    await head.click();
    await head.click();
    expect(await shown.first().locator("th").textContent()).toBe("species-599"); // was not there before
    await page.getByLabel("Search").fill("species-55");
    const found = await shown.count(); // species-55, -550 to -559, and those that are taken for one of them
    expect(found).toBeGreaterThanOrEqual(11);
    expect(await status.textContent()).toBe(`${found} of 600`);
    await page.getByLabel("Search").fill("");
    await page.getByRole("button", { name: "Show all" }).click();
    expect([await shown.count(), await status.textContent()]).toEqual([600, ""]);
    await page.close();
  });

  test("without scripts the table is whole and nothing is offered that does not work", async () => {
    const page = await open(390, "light", false);
    expect(await names(page)).toEqual(["ant", "bee", "cat"]);
    expect(await page.getByLabel("Search").isVisible()).toBe(false);
    expect(await page.locator("table.sortable button").count()).toBe(0);
    await page.close();
  });

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("is accessible and fits at %i pixels, %s", async (width, scheme) => {
    const page = await open(width, scheme);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.close();
  });
});
