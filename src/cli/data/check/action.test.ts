import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { longtail, smallPhotographs } from "../../cli.fixture.js";

/** Photographs with one fault of several kinds. */
let photographs = "";
let out = "";
const at = (name: string): string => join(photographs, name);
const first = (folder: string): string => at(join(folder, readdirSync(at(folder)).sort()[0]!));
beforeAll(() => {
  photographs = smallPhotographs();
  out = at("check");
  const image = readFileSync(first("train/airplanes"));
  writeFileSync(at("train/airplanes/x-cut.jpg"), image.subarray(0, image.length / 2));
  writeFileSync(at("train/airplanes/x-<b>text<b>.jpg"), "no image");
  cpSync(first("train/airplanes"), at("train/helicopter/x-copy.jpg"));
  cpSync(first("train/scorpion"), at("test/scorpion/x-leak.jpg"));
});
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

const check = (...args: string[]) => longtail("data", "check", "--data", photographs, "--out", out, ...args);

describe("data check", () => {
  test("says what is wrong, writes the report, and fails on errors", async () => {
    const { code, stdout, stderr } = await check();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^49 images looked at in [\d.]+ s \(\d+ images\/s\)\n$/);
    expect(stdout).toContain(
      "error   Images that end too early: 1 image\n        train/airplanes/x-cut.jpg: ",
    );
    expect(stdout).toContain("error   The same image in several classes: 1 group of 2 images");
    expect(stdout).toContain("= test/scorpion/x-leak.jpg");
    expect(stdout).toContain("mend the errors before training");
    expect(stdout).toContain(`The report with pictures: ${out}/index.html`);
  });

  test("the second time nothing is looked at again; JSON on stdout is one value", async () => {
    const { code, stdout, stderr } = await check("--json");
    expect(code).toBe(1);
    expect(stderr).toContain("0 images looked at");
    expect(stderr).toContain("49 known from before");
    const summary = JSON.parse(stdout) as Record<string, unknown> & { findings: { kind: string }[] };
    expect(summary).toMatchObject({ images: { train: 36, test: 13 }, imbalance: 26 / 3 });
    const kinds = ["unreadable", "truncated", "conflicting-labels", "leak"];
    expect(summary.findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(kinds));
    const { report: _report, usable: _usable, ...rest } = summary;
    expect(JSON.parse(readFileSync(join(out, "check.json"), "utf8"))).toEqual(rest);
  });

  test("the page has pictures and needs nothing else; names are escaped", () => {
    const page = readFileSync(join(out, "index.html"), "utf8");
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)!.length).toBeGreaterThan(4);
    expect(page).not.toMatch(/<script|<link|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(page).toContain("x-&lt;b&gt;text&lt;b&gt;.jpg");
    expect(page).toContain("no picture");
  });

  test("sound data gives 0; with --strict warnings fail", async () => {
    const sound = smallPhotographs();
    const args = ["data", "check", "--data", sound, "--out", join(sound, "out")];
    expect(await longtail(...args)).toMatchObject({ code: 0 });
    const copied = readdirSync(join(sound, "train/scorpion"))[0]!;
    cpSync(join(sound, "train/scorpion", copied), join(sound, "train/scorpion/copy.jpg"));
    expect(await longtail(...args)).toMatchObject({ code: 0 });
    expect(await longtail(...args, "--strict")).toMatchObject({ code: 1 });
    rmSync(sound, { recursive: true });
  });

  test("a split that cannot be opened is an error, and the other is looked at", async () => {
    const sound = smallPhotographs();
    rmSync(join(sound, "test"), { recursive: true });
    const args = ["data", "check", sound, "--kind", "image-folder", "--out", join(sound, "out")];
    expect(await longtail(...args)).toMatchObject({ code: 0 }); // a training keeps test images
    mkdirSync(join(sound, "test/scorpion"), { recursive: true });
    const { code, stdout } = await longtail(...args);
    expect(code).toBe(1);
    expect(stdout).toContain("33 training and no test images");
    expect(stdout).toContain(
      "error   Data that cannot be opened: 1 record\n        test: expected images in its class folders",
    );
    rmSync(sound, { recursive: true });
  });

  test.each<[string[], string]>([
    [["data", "check"], "which data? Expected a data folder, or a recipe that names one"],
    [
      ["data", "check", "--data", "/nowhere"],
      "there is no such folder; expected a folder of images for each class",
    ],
    [["data", "check", "caltech20-lt-nc"], "did you mean caltech20-lt-ncl?"],
    [["data", "check", "caltech20-lt-ncl"], "names no data folder; give it with --data"],
    [["data", "check", "--data", "/tmp", "--kind", "image-foldr"], "did you mean image-folder?"],
  ])("%j is wrong use", async (args, message) => {
    const { code, stderr } = await longtail(...args);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(existsSync("checks")).toBe(false);
  });
});

describe("data info", () => {
  test("numbers, bars, and a command to start with", async () => {
    const svg = at("tail.svg");
    const { code, stdout } = await longtail("data", "info", "--data", photographs, "--svg", svg);
    expect(code).toBe(0);
    expect(stdout).toContain(`${photographs}: image-folder, 3 classes`);
    expect(stdout).toMatch(/airplanes +26 █{40} medium/);
    expect(stdout).toContain(`longtail train caltech20-lt-ncl --data ${photographs}`);
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg xmlns=.*<\/svg>\n$/s);
  });

  test("--json is one value, whose command is taken by recipes", async () => {
    const { stdout, stderr } = await longtail("data", "info", "--data", photographs, "--json");
    const info = JSON.parse(stdout) as { command: string; train: unknown };
    expect(info).toMatchObject({ train: { images: 36 }, images: { looked: 36 } });
    expect(stderr).toContain("Where to start from");
    const [, , recipe, , , ...set] = info.command.split(" ");
    expect((await longtail("recipes", recipe!, ...set)).code).toBe(0);
  });

  test("of a recipe's data: CIFAR as the recipe takes it", async () => {
    const { code, stderr } = await longtail("data", "info", "cifar100-lt-ncl", "--data", photographs);
    expect(code).toBe(1);
    expect(stderr).toContain("CIFAR-100's");
  });
});
