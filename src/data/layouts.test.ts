/** Data folders as people and other tools lay them out. */
import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import { detectKind, fittingKind } from "./detect-kind.js";
import { openAllTraining, openData } from "./registry.js";
import { complaint, dataSpec, png, temporaryFolder, writeFiles } from "./testing.fixture.js";

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

  it("reads Hugging Face's metadata.jsonl as its metadata.csv: labels as names, as numbers, or in the column that is named", async () => {
    const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    const rows = (label: (i: number) => object, count = 8): string =>
      lines(Array.from({ length: count }, (_, i) => ({ ...label(i), file_name: `${i}.png` })));
    expect(
      await opened({
        ...photos("train", 8),
        "train/metadata.jsonl": rows((i) => ({ text: "a photo", label: i < 4 ? "ant" : "bee" })),
        ...photos("test", 2, 40),
        "test/metadata.jsonl": rows(
          (i) => ({ label: i === 0 ? "bee" : "ant", objects: { boxes: [[1, 2]] } }),
          2,
        ),
      }),
    ).toMatchObject({
      ...{ kind: "csv", classes: "ant bee", train: 8, test: "2 of test/metadata.jsonl", first: "test/0.png" },
    });
    expect(
      await opened({ ...photos("", 8), "metadata.jsonl": `\ufeff${rows((i) => ({ label: i % 2 }))}\n` }),
    ).toMatchObject({ kind: "csv", classes: "0 1", train: 6, test: "2 of the training images" });
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      ...photos("", 8),
      "metadata.jsonl": rows((i) => ({ genus: i % 2 ? "x" : "y" })),
    });
    const spec = dataSpec("csv", folder.path, { columns: { image: "image", label: "genus" } });
    expect((await openAllTraining(spec)).classes).toEqual(["x", "y"]);
  });

  it("says which line of metadata.jsonl cannot be read, and leaves out what has no label", async () => {
    const train = (text: string, changes = {}) =>
      complaint({ kind: "csv", ...changes }, { ...photos("", 3), "metadata.jsonl": text });
    const first = '{"file_name":"0.png","label":"ant"}\n';
    expect({
      cut: await train(`${first}{"file_name":"1.png","la`),
      list: await train(`${first}["1.png","bee"]`),
      noLabel: await train('{"file_name":"0.png","text":"an ant"}\n'),
      oneWithout: await train(`${first}{"file_name":"1.png"}\n`),
      object: await train(`${first}{"file_name":"1.png","label":{"name":"bee"}}\n`),
    }).toMatchInlineSnapshot(`
      {
        "cut": "DIR/metadata.jsonl, line 2: expected a JSON object, one a line: Unterminated string in JSON at position 24.",
        "list": "DIR/metadata.jsonl, line 2: expected a JSON object, one a line, found a list of 2.",
        "noLabel": "DIR/metadata.jsonl: expected a column "label", found file_name, text (data.columns.image and data.columns.label name them)",
        "object": "DIR/metadata.jsonl, line 2: expected a path and a label, found an empty field (--no-strict, data.strict=false, leaves it out)",
        "oneWithout": "DIR/metadata.jsonl, line 2: expected a path and a label, found an empty field (--no-strict, data.strict=false, leaves it out)",
      }
    `);
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
