import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openAllTraining, openDataset } from "../../data/registry.js";
import type { DataSource } from "../../data/dataset.js";
import { jpeg, packedDataset, dataSpec, temporaryFolder, writeFiles } from "../../data/testing.fixture.js";
import { writeSplit, type SplitFiles, type WrittenPart } from "./split.js";

let root = "";
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  root = folder.path;
});
afterEach(() => folder[Symbol.dispose]());

const plan = { test: null, imbalance: null, heldOut: { fraction: 0.5 }, seed: 0 };

function sourceOf(kind: DataSource["kind"]): DataSource {
  return { ...dataSpec(kind, root), root };
}

async function split(kind: DataSource["kind"], options: Partial<SplitFiles> = {}): Promise<WrittenPart[]> {
  const source = sourceOf(kind);
  const out = join(root, "out");
  const dataset = await openAllTraining(source);
  return writeSplit(dataset, source, { plan, out, format: "json", force: false, ...options });
}

const read = (name: string): string => readFileSync(join(root, "out", name), "utf8");
const folderOf = (...files: string[]): void =>
  writeFiles(root, Object.fromEntries(files.map((file) => [file, jpeg()])));

describe("writeSplit", () => {
  it("of a folder: annotation JSON with paths from the data folder", async () => {
    folderOf("train/cat/1.jpg", "train/cat/2.jpg", "train/dog/1.jpg");
    const parts = await split("image-folder");
    expect(parts.map(({ name, images, counts }) => [name, images, counts])).toEqual([
      ["train", 2, [1, 1]],
      ["held-out", 1, [1, 0]],
    ]);
    const annotations = parts.flatMap(({ file }) => {
      const { annotations: some, ...rest } = JSON.parse(readFileSync(file, "utf8")) as {
        annotations: { fpath: string }[];
      };
      expect(rest).toEqual({
        num_classes: 2,
        categories: [
          { id: 0, name: "cat" },
          { id: 1, name: "dog" },
        ],
      });
      return some.map(({ fpath }) => fpath);
    });
    expect(annotations.sort()).toEqual(["train/cat/1.jpg", "train/cat/2.jpg", "train/dog/1.jpg"]);
    expect(parts.map(({ file }) => file)).toEqual([
      join(root, "out/train.json"),
      join(root, "out/held-out.json"),
    ]);
  });

  it("the parts can be trained on", async () => {
    folderOf(...Array.from({ length: 8 }, (_, i) => `train/${i < 6 ? "cat" : "dog"}/${i}.jpg`));
    const [train, heldOut] = await split("image-folder");
    const source = { ...sourceOf("annotations"), trainFile: train!.file, testFile: heldOut!.file };
    const [opened, tested] = [await openAllTraining(source), await openDataset(source, "test")];
    expect([opened.size, tested.size, opened.classes]).toEqual([4, 4, ["cat", "dog"]]);
  });

  it("of annotation JSON: every other field is kept, byte for byte", async () => {
    const line = (id: number): string =>
      `{"image_id": ${id}, "fpath": "a/${id}.jpg", "category_id": 0, "score": 1.0}`;
    folderOf("a/1.jpg", "a/2.jpg");
    writeFileSync(
      join(root, "train.json"),
      `{"annotations":[${line(1)},${line(2)}],"num_classes":1,"by":"me"}`,
    );
    await split("annotations");
    const lines = (read("train.json") + read("held-out.json")).split(/,?\n/);
    expect(lines).toEqual(expect.arrayContaining([line(1), line(2), '"by": "me"}']));
  });

  it("of a list, as lists", async () => {
    folderOf("a/1.jpg", "a/2.jpg");
    writeFileSync(join(root, "train.txt"), "a/1.jpg 0\na/2.jpg 0\n");
    await split("list", { format: "list" });
    expect([read("train.txt"), read("held-out.txt")].sort()).toEqual(["a/1.jpg 0\n", "a/2.jpg 0\n"]);
  });

  it("refuses what is there before it writes anything, unless it may be replaced", async () => {
    folderOf("train/cat/1.jpg", "train/cat/2.jpg");
    writeFiles(root, { "out/held-out.json": "mine" });
    await expect(split("image-folder")).rejects.toThrow("held-out.json is there already");
    expect(existsSync(join(root, "out/train.json"))).toBe(false);
    await split("image-folder", { force: true });
    expect(read("held-out.json")).toContain("fpath");
  });

  it("refuses a part of another split that would be left beside the new one", async () => {
    folderOf(...Array.from({ length: 8 }, (_, i) => `train/cat/${i}.jpg`));
    await split("image-folder", { plan: { ...plan, test: { fraction: 0.25 } } });
    const before = read("train.json");
    const again = split("image-folder", { plan: { ...plan, seed: 3 }, force: true });
    await expect(again).rejects.toThrow(
      /test\.json: expected no image of the new training part, found \d of its 2 images/,
    );
    expect(read("train.json")).toBe(before);
  });

  it("images without files of their own", async () => {
    const options = { plan, out: root, format: "json", force: false } as const;
    await expect(
      writeSplit(
        packedDataset(4, 1, () => 0),
        sourceOf("cifar10"),
        options,
      ),
    ).rejects.toThrow(
      "expected images in files of their own, so that lists can name them; found cifar10. `longtail data convert images` writes",
    );
  });
});
