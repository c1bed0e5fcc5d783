import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { datasetCard, type DatasetCard } from "../data/card.js";
import type { Split } from "../data/dataset.js";
import { UsageError } from "../support/errors.js";
import { type ClaimOptions, RunClaim } from "./run-claim.js";
import { freshRunFolder, type RunDescription } from "./run-folder.js";
import { temporaryFolder, toyRecipe } from "../training/toy.fixture.js";

let temporary: ReturnType<typeof temporaryFolder>;
let out: string;
beforeEach(() => {
  temporary = temporaryFolder();
  out = join(temporary.path, "run");
});
afterEach(() => {
  temporary[Symbol.dispose]();
});

function card(split: Split): DatasetCard {
  const dataset = { kind: "image-folder", root: "data", split, size: 1, classes: ["ant"] } as const;
  const pixels = { kind: "files", paths: ["data/ant/1.png"] } as const;
  return datasetCard({ ...dataset, labels: Int32Array.of(0), pixels, describe: () => "" }, "field");
}

const description: RunDescription = {
  recipe: toyRecipe("data"),
  seed: 0,
  device: "cpu",
  threads: 1,
  kernels: "libtorch",
  data: { train: card("train"), test: card("test") },
  versions: { longtail: "0.1.0", libtorch: "2.11.0", node: "v20" },
  command: ["longtail", "train", "toy"],
  started: "2026-01-01T00:00:00.000Z",
};

/** Claims the folder and begins a run in it. */
function begin(options: ClaimOptions = {}): void {
  using claim = new RunClaim(out, options);
  claim.begin(description);
}

test("a new folder holds the description of the run", () => {
  begin();
  expect(JSON.parse(readFileSync(join(out, "recipe.json"), "utf8"))).toEqual(description);
});

test("a folder that holds a run is refused, or moved aside when forced", () => {
  begin();
  writeFileSync(join(out, "result.json"), "precious");
  expect(() => new RunClaim(out)).toThrow(UsageError);
  expect(() => new RunClaim(out)).toThrow(`${out} already holds a run`);

  begin({ force: true });
  begin({ force: true });
  expect(readdirSync(temporary.path).sort()).toEqual(["run", "run.previous-1", "run.previous-2"]);
  expect(readFileSync(`${out}.previous-1/result.json`, "utf8")).toBe("precious");
});

test("a link to the folder stays one, and what it leads to is moved aside", () => {
  mkdirSync(join(temporary.path, "scratch"));
  symlinkSync("scratch", out);
  begin();
  begin({ force: true });
  expect(readlinkSync(out)).toBe("scratch");
  expect(readdirSync(temporary.path).sort()).toEqual(["run", "scratch", "scratch.previous-1"]);
  expect(existsSync(join(temporary.path, "scratch.previous-1/recipe.json"))).toBe(true);
});

test("a claim that comes to nothing leaves what was there: nothing, an empty folder, or a run", () => {
  out = join(temporary.path, "deep/run");
  new RunClaim(out)[Symbol.dispose]();
  expect(readdirSync(temporary.path)).toEqual([]);
  mkdirSync(out, { recursive: true });
  new RunClaim(out)[Symbol.dispose]();
  expect(readdirSync(out)).toEqual([]);
  begin();
  const before = readdirSync(out);
  new RunClaim(out, { force: true })[Symbol.dispose]();
  expect(readdirSync(out)).toEqual(before);
});

test("a second claim is refused before it changes anything", () => {
  using claim = new RunClaim(out);
  expect(() => new RunClaim(out, { resume: true })).toThrow(
    `${out}: another training writes to it (process ${process.pid} on ${hostname()}).`,
  );
  claim.begin(description);
  const other = { ...description, seed: 7 };
  expect(() => {
    using second = new RunClaim(out, { resume: true });
    second.begin(other);
  }).toThrow("another training writes to it");
  expect(JSON.parse(readFileSync(join(out, "recipe.json"), "utf8"))).toEqual(description);
});

test("what a killed training left in the middle of writing is no other file, and is removed", () => {
  mkdirSync(join(out, "checkpoints"), { recursive: true });
  const left = [".recipe.json.12.tmp", "checkpoints/.last.safetensors.12.tmp"].map((name) => join(out, name));
  for (const path of left) writeFileSync(path, "half");
  begin({ resume: true });
  expect(left.filter((path) => existsSync(path))).toEqual([]);
  rmSync(out, { recursive: true });
  mkdirSync(out);
  writeFileSync(left[0]!, "half");
  writeFileSync(join(out, "lock"), "");
  begin();
  expect(existsSync(left[0]!)).toBe(false);
});

/** Begins a run, and claims it with another one in its scratch folder. */
function claimWithOther(): { claim: RunClaim; other: string } {
  begin();
  writeFileSync(join(out, "result.json"), "frozen");
  writeFileSync(join(out, "fit.json"), "frozen");
  const claim = new RunClaim(out, { resume: true });
  const other = join(claim.makeScratch(), "tuned");
  mkdirSync(join(other, "checkpoints"), { recursive: true });
  writeFileSync(join(other, "lock"), "");
  writeFileSync(join(other, "recipe.json"), "{}");
  writeFileSync(join(other, "result.json"), "tuned");
  writeFileSync(join(other, "train.log"), `results in ${other}\n`);
  writeFileSync(join(other, "metrics.jsonl"), `${JSON.stringify({ folder: other })}\n`);
  return { claim, other };
}

test("a run takes the place of another one, also behind a link, and its log names the place", () => {
  mkdirSync(join(temporary.path, "disk"));
  symlinkSync("disk", out);
  const { claim, other } = claimWithOther();
  expect(() => new RunClaim(out, { resume: true })).toThrow("another training writes to it");
  claim.replaceBy(other);
  claim.assertInPlace();
  rmSync(claim.makeScratch(), { recursive: true });
  claim[Symbol.dispose]();
  expect(readlinkSync(out)).toBe("disk");
  const names = ["checkpoints", "lock", "metrics.jsonl", "recipe.json", "result.json", "train.log"];
  expect(readdirSync(out).sort()).toEqual(names);
  const read = (name: string): string => readFileSync(join(out, name), "utf8");
  expect(read("result.json")).toBe("tuned");
  expect(read("train.log")).toBe(`results in ${out}\n`);
  expect(JSON.parse(read("metrics.jsonl"))).toEqual({ folder: out });
});

test("a run that cannot be replaced is in its place again", () => {
  const { claim, other } = claimWithOther();
  using _ = claim;
  const before = readdirSync(out).sort();
  mkdirSync(`${other}-replaced/result.json`, { recursive: true }); // where result.json cannot be moved
  expect(() => {
    claim.replaceBy(other);
  }).toThrow("result.json");
  expect(readdirSync(out).sort()).toEqual(before);
  expect(readFileSync(join(out, "result.json"), "utf8")).toBe("frozen");
});

test("a folder that is moved or removed is no longer in place, and its new place is named", () => {
  using claim = new RunClaim(out);
  claim.begin(description);
  claim.assertInPlace();
  renameSync(out, `${out}-moved`);
  expect(() => {
    claim.assertInPlace();
  }).toThrow(`It is ${out}-moved now; \`longtail train ${out}-moved --resume\``);
  rmSync(`${out}-moved`, { recursive: true });
  expect(() => {
    claim.assertInPlace();
  }).toThrow("gone with it");
});

test("a folder with other files is refused even when forced", () => {
  mkdirSync(out);
  new RunClaim(out)[Symbol.dispose]();
  writeFileSync(join(out, "thesis.txt"), "");
  expect(() => new RunClaim(out, { force: true })).toThrow(/holds files of no run \(thesis\.txt, for one\)/);
});

test("a file in the folder's place, or above it, is named", () => {
  writeFileSync(out, "");
  expect(() => new RunClaim(out, { force: true })).toThrow(`${out} is a file`);
  expect(() => new RunClaim(join(out, "below"))).toThrow(
    `cannot make the run's folder ${out}/below: ENOTDIR`,
  );
});

test("a link that leads nowhere, or to itself, is named", () => {
  symlinkSync("/nowhere/scratch", out);
  expect(() => new RunClaim(join(out, "a"))).toThrow(
    `${out} is a link to /nowhere/scratch, which is not there`,
  );
  const self = join(temporary.path, "self");
  symlinkSync("self", self);
  expect(() => new RunClaim(join(self, "a"))).toThrow(
    `${self} is a link to self, which leads back to itself`,
  );
});

test.skipIf(process.platform !== "linux")("a folder that the system never makes is given up", () => {
  expect(() => new RunClaim("/proc/longtail/run")).toThrow(
    "cannot make the run's folder /proc/longtail/run: ENOENT",
  );
});

test("a fresh folder has a name that is not taken", () => {
  expect(freshRunFolder(out)).toBe(out);
  mkdirSync(out);
  mkdirSync(`${out}-2`);
  expect(freshRunFolder(out)).toBe(`${out}-3`);
});
