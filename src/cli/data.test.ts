import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { longtail } from "./cli.fixture.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-data-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("data replace-root", () => {
  it("changes a list, and says what it did to people and machines", async () => {
    const list = join(folder, "train.txt");
    writeFileSync(list, "/old/a.jpg 0\n");
    const dry = await longtail("data", "replace-root", list, "--from", "/old", "--to", "/new", "--dry-run");
    expect(dry).toMatchObject({
      code: 0,
      stdout: `${list}: 1 of 1 paths would change\n  /old/a.jpg\n  /new/a.jpg\n`,
    });
    const { code, stdout } = await longtail(
      "data",
      "replace-root",
      list,
      "--from",
      "/old",
      "--to",
      "/new",
      "--json",
    );
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
      code: 0,
      paths: 1,
      changed: 1,
      dryRun: false,
    });
    expect(readFileSync(list, "utf8")).toBe("/new/a.jpg 0\n");
  });

  it("fails with 1 when there is nothing to change, with 2 for a wrong column", async () => {
    const csv = join(folder, "train.csv");
    writeFileSync(csv, "image,label\n/data/a.jpg,0\n");
    const change = (...more: string[]) =>
      longtail("data", "replace-root", csv, "--from", "/old", "--to", "/new", ...more);
    expect(await change()).toMatchObject({ code: 1 });
    expect(await change("--column", "where")).toMatchObject({ code: 2 });
  });
});

describe("data convert tfrecord", () => {
  it("a file that is none: its message, code 1, nothing written", async () => {
    const file = join(folder, "a.tfrecords");
    writeFileSync(file, "text, and more of it");
    const { code, stderr } = await longtail(
      "data",
      "convert",
      "tfrecord",
      file,
      "--out",
      join(folder, "out"),
    );
    expect(code).toBe(1);
    expect(stderr).toContain("error: ");
    expect(stderr).toContain("or no TFRecord file.");
    expect(existsSync(join(folder, "out", "train"))).toBe(false);
  });

  it.each([
    ["--quality", "101"],
    ["--size", "32"],
    ["--format", "gif"],
  ])("%s %s is wrong use", async (...option) => {
    expect(await longtail("data", "convert", "tfrecord", "a", "--out", "b", ...option)).toMatchObject({
      code: 2,
    });
  });
});

describe("data download", () => {
  it("without a network says what to do by hand", async () => {
    const { code, stderr } = await longtail(
      "data",
      "download",
      "cifar100",
      "--to",
      folder,
      "--url",
      "http://127.0.0.1:9/x",
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: http:\/\/127.0.0.1:9\/x cannot be reached: .*By hand: download /);
    expect(stderr).toContain(`put it at ${join(folder, "cifar-100-binary.tar.gz")} and run this again.`);
  });

  it("knows CIFAR only", async () => {
    expect(await longtail("data", "download", "imagenet")).toMatchObject({ code: 2 });
  });
});
