/** Trainings onto a disk that is full, and one that is read-only: real ones. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { longtail, quick, smallPhotographs } from "../src/cli/cli.fixture.js";
import { type Ended, findNamespace, SmallDisk } from "./support/small-disk.js";
const folder = mkdtempSync(join(tmpdir(), "longtail-disk-"));
const namespace = findNamespace(folder);
if (namespace === undefined) rmSync(folder, { recursive: true });
const why = namespace === undefined ? " (skipped: unshare and mount may not mount a tmpfs here)" : "";

describe.skipIf(namespace === undefined)(`a disk of its own${why}`, { timeout: 120_000 }, () => {
  const program = join(import.meta.dirname, "../bin/longtail.js");
  let data = "";
  let disk: SmallDisk;
  beforeAll(() => {
    data = smallPhotographs();
  });
  beforeEach(async () => {
    mkdirSync(join(folder, "disk"), { recursive: true });
    // One checkpoint fits (614 kB), a second one does not.
    disk = await SmallDisk.mount(join(folder, "disk"), { size: "1m", namespace: namespace! });
  });
  afterEach(() => {
    disk[Symbol.dispose]();
  });
  afterAll(() => {
    for (const path of [data, folder]) rmSync(path, { recursive: true, force: true });
  });

  const command = (out: string): string[] => [
    ...["train", "caltech20-lt-ce", "--data", data, "--out", out, "--threads", "1", ...quick],
    ...["--set", "logs.images=0"],
  ];
  const on = (...args: string[]): Promise<Ended> => disk.run(process.execPath, [program, ...args]);
  const names = (): string[] => readdirSync(disk.at("run/checkpoints")).sort();

  test("a checkpoint that does not fit leaves the one before it, and the run goes on once there is room", async () => {
    const run = join(disk.folder, "run");
    const full = await on(...command(run));
    expect(full.code).toBe(1);
    expect(full.stderr).toMatch(
      /error: cannot write \S*run\/checkpoints\/last\.safetensors: the disk is full; .* \(ENOSPC, \d+\.\d kB are free\)\. What was there before is untouched\./,
    );
    expect(names()).toEqual(["last.safetensors", "previous.safetensors"]);
    const before = readFileSync(disk.at("run/checkpoints/last.safetensors"));
    expect((await on("train", run, "--resume")).code).toBe(1);
    expect(readFileSync(disk.at("run/checkpoints/last.safetensors")).equals(before)).toBe(true);

    await disk.remount("size=8m");
    expect((await on("train", run, "--resume")).code).toBe(0);
    expect(readFileSync(disk.at("run/train.log"), "utf8")).toContain("goes on after epoch 1, step 0");
    expect((await longtail(...command(join(folder, "whole")))).code).toBe(0);
    const last = "checkpoints/last.safetensors";
    expect(readFileSync(disk.at("run", last)).equals(readFileSync(join(folder, "whole", last)))).toBe(true);
    const left = readdirSync(disk.at("run"), { recursive: true }).map(String);
    expect(left.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  test("a disk without any room leaves no run, and the same command works once there is some", async () => {
    const run = join(disk.folder, "run");
    await disk.run("dd", ["if=/dev/zero", `of=${join(disk.folder, "other")}`, "bs=64k"]);
    const full = await on(...command(run));
    expect(full.stderr).toMatch(
      /error: cannot write \S*run\/lock: the disk is full; .*\(ENOSPC, 0 B are free\)/,
    );
    rmSync(disk.at("other"));
    await disk.remount("size=8m");
    expect(await on(...command(run))).toMatchObject({ code: 0 });
  });

  test("an export that does not fit leaves what was there, as one file and as a page", async () => {
    const run = join(folder, "exported");
    expect((await longtail(...command(run))).code).toBe(0);
    const out = join(disk.folder, "model.onnx");
    expect((await on("export", run, "--format", "onnx", "--out", out)).code).toBe(0);
    const before = readFileSync(disk.at("model.onnx"));
    await disk.run("dd", ["if=/dev/zero", `of=${join(disk.folder, "other")}`, "bs=64k"]);
    const full = await on("export", run, "--format", "onnx", "--prior", "uniform", "--out", out);
    expect(full.stderr).toMatch(
      /^error: cannot write \S*model\.onnx: the disk is full; .*ENOSPC.* What was there before is untouched\.\n$/,
    );
    expect(full.code).toBe(1);
    expect(readFileSync(disk.at("model.onnx")).equals(before)).toBe(true);
    rmSync(disk.at("other"));
    const page = await on("export", run, "--format", "web", "--out", join(disk.folder, "page")); // 4 MB
    expect(page.stderr).toMatch(/^error: cannot write \S*page\S*: the disk is full; .*ENOSPC/);
    expect(page.code).toBe(1);
    expect(readdirSync(disk.at())).toEqual(["model.onnx"]);
  });

  test("an engine that does not fit: nothing is downloaded, and the room that it takes is said", async () => {
    const environment = { ...process.env, XDG_CACHE_HOME: disk.folder, LONGTAIL_TORCH: "" };
    const { code, stderr } = await disk.run(process.execPath, [program, "engine", "install"], environment);
    expect(stderr).toMatch(
      /^error: installing the engine takes 2\.0 GB of free space in .*, found 1\.0 MB; free some space, or set XDG_CACHE_HOME to a folder on another disk\n$/,
    );
    expect(code).toBe(1);
    expect(readdirSync(disk.at("longtail"))).toEqual([]);
  });

  test("a read-only disk: nothing begins or goes on, the reason is said, and what is there can be used", async () => {
    const run = join(disk.folder, "run");
    await disk.remount("size=8m");
    expect((await on(...command(run))).code).toBe(0);
    await disk.remount("ro");
    expect(await on("train", run, "--resume")).toEqual({
      code: 1,
      stderr: `error: ${run}/lock: cannot be opened: Read-only file system\n`,
    });
    const other = await on(...command(join(disk.folder, "other")));
    expect(other.stderr).toMatch(
      /error: cannot make the run's folder \S*other: EROFS: read-only file system/,
    );
    expect((await on("report", run)).stderr).toMatch(
      /cannot write \S*index\.html: the file system is read-only/,
    );
    expect((await on("evaluate", run)).code).toBe(0);
    expect(existsSync(disk.at("other"))).toBe(false);
    expect(() => writeFileSync(disk.at("other"), "")).toThrow("EROFS");
  });
});
