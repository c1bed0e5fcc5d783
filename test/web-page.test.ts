/** The page of `longtail export --format web` in a real browser, below a path, wide and narrow, light and dark, without a network. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exportWeb, load, train } from "../src/index.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { accessibilityFaults, findChromium, openChromium } from "./support/chromium.js";

const root = join(import.meta.dirname, "..");
let temporary: ReturnType<typeof temporaryFolder>;
let data = "";
let run = "";
let folder = "";
let photographs: string[] = [];
beforeAll(async () => {
  execFileSync(process.execPath, ["scripts/build-web.mjs"], { cwd: root, stdio: "ignore" });
  temporary = temporaryFolder();
  data = join(temporary.path, "data");
  run = join(temporary.path, "run");
  folder = join(temporary.path, "page");
  writeToyData(data);
  await train(toyRecipe(data), { out: run, threads: 1 });
  await exportWeb(run, { out: folder, title: "Toys", precision: "float32" });
  photographs = ["ant", "bee", "cat"].map((name) => join(data, "test", name, "0.png"));
});
afterAll(() => {
  temporary[Symbol.dispose]();
});

const TYPES: Partial<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".jpg": "image/jpeg",
};

/** A static server that knows nothing of the page, which lies below a path. */
async function staticServer(): Promise<{ readonly server: Server; readonly address: string }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname.replace("/toys/of/mine/", "/");
    const file = join(folder, path.endsWith("/") ? "index.html" : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/toys/of/mine/` };
}

test("another version of the page replaces it; a folder that holds something else is refused", async () => {
  const out = join(temporary.path, "again");
  await exportWeb(run, { out, precision: "float32" });
  const files = JSON.parse(readFileSync(join(out, "files.json"), "utf8")) as string[];
  writeFileSync(join(out, "assets/old.js"), "");
  writeFileSync(join(out, "mine.txt"), "kept");
  writeFileSync(join(out, "files.json"), JSON.stringify([...files, "assets/old.js", "../outside.txt"]));
  writeFileSync(join(temporary.path, "outside.txt"), "kept");
  const { notes } = await exportWeb(run, {
    out,
    precision: "float32",
    data: join(temporary.path, "nowhere"),
  });
  expect(notes).toEqual([expect.stringContaining("the page shows no examples of the classes: ")]);
  expect(existsSync(join(out, "assets/old.js"))).toBe(false);
  expect(existsSync(join(out, "examples/0-0.jpg"))).toBe(false);
  expect(readdirSync(out)).toContain("mine.txt");
  expect(existsSync(join(temporary.path, "outside.txt"))).toBe(true);
  const other = join(temporary.path, "other");
  mkdirSync(other);
  writeFileSync(join(other, "thesis.txt"), "");
  await expect(exportWeb(run, { out: other })).rejects.toThrow(`${other}: expected a new or an empty folder`);
});

const executable = findChromium();
const why = executable === undefined ? " (skipped: no Chromium on the PATH, nor in CHROMIUM_PATH)" : "";

describe.skipIf(executable === undefined)(`in Chromium${why}`, () => {
  let browser: Browser;
  let served: Awaited<ReturnType<typeof staticServer>>;
  beforeAll(async () => {
    browser = await openChromium(executable!);
    served = await staticServer();
  });
  afterAll(async () => {
    await browser.close();
    served.server.close();
  });

  async function open(width: number, colorScheme: "light" | "dark"): Promise<Page> {
    const page = await browser.newPage({
      viewport: { width, height: 900 },
      colorScheme,
      hasTouch: width < 500,
    });
    await page.goto(served.address);
    await page.getByLabel("Choose photographs").waitFor();
    return page;
  }

  test.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
    [390, "dark"],
  ] as const)("classifies photographs, is accessible and fits at %i pixels, %s", async (width, scheme) => {
    const page = await open(width, scheme);
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    await page.getByLabel("Choose photographs").setInputFiles(photographs);
    await page.getByText("3 of 3 photographs classified").waitFor();
    expect(await page.locator("article .examples img").count()).toBe(9);
    await page
      .getByLabel("Choose photographs")
      .setInputFiles([
        { name: "damaged.png", mimeType: "image/png", buffer: readFileSync(photographs[0]!).subarray(0, 40) },
      ]);
    await page.getByText("This browser cannot read the image").waitFor();
    await page.getByText("3 of 4 photographs classified, 1 failed").waitFor();
    await page.getByText("The 3 classes it knows").click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(faults).toEqual([]);
    await page.close();
  });

  test("finds what the trained network does", async () => {
    const page = await open(1280, "light");
    await page.getByLabel("Choose photographs").setInputFiles(photographs);
    await page.getByText("3 of 3 photographs classified").waitFor();
    const rows = await page.locator("article li:first-child").allInnerTexts();
    const shown = rows.map((text) => text.replaceAll(/\s+/g, " ").trim());
    using model = await load(run, { threads: 1 });
    const expected = await model.predict(photographs);
    const wanted = expected.map(
      ({ predictions: [best] }) => `${best!.class} ${(100 * best!.probability).toFixed(1)} %`,
    );
    expect(shown).toEqual(wanted.reverse()); // the newest first
    await page.close();
  });

  test("works without a network after the first visit", async () => {
    const own = await staticServer();
    const page = await browser.newPage();
    await page.goto(own.address);
    await page.getByLabel("Choose photographs").waitFor();
    await page.evaluate("navigator.serviceWorker.ready");
    own.server.close();
    own.server.closeAllConnections();
    await page.reload();
    await page.getByLabel("Choose photographs").setInputFiles(photographs);
    await page.getByText("3 of 3 photographs classified").waitFor();
    await page.close();
  });
});
