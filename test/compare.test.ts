/** The comparison of runs in a real browser: tables, overlaid plots, accessible in light and dark, wide and narrow. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareRuns } from "../src/report/compare/compare-runs.js";
import { comparisonPage } from "../src/report/compare/page.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";
import { accessibilityFaults, findChromium, openChromium } from "./support/chromium.js";

const executable = findChromium();
const why = executable === undefined ? " (skipped: no Chromium on the PATH, nor in CHROMIUM_PATH)" : "";

describe.skipIf(executable === undefined)(`the comparison in Chromium${why}`, () => {
  const folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  let browser: Browser;
  beforeAll(async () => {
    writeToyData(folder.path);
    for (const seed of [0, 1])
      await trainToy(toyRecipe(folder.path, { seed }), join(at("short"), `seed-${seed}`));
    await trainToy(toyRecipe(folder.path, { name: "longer", epochs: 3 }), join(at("longer"), "seed-0"));
    const { comparison, groups } = await compareRuns([at("short"), at("longer")]);
    writeFileSync(at("compare.html"), comparisonPage(comparison, groups, { at: new Date(0), by: "test" }));
    const name = "an_extremely_long_name_of_a_recipe_without_any_place_at_which_a_browser_would_break_it";
    await trainToy(toyRecipe(folder.path, { name, epochs: 1 }), join(at(name), "seed-0"));
    const named = await compareRuns([at("short"), at(name)]);
    writeFileSync(
      at("long.html"),
      comparisonPage(named.comparison, named.groups, { at: new Date(0), by: "test" }),
    );
    browser = await openChromium(executable!);
  });
  afterAll(async () => {
    await browser.close();
    folder[Symbol.dispose]();
  });

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)(
    "shows a row and a line of each recipe, and is accessible, at %i pixels, %s",
    async (width, scheme) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
      await page.goto(pathToFileURL(at("compare.html")).href);
      const rows = await page.getByLabel("Results", { exact: true }).locator("tbody th").allTextContents();
      expect(rows).toEqual(["toy", "longer"]);
      const charts = page.locator("#result .chart, #curves .chart");
      expect(await charts.count()).toBe(5);
      for (const chart of await charts.all()) {
        expect(await chart.locator(".legend li").allTextContents()).toEqual(["toy", "longer"]);
        const strokes = await chart
          .locator("svg path[stroke], svg g[stroke], svg circle[fill], svg g[fill]")
          .count();
        expect(strokes).toBeGreaterThanOrEqual(2);
      }
      expect(await page.locator(".note code").textContent()).toBe("longtail train --seeds 3");
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.goto(pathToFileURL(at("long.html")).href);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      const [wide, shown] = await page.evaluate<[number, number]>(
        "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector('[aria-label=Results]'))",
      );
      if (width > 1000) expect(wide).toBe(shown); // on a phone the numbers scroll beside the names
      await page.close();
    },
  );
});
