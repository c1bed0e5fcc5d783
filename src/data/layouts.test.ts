/** Data folders as people and other tools lay them out. */
import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import { detectKind, fittingKind } from "./detect-kind.js";
import { openData } from "./registry.js";
import { dataSpec, png, temporaryFolder, writeFiles } from "./testing.fixture.js";

/** Images that are unlike each other. */
function photo(seed: number): Uint8Array {
  return png(32, 32, {
    value: (y, x, channel) => ((seed + 1) * (y >> 2) * 37 + (x >> 2) * (seed + 3) * 59 + channel * 11) % 256,
  });
}

function photos(folder: string, count: number, seed = 0): Record<string, Uint8Array> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/${i}.png`, photo(seed + i)]));
}

const table = (rows: readonly (readonly [string, string])[], header = "image,label"): string =>
  `${header}\n${rows.map((row) => row.join(",")).join("\n")}\n`;

/** What opening a folder gives: kind, classes, images of each split and where they are from. */
async function opened(files: Record<string, string | Uint8Array>) {
  using folder = temporaryFolder();
  writeFiles(folder.path, files);
  const kind = fittingKind({ kind: "image-folder", root: folder.path, trainFile: null });
  const { train, test, validation, testSplit } = await openData(dataSpec(kind, folder.path));
  return {
    kind,
    classes: train.classes.join(" "),
    train: train.size,
    test: `${test.size} of ${testSplit === null ? (test.source ?? "") : "the training images"}`,
    validation: validation?.size ?? null,
    first: relative(folder.path, test.describe(0)),
  };
}

const classes = (root: string, images = 3, seed = 0): Record<string, Uint8Array> => ({
  ...photos(`${root}ant`, images, seed),
  ...photos(`${root}bee`, images, seed + 20),
});

describe("a folder of photographs", () => {
  it.each([
    ["train and test", { ...classes("train/"), ...classes("test/", 2, 50) }],
    ["Train and Val", { ...classes("Train/"), ...classes("Val/", 2, 50) }],
    ["training and valid", { ...classes("training/"), ...classes("valid/", 2, 50) }],
    [
      "train, validation and test",
      { ...classes("train/"), ...classes("validation/", 1, 40), ...classes("test/", 2, 50) },
    ],
    [
      "an archive's own folder",
      { ...classes("photos/train/"), ...classes("photos/val/", 2, 50), "__MACOSX/x.jpg": "" },
    ],
  ])("%s", async (_, files) => {
    const { kind, classes: names, train, test } = await opened(files);
    expect([kind, names, train]).toEqual(["image-folder", "ant bee", 6]);
    expect(test).toMatch(/^4 of /);
  });

  it("says where test and validation images are from", async () => {
    const both = await opened({
      ...classes("train/"),
      ...classes("val/", 1, 40),
      ...classes("test/", 2, 50),
    });
    expect(both).toMatchObject({ test: "4 of test", validation: 2 });
    expect(await opened({ ...classes("train/"), ...classes("val/", 2, 50) })).toMatchObject({
      ...{ test: "4 of val", validation: null },
    });
  });

  it("takes test images from class folders alone, also inside an archive's folder and with folders inside a class", async () => {
    for (const root of ["", "photos/"])
      expect(await opened({ ...classes(root, 6), ...photos(`${root}ant/more`, 3, 60) })).toMatchObject({
        ...{ kind: "image-folder", classes: "ant bee", train: 11, test: "4 of the training images" },
      });
  });

  it("takes a class that is called train for a class", async () => {
    const { classes: names } = await opened({ ...photos("train", 4), ...photos("plane", 4, 20) });
    expect(names).toBe("plane train");
  });

  it("reads a table beside the images: Hugging Face's metadata.csv, or any one that lists images and labels", async () => {
    const rows = Array.from({ length: 8 }, (_, i) => [`${i}.png`, i < 4 ? "ant" : "bee"] as const);
    const files = (folder: string) => photos(folder, 8);
    expect(
      await opened({ ...files("train"), "train/metadata.csv": table(rows, "file_name,label") }),
    ).toMatchObject({
      ...{ kind: "csv", classes: "ant bee", train: 6, test: "2 of the training images" },
    });
    const below = rows.map(([path, label]) => [`images/${path}`, label] as const);
    expect(
      await opened({
        ...files("images"),
        "labels.csv": table(below, "filename;species").replaceAll(",", ";"),
      }),
    ).toMatchObject({
      ...{ kind: "csv", classes: "ant bee", train: 6 },
    });
    const split = {
      ...files("train"),
      "train/metadata.csv": table(rows, "file_name,label"),
      ...photos("validation", 2, 40),
      "validation/metadata.csv": table(
        [
          ["0.png", "bee"],
          ["1.png", "ant"],
        ],
        "file_name,label",
      ),
    };
    expect(await opened(split)).toMatchObject({ train: 8, test: "2 of validation/metadata.csv" });
  });

  it("knows Hugging Face's Parquet files by their folder", () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      "data/train-00000-of-00001.parquet": "PAR1",
      "data/validation-0.parquet": "PAR1",
    });
    expect(detectKind(folder.path)).toBe("parquet");
  });

  it("keeps train and test images of a contest's layout, whose test list has no labels", async () => {
    const rows = Array.from({ length: 8 }, (_, i) => [`train/${i}.png`, String(i % 2)] as const);
    const files = {
      ...photos("train", 8),
      "train.csv": table(rows),
      ...photos("test", 3, 50),
      "test.csv": "image\ntest/0.png\n",
    };
    expect(await opened(files)).toMatchObject({ kind: "csv", train: 6, test: "2 of the training images" });
  });
});
