import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodedFile } from "../../../test/vision/pixels.fixture.js";
import { jpeg, temporaryFolder } from "../../data/testing.fixture.js";
import { example, frames } from "../tfrecord/tfrecord.fixture.js";
import { convertTfRecords, type TfRecordConversion } from "./tfrecord.js";

let root = "";
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  root = folder.path;
});
afterEach(() => folder[Symbol.dispose]());

function written(name: string, ...records: readonly Uint8Array[]): string {
  writeFileSync(join(root, name), frames(...records));
  return join(root, name);
}

function convert(
  files: readonly string[],
  options: Partial<TfRecordConversion> = {},
): ReturnType<typeof convertTfRecords> {
  return convertTfRecords({
    ...{ files, out: join(root, "out"), split: "train", format: "png", quality: 95, classNames: null },
    ...{
      firstLabel: 0,
      force: false,
      imageFeature: null,
      labelFeature: null,
      layout: null,
      channels: "rgb",
      size: null,
    },
    onProgress: () => undefined,
    ...options,
  });
}

/** CIFAR-LT's record; every byte has the image's number, the planes differ. */
const cifar = (label: number, number: number): Uint8Array =>
  example({ label, image: Uint8Array.from({ length: 3072 }, (_, i) => (number + (i >> 10)) % 256) });

function annotationsIn(path: string): { annotations: Record<string, unknown>[]; num_classes: number } {
  return JSON.parse(readFileSync(path, "utf8")) as ReturnType<typeof annotationsIn>;
}

describe("convertTfRecords", () => {
  it("writes each image exactly, and annotations in the records' order", async () => {
    const files = [written("a", cifar(10, 0), cifar(0, 1)), written("b", cifar(10, 2))];
    const result = await convert(files);
    const { annotations, num_classes: classes } = annotationsIn(result.annotations);
    const size = { im_height: 32, im_width: 32 };
    expect(annotations).toEqual([
      { image_id: 0, fpath: "train/10/train_0000000.png", ...size, category_id: 10 },
      { image_id: 1, fpath: "train/00/train_0000001.png", ...size, category_id: 0 },
      { image_id: 2, fpath: "train/10/train_0000002.png", ...size, category_id: 10 },
    ]);
    expect(classes).toBe(11);
    expect(result).toMatchObject({ images: 3, counts: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] });
    annotations.forEach(({ fpath }, i) => {
      expect([...decodedFile(join(root, "out", fpath as string)).pixels.subarray(0, 3)]).toEqual([
        i,
        i + 1,
        i + 2,
      ]);
    });
    expect(readdirSync(join(root, "out")).sort()).toEqual(["train", "train.json"]);
  });

  it("takes more images than fit in memory at a time, and says how far it is", async () => {
    const file = written("a", ...Array.from({ length: 150 }, (_, i) => cifar(i % 3, i)));
    const progress: number[] = [];
    const { counts } = await convert([file], { onProgress: ({ images }) => progress.push(images) });
    expect(progress).toEqual([64, 128, 150]);
    expect(counts).toEqual([50, 50, 50]);
  });

  it("JPEG on demand; image files as they are; both in one file", async () => {
    const file = written("a", cifar(0, 0), example({ image: jpeg(), label: 1 }), cifar(0, 2));
    const { annotations } = await convert([file], { format: "jpeg", quality: 90 });
    expect(annotationsIn(annotations).annotations.map(({ fpath }) => fpath)).toEqual([
      "train/0/train_0000000.jpg",
      "train/1/train_0000001.jpg",
      "train/0/train_0000002.jpg",
    ]);
    expect(readFileSync(join(root, "out/train/1/train_0000001.jpg"))).toEqual(Buffer.from(jpeg()));
  });

  it("names classes, and counts labels from the first", async () => {
    const file = written("a", cifar(1, 0), cifar(2, 0));
    const { annotations } = await convert([file], { firstLabel: 1, classNames: ["cat", "a/b", ".x"] });
    const { annotations: list, num_classes: classes } = annotationsIn(annotations);
    expect(list.map(({ fpath, category_id: label }) => [fpath, label])).toEqual([
      ["train/cat/train_0000000.png", 0],
      ["train/a_b/train_0000001.png", 1],
    ]);
    expect(classes).toBe(3);
  });

  it("puts both splits in one folder", async () => {
    const file = written("a", cifar(0, 0));
    await convert([file]);
    await convert([file], { split: "test" });
    expect(readdirSync(join(root, "out")).sort()).toEqual(["test", "test.json", "train", "train.json"]);
  });
});

describe("what goes wrong leaves nothing behind", () => {
  it.each([
    [
      "a truncated file",
      () => frames(cifar(0, 0), cifar(0, 1)).subarray(0, 5000),
      /record 1 \(byte \d+\): .*truncated/,
    ],
    [
      "a damaged file",
      () => Buffer.from(frames(cifar(0, 0))).fill(99, 2000, 2001),
      "record 0 (byte 0): the data's checksum",
    ],
    ["no Examples", () => frames(Buffer.from("hello")), "record 0 (byte 0): expected a tf.train.Example: "],
    ["no labels", () => frames(example({ image: jpeg() })), "record 0 (byte 0): expected a label"],
    [
      "a negative label",
      () => frames(cifar(-1, 0)),
      "record 0 (byte 0): expected a label from 0 to 999999, found -1.",
    ],
    ["an empty file", () => Buffer.alloc(0), "the file is empty"],
  ])("%s", async (_, content, message) => {
    const file = join(root, "a");
    writeFileSync(file, content());
    await expect(convert([written("good", cifar(0, 0)), file])).rejects.toThrow(message);
    expect(existsSync(join(root, "out")) ? readdirSync(join(root, "out")) : []).toEqual([]);
  });

  it("a label that has no name", async () => {
    const conversion = convert([written("a", cifar(2, 0))], { classNames: ["cat", "dog"] });
    await expect(conversion).rejects.toThrow("record 0 (byte 0): expected a label from 0 to 1, found 2.");
  });

  it("an interruption", async () => {
    const file = written("a", ...Array.from({ length: 80 }, () => cifar(0, 0)));
    const onProgress = (): never => {
      throw new Error("interrupted");
    };
    await expect(convert([file], { onProgress })).rejects.toThrow("interrupted");
    expect(readdirSync(join(root, "out"))).toEqual([]);
  });

  it("an output that is there is refused before anything is read, or replaced when forced", async () => {
    const file = written("a", cifar(0, 0));
    mkdirSync(join(root, "out"));
    writeFileSync(join(root, "out/train.json"), "mine");
    await expect(convert(["none"])).rejects.toThrow(
      "train.json is there already; choose another place, or --force",
    );
    expect(readFileSync(join(root, "out/train.json"), "utf8")).toBe("mine");
    await convert([file], { force: true });
    await convert([file], { force: true });
    expect(annotationsIn(join(root, "out/train.json")).num_classes).toBe(1);
  });
});
