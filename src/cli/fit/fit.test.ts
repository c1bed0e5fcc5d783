import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FitFile } from "../../runs/fit-file.js";
import { WEIGHTS } from "../../weights/registry.js";
import { weightsFile } from "../../weights/install.js";
import { shellWords } from "../../../test/support/documentation.js";
import { checkCommand } from "../../../test/support/documented-command.js";
import { longtail, smallPhotographs } from "../cli.fixture.js";

const { isThere } = weightsFile(WEIGHTS["efficientnet-lite0"]);
const why = isThere ? "" : " (skipped without the weights: `longtail weights get efficientnet-lite0`)";
const embedded = join(import.meta.dirname, "../../../examples/caltech20-lt");

let folder = "";
let photos = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-fit-"));
  photos = smallPhotographs();
});
afterAll(() => {
  for (const path of [folder, photos]) rmSync(path, { recursive: true, force: true });
});

/** A folder of photographs, so many of each class, without train and test. */
function folderOf(name: string, counts: Readonly<Record<string, number>>): string {
  const root = join(folder, name);
  mkdirSync(root);
  for (const [label, count] of Object.entries(counts)) {
    mkdirSync(join(root, label));
    const from = join(embedded, "train", label);
    for (const file of readdirSync(from).slice(0, count)) cpSync(join(from, file), join(root, label, file));
  }
  return root;
}

/** A 16 x 16 BMP image of one color and a stripe. */
function icon(seed: number): Buffer {
  const file = Buffer.alloc(54 + 16 * 16 * 3, (seed * 37) % 256);
  file.fill((seed * 91) % 256, 54 + 48 * (seed % 12), 54 + 48 * (seed % 12) + 96);
  file.fill(0, 0, 54);
  file.write("BM", "latin1");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(16, 18);
  file.writeInt32LE(16, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}

test("a dry run says what would be done and about how long it takes, and writes nothing", async () => {
  const out = join(folder, "dry");
  const { code, stdout } = await longtail("fit", photos, "--dry-run", "--out", out);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /: 33 training and \d+ test images of 3 classes; the largest class has 24 training images, the smallest 3\./,
  );
  expect(stdout).toContain(
    "and train a linear classifier corrected for the class counts (balanced softmax) on its features",
  );
  expect(stdout).toMatch(/This takes about \d/);
  expect(existsSync(out)).toBe(false);
}, 60_000);

test("10,000 classes, most of one image, are planned for", async () => {
  const root = join(folder, "ten-thousand");
  for (let c = 0; c < 10_000; c += 1) {
    const label = join(root, `species-${String(c).padStart(5, "0")}`);
    mkdirSync(label, { recursive: true });
    for (let i = 0; i < (c < 100 ? 12 : 1); i += 1) writeFileSync(join(label, `${i}.bmp`), icon(c + i));
  }
  const { code, stdout, stderr } = await longtail("fit", root, "--dry-run");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /: \d+ training and \d+ test images of 10000 classes; the largest class has \d+ training images, the smallest 1\./,
  );
  expect(stdout).toMatch(/This takes about \d/);
}, 120_000);

test("test images of a class that training lacks are left out, and the plan says so", async () => {
  const root = join(folder, "strange");
  cpSync(photos, root, { recursive: true });
  cpSync(join(embedded, "test/buddha"), join(root, "test/buddha"), { recursive: true });
  const { code, stdout } = await longtail("fit", root, "--dry-run");
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /warning: 20 test images are left out: .*buddha: class "buddha" has no training images/,
  );
}, 60_000);

describe.skipIf(!isThere)(`a model${why}`, { timeout: 300_000 }, () => {
  test("ends with accuracy, gain, classes and next steps; train takes the run to the same result", async () => {
    const out = join(folder, "a run");
    const { code, stdout, stderr } = await longtail("fit", photos, "--out", out);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /accuracy on test images, % +all +many +medium +few\nplain classifier .*\nthis model /,
    );
    expect(stdout).toMatch(
      /Correcting for the class counts changed accuracy by [+-]\d+\.\d points over all classes/,
    );
    expect(stdout).toMatch(/tried on held-out images, % +mean over classes +few\n/);
    const next = [...stdout.matchAll(/^ {2}npx (longtail .*?) {2,}/gm)].map(([, command]) => command!);
    expect(next.map((command) => command.split(" ")[1])).toEqual([
      "predict",
      "evaluate",
      "export",
      "export",
      "train",
    ]);
    for (const command of next) await checkCommand(shellWords(command));
    expect(stdout).toContain("τ: strength of the correction");
    const looked = stdout.split("\n").filter((line) => line.includes("33 of 33 train images computed"));
    expect(looked).toHaveLength(1);
    expect(stdout).toMatch(/\(chosen\) +[\d.]+ +[\d.]+\n/);
    expect(stdout).toMatch(/Chosen of \d+ by \d+ held-out images, drawn 3 times: a .* classifier/);
    const { head, trials } = JSON.parse(readFileSync(join(out, "fit.json"), "utf8")) as FitFile;
    const best = Math.max(...trials.filter(({ selectable }) => selectable).map(({ balanced }) => balanced));
    expect(trials.find(({ name }) => name === head)?.balanced).toBe(best);
    expect(trials.filter(({ selectable }) => !selectable).map(({ name }) => name)).toEqual([
      "nearest class mean",
      "nearest neighbor",
      "10 nearest neighbors",
    ]);
    expect(stdout).toContain(`npx longtail predict '${out}' photo.jpg`);
    expect(readdirSync(out)).toEqual(
      expect.arrayContaining(["calibration.json", "fit.json", "recipe.json", "result.json", "report"]),
    );
    const result = (run: string): unknown => JSON.parse(readFileSync(join(run, "result.json"), "utf8"));
    const again = join(folder, "again");
    expect((await longtail("train", out, "--out", again)).code).toBe(0);
    const { seconds: _, ...expected } = result(out) as Record<string, unknown>;
    expect(result(again)).toMatchObject(expected);
    const evaluated = await longtail("evaluate", out, "--json");
    expect(evaluated.code).toBe(0);
  });

  test("a folder without a split, a class with one image, a file that is no image", async () => {
    const root = folderOf("uneven", { airplanes: 30, helicopter: 9, scorpion: 1 });
    writeFileSync(join(root, "helicopter/broken.jpg"), "this is no image");
    writeFileSync(join(root, "notes.txt"), "a note");
    const { code, stdout } = await longtail(
      "fit",
      root,
      "--out",
      join(folder, "uneven-run"),
      "--test-fraction",
      "0.3",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("broken.jpg");
    expect(stdout).toContain("Without test images, and therefore not in these numbers: scorpion.");
  });

  test("images of a validation folder choose, and are said to be left aside where there is no time for that", async () => {
    const root = join(folder, "validated");
    cpSync(photos, root, { recursive: true });
    cpSync(join(root, "test"), join(root, "val"), { recursive: true });
    const fitted = (...args: string[]) => longtail("fit", root, ...args);
    const { code, stdout } = await fitted("--out", join(folder, "validated-run"));
    expect(code).toBe(0);
    expect(stdout).toMatch(/12 held-out images decide between it and/);
    expect(stdout).not.toContain("not used");
    const short = await fitted("--out", join(folder, "validated-short"), "--minutes", "0.001");
    expect(short.stdout).toContain(
      "warning: 12 validation images (val) are not used; more --minutes let them choose among classifiers.",
    );
    expect(short.stdout.split("not used")).toHaveLength(2);
  });

  test("what to do next: labels that look wrong, images that are there twice, classes that need photographs", async () => {
    const root = folderOf("wrong", { airplanes: 20, helicopter: 9, buddha: 12 });
    const names = (label: string): string[] => readdirSync(join(embedded, "train", label));
    const wrong = join(root, "buddha/wrong.jpg");
    cpSync(join(embedded, "train/airplanes", names("airplanes").at(-1)!), wrong);
    cpSync(join(root, "buddha", names("buddha")[0]!), join(root, "helicopter/copy.jpg"));
    const out = join(folder, "wrong-run");
    const { code, stdout } = await longtail("fit", root, "--out", out);
    expect(code).toBe(0);
    const { suggestions } = JSON.parse(readFileSync(join(out, "fit.json"), "utf8")) as FitFile;
    expect(suggestions?.suspects.map(({ path }) => path)).toContain(wrong);
    expect(stdout).toContain(`${wrong}: labeled buddha, looks like airplanes`);
    expect(suggestions?.duplicates[0]).toMatchObject({ exact: true, severalClasses: true });
    expect(stdout).toContain("in several classes, of which one label is wrong");
    expect(suggestions?.learningCurve.map(({ fraction }) => fraction)).toEqual([0.25, 0.5, 1]);
    const page = readFileSync(join(out, "report/index.html"), "utf8");
    for (const text of ["Labels that look wrong", "Images that are there twice", "Choice and next steps"])
      expect(page).toContain(text);
  });

  test("images the size of an icon, classes that differ by case or Unicode form", async () => {
    const root = folderOf("icons", { airplanes: 12, helicopter: 9 });
    for (const [from, to] of [
      ["airplanes", "Airplanes"],
      ["helicopter", "caf\u00e9"],
      ["helicopter", "cafe\u0301"],
    ] as const) {
      mkdirSync(join(root, to));
      for (const file of readdirSync(join(embedded, "train", from)).slice(-6))
        cpSync(join(embedded, "train", from, file), join(root, to, file));
    }
    const icons = join(folder, "icons-16");
    for (const label of readdirSync(root)) {
      mkdirSync(join(icons, label), { recursive: true });
      for (const [i, file] of readdirSync(join(root, label)).entries())
        writeFileSync(join(icons, label, file.replace(/jpe?g$/, "bmp")), icon(i + 40 * label.length));
    }
    const { code, stdout } = await longtail("fit", icons, "--out", join(folder, "icons-run"));
    expect(code).toBe(0);
    expect(stdout).toMatch(/classes "Airplanes" and "airplanes" differ by case or Unicode form alone/);
    expect(stdout).toMatch(/classes "cafe?\W+" and "cafe?\W+" differ by case or Unicode form alone/u);
    expect(stdout).toMatch(/this model +[\d.]+/);
  });

  test("time that is left goes into fine-tuning, which is kept only if it is better; train runs it again", async () => {
    const out = join(folder, "tuned");
    const { stdout, stderr, code } = await longtail("fit", photos, "--out", out, "--minutes", "60");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /in the time that is left, fine-tune the network's last stage for 4 epochs, then the whole network for 4 epochs \(about \d/,
    );
    expect(stdout).toMatch(/fine-tuning the network's last stage, trial: 4 epochs/);
    const { tuning, map } = JSON.parse(readFileSync(join(out, "fit.json"), "utf8")) as FitFile;
    const { trials, frozen, kept } = tuning!;
    expect(trials.map(({ trainable, averaged }) => [trainable, averaged])).toEqual([
      ["last-stage", false],
      ["last-stage", true],
      ["all", false],
      ["all", true],
    ]);
    const scores = [frozen, ...trials.map(({ balanced }) => balanced)];
    expect(kept).toBe(scores.indexOf(Math.max(...scores)));
    const read = (run: string, file: string) =>
      JSON.parse(readFileSync(join(run, file), "utf8")) as Record<string, unknown>;
    const { recipe } = read(out, "recipe.json") as { recipe: { phases?: { name: string; ema?: object }[] } };
    const { phases = [] } = recipe;
    expect(phases.map(({ name }) => name)).toEqual(
      ["classifier", "last-stage", "all"].slice(0, kept === 0 ? 0 : Math.ceil(kept / 2) + 1),
    );
    expect(phases.at(-1)?.ema !== undefined).toBe(kept > 0 && trials[kept - 1]!.averaged);
    expect(stdout).toContain(kept === 0 ? "the network stays frozen" : "the model is the fine-tuned network");
    expect(map).not.toBeNull();
    expect(readFileSync(join(out, "report/index.html"), "utf8")).toContain("Fine-tuning on held-out images");
    expect(readdirSync(folder).filter((name) => name.startsWith("tuned"))).toEqual(["tuned"]);
    expect(readdirSync(out).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readFileSync(join(out, "train.log"), "utf8")).toContain(`results in ${out}\n`);
    const again = join(folder, "tuned-again");
    const reproduced = await longtail("reproduce", out, "--out", again);
    expect(reproduced.code, reproduced.stdout).toBe(0);
    const { seconds: _, ...expected } = read(out, "result.json");
    expect(read(again, "result.json")).toMatchObject(expected);
  });

  test("no time for a choice: the corrected classifier is taken and nothing is compared", async () => {
    const { stdout, code } = await longtail(
      "fit",
      photos,
      "--out",
      join(folder, "short"),
      "--minutes",
      "0.001",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("This is more than --minutes 0.001, but there is nothing left to skip.");
    expect(stdout).not.toContain("plain classifier");
  });
});

describe("what cannot be fitted", () => {
  const failure = async (root: string): Promise<string> => {
    const { code, stderr } = await longtail("fit", root, "--out", join(folder, "none"));
    expect(code).toBeGreaterThan(0);
    expect(existsSync(join(folder, "none"))).toBe(false);
    return stderr;
  };

  test("a folder that is not there, and one without an image", async () => {
    expect(await failure(join(folder, "nowhere"))).toContain("nowhere");
    const empty = join(folder, "empty");
    mkdirSync(join(empty, "cats"), { recursive: true });
    expect(await failure(empty)).toContain("empty");
  });

  test("a single class", async () => {
    const root = folderOf("single", { airplanes: 5 });
    expect(await failure(root)).toMatch(/single: expected two classes or more, found one, "airplanes"/);
  });

  test.each([
    ["--minutes", "0"],
    ["--test-fraction", "1.5"],
  ])("%s %s is wrong use", async (flag, value) => {
    expect((await longtail("fit", photos, flag, value)).code).toBe(2);
  });
});
