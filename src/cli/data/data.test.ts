import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { longtail, smallPhotographs } from "../cli.fixture.js";

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

describe("data convert list, json, folder, images", () => {
  const convert = (...args: string[]) => longtail("data", "convert", ...args);

  it("from a list to JSON, to a folder, to JSON, and to images again", async () => {
    const photographs = smallPhotographs();
    const inFolder = (...names: string[]): string => join(folder, ...names);
    const list = readdirSync(join(photographs, "train/scorpion")).map((name) => `train/scorpion/${name} 0\n`);
    writeFileSync(inFolder("list.txt"), list.join(""));
    expect(
      await convert("list", inFolder("list.txt"), "--out", inFolder("list.json"), "--root", photographs),
    ).toMatchObject({ code: 0, stdout: `3 images, 1 class\n  ${inFolder("list.json")}\n` });
    expect(
      await convert("json", inFolder("list.json"), "--out", inFolder("f"), "--link", "symbolic"),
    ).toMatchObject({
      code: 0,
      stdout: `3 images, 1 class of 3 to 3 images\n  ${inFolder("f/train")}\n  ${inFolder("f/train.json")}\n`,
    });
    expect(await convert("folder", inFolder("f"), "--out", inFolder("back.json"))).toMatchObject({
      code: 0,
      stdout: `3 images, 3 of them with what train.json says, 1 class\n  ${inFolder("back.json")}\n`,
    });
    const images = await convert("images", "--data", inFolder("f"), "--out", inFolder("i"), "--json");
    expect(JSON.parse(images.stdout)).toMatchObject({ images: 3, counts: [3], classes: ["scorpion"] });
    rmSync(photographs, { recursive: true });
  });

  it("an output that is there is wrong use, code 2", async () => {
    writeFileSync(join(folder, "a.txt"), "a.jpg 0\n");
    const { code, stderr } = await convert("list", join(folder, "a.txt"), "--out", join(folder, "a.txt"));
    expect(code).toBe(2);
    expect(stderr).toContain("is there already; choose another place, or --force replaces it.");
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("a.jpg 0\n");
  });
});

describe("data split", () => {
  it("shows a table of the parts", async () => {
    const photographs = smallPhotographs();
    const args = [
      "--data",
      photographs,
      "--test-per-class",
      "1",
      "--fraction",
      "0.2",
      "--out",
      join(folder, "s"),
    ];
    const { code, stdout } = await longtail("data", "split", ...args, "--as", "list");
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "          images  classes  largest  smallest  imbalance",
      "train         24        3       18         2        9.0",
      "held-out       6        2        5         1        5.0",
      "test           3        3        1         1        1.0",
    ]);
    expect(await longtail("data", "split", ...args, "--as", "list")).toMatchObject({ code: 2 });
    rmSync(photographs, { recursive: true });
  });

  it.each([
    ["nothing to do", []],
    ["two ways at once", ["--fraction", "0.1", "--per-class", "2"]],
    ["a share of more than all", ["--fraction", "1.5"]],
    ["an imbalance below 1", ["--imbalance", "0.5"]],
  ])("%s is wrong use", async (_, options) => {
    expect(await longtail("data", "split", "--data", folder, "--out", "s", ...options)).toMatchObject({
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
