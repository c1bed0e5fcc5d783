import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { LeftOutRecords } from "../left-out.js";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, fixturePath, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { readList } from "./list.js";

const image = jpeg();
const images = Object.fromEntries(
  ["train/ant/1.jpg", "train/ant/a b 2.jpg", "train/bee/1.jpg", "val/1.jpg"].map((path) => [path, image]),
);
const train = "\ufefftrain/bee/1.jpg 1\r\n\r\n  train/ant/a b 2.jpg\t0\ntrain/ant/1.jpg 0";
const files = { ...images, "train.txt": train, "test.txt": "val/1.jpg 1\n" };
const list = { kind: "list" } as const;

describe("path and label lines", () => {
  it("keep their order; a path may hold spaces; classes are named by their folders", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, files);
    const dataset = await openAllTraining(dataSpec("list", folder.path));
    expect(dataset.classes).toEqual(["ant", "bee"]);
    expect([...dataset.labels]).toEqual([1, 0, 0]);
    expect(dataset.describe(1)).toBe(join(folder.path, "train/ant/a b 2.jpg"));
    const test = await openDataset(dataSpec("list", folder.path), "test");
    expect([test.classes, [...test.labels], test.split]).toEqual([["ant", "bee"], [1], "test"]);
  });

  it("may lie elsewhere, hold full paths and be gzipped; names may come from a file", async () => {
    using folder = temporaryFolder();
    using lists = temporaryFolder();
    writeFiles(folder.path, images);
    const full = join(folder.path, "val/1.jpg");
    writeFiles(lists.path, {
      "x.txt.gz": gzipSync(`${full} 0\ntrain/ant/1.jpg 1\n`),
      "names.txt": "/b/bee 0\n/a/ant nest 1\n",
    });
    const given = { trainFile: join(lists.path, "x.txt.gz"), classNames: join(lists.path, "names.txt") };
    const dataset = await openAllTraining(dataSpec("list", folder.path, given));
    expect(dataset.classes).toEqual(["/b/bee", "/a/ant nest"]);
    expect(dataset.describe(0)).toBe(full);
  });

  it("classes that share a folder are named by their numbers", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { ...images, "train.txt": "train/ant/1.jpg 0\ntrain/ant/a b 2.jpg 1\n" });
    expect((await openAllTraining(dataSpec("list", folder.path))).classes).toEqual(["0", "1"]);
  });

  it("bad records are left out and counted when the recipe says so", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      ...files,
      "train.txt": `${train}\ngone.jpg 0\nno label\ntrain/ant/1.jpg -1\n`,
    });
    const dataset = await openAllTraining(dataSpec("list", folder.path, { strict: false }));
    expect([...dataset.labels]).toEqual([1, 0, 0]);
    expect(dataset.leftOut?.map(({ where, reason }) => `${where}: ${reason}`.replaceAll(folder.path, "DIR")))
      .toMatchInlineSnapshot(`
        [
          "DIR/train.txt, line 6: expected a path and a whole number, found "no label"",
          "DIR/train.txt, line 7: expected a label from 0 to 1, found -1",
          "DIR/train.txt, line 5: no file DIR/gone.jpg",
        ]
      `);
    const test = await openDataset(dataSpec("list", folder.path, { strict: false }), "test");
    expect(test.leftOut).toEqual([]);
  });

  it("says what is wrong with them", async () => {
    const of = (lines: string | Uint8Array, changes = {}): Promise<string> =>
      complaint({ ...list, ...changes }, { ...files, "train.txt": lines });
    expect({
      none: await complaint(list, images),
      noTest: await complaint(list, { ...images, "train.txt": train }, "test"),
      named: await complaint({ ...list, trainFile: "lists/a.txt" }, files),
      empty: await of("\n\n"),
      noLabel: await of("train/bee/1.jpg 0\ntrain/ant/a b 2.jpg\n"),
      fraction: await of("train/bee/1.jpg 0.5\n"),
      negative: await of("train/bee/1.jpg 0\ntrain/ant/1.jpg -1\n"),
      gap: await of("train/bee/1.jpg 0\ntrain/ant/1.jpg 2\n", { labels: "numbers" }),
      missing: await of("train/bee/1.jpg 0\ntrain/ant/7.jpg 1\ntrain/ant/8.jpg 1\n"),
      folder: await of("train/bee 0\n"),
      longName: await of(`train/${"x".repeat(300)}.jpg 0\n`),
      hugeLabel: await of("train/bee/1.jpg 99999999999\n", { labels: "numbers" }),
      allMissing: await of("train/ant/7.jpg 0\n", { strict: false }),
      latin1: await of(Buffer.from("train/bee/1.jpg 0\ntrain/b\xe9/1.jpg 1\n", "latin1")),
      gzip: await of(gzipSync("train/bee/1.jpg 0\n").subarray(0, 12)),
      testLabel: await complaint(list, { ...files, "test.txt": "val/1.jpg 2\n" }, "test"),
      names: await complaint({ ...list, classNames: "names.txt" }, { ...files, "names.txt": "bee\n" }),
      namesTwice: await complaint(
        { ...list, classNames: "names.txt" },
        { ...files, "names.txt": "bee\nbee\n" },
      ),
      namesGone: await complaint({ ...list, classNames: "names.txt" }, files),
    }).toMatchInlineSnapshot(`
      {
        "allMissing": "DIR/train.txt: expected at least one image, its only record is unusable: DIR/train.txt, line 1: no file DIR/train/ant/7.jpg",
        "empty": "DIR/train.txt: expected at least one image, found none.",
        "folder": "DIR/train.txt, line 1: no file DIR/train/bee; 1 of 1 image is missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "fraction": "DIR/train.txt, line 1: expected a path and a whole number, found "train/bee/1.jpg 0.5" (--no-strict, data.strict=false, leaves it out)",
        "gap": "DIR: class "1" has no training images; add some, or remove the class.",
        "gzip": "DIR/train.txt: the gzip file is damaged or truncated.",
        "hugeLabel": "DIR/train.txt: expected at most 1000000 classes, found labels up to 99999999999; data.labels=names takes numbers as names.",
        "latin1": "DIR/train.txt, line 2: expected UTF-8 text, found other bytes; save the file as UTF-8.",
        "longName": "DIR/train.txt, line 1: no file DIR/train/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.jpg; 1 of 1 image is missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "missing": "DIR/train.txt, line 2: no file DIR/train/ant/7.jpg; 2 of 3 images are missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "named": "DIR/lists/a.txt: file not found.",
        "names": "DIR/train.txt, line 1: expected a label from 0 to 0, found 1 (--no-strict, data.strict=false, leaves it out)",
        "namesGone": "DIR/names.txt: file not found.",
        "namesTwice": "DIR/names.txt: class "bee" is there twice.",
        "negative": "DIR/train.txt, line 2: expected a label from 0 to 0, found -1 (--no-strict, data.strict=false, leaves it out)",
        "noLabel": "DIR/train.txt, line 2: expected a path and a whole number, found "train/ant/a b 2.jpg" (--no-strict, data.strict=false, leaves it out)",
        "noTest": "DIR: expected test images, found train/, val/, train.txt, and no class has two images to take one from.",
        "none": "DIR/train.txt: file not found; DIR has train/, val/. data.trainFile names another (from the data folder, or a full path).",
        "testLabel": "DIR/test.txt, line 1: expected a label from 0 to 1, found 2 (--no-strict, data.strict=false, leaves it out)",
      }
    `);
  });
});

describe("Places-LT's official list", () => {
  it("an excerpt: the classes of five images, and one of six", () => {
    expect(countsOf(fixturePath("places-lt-excerpt.txt"))).toEqual({ 37: 6, 88: 5, 126: 5, 195: 5 });
  });

  const whole = join(process.env["LONGTAIL_DATA"] ?? "", "lists/places-lt-oltr/Places_LT_train.txt.gz");
  it.skipIf(!existsSync(whole))("whole: 62,500 images, 365 classes of 4,980 to 5", () => {
    const counts = Object.values(countsOf(whole));
    const images = counts.reduce((sum, count) => sum + count, 0);
    expect([images, counts.length, Math.max(...counts), Math.min(...counts)]).toEqual([
      62_500, 365, 4_980, 5,
    ]);
  });
});

/** Images by label, without looking for their files. */
function countsOf(file: string): Record<number, number> {
  const counts: Record<number, number> = {};
  const { images: listed } = readList(file, new LeftOutRecords({ strict: true }));
  for (const { label } of listed) counts[Number(label)] = (counts[Number(label)] ?? 0) + 1;
  return counts;
}
