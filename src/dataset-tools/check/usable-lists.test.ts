import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { openDataset } from "../../data/registry.js";
import { dataSpec, jpeg, temporaryFolder, writeFiles } from "../../data/testing.fixture.js";
import { checkData } from "./check.js";
import { writeUsableLists } from "./usable-lists.js";

it("a list of the images that can be decoded opens as CSV, with the same classes and without the others", async () => {
  using folder = temporaryFolder();
  const root = join(folder.path, "photos");
  writeFiles(root, {
    ...{ 'train/an "ant", red/1.jpg': jpeg(), 'train/an "ant", red/2.jpg': "<html></html>" },
    ...{ "train/bee/1.jpg": jpeg(), "train/bee/2.jpg": jpeg().subarray(0, 200), "test/bee/1.jpg": jpeg() },
  });
  const result = await checkData(dataSpec("image-folder", root), {
    ...{ threads: 1, imageSize: null, cacheFile: join(folder.path, "cache.jsonl"), resume: true },
    ...{ signal: new AbortController().signal, onStart: () => undefined, onProgress: () => undefined },
  });
  const unreadable = result!.findings.find(({ kind }) => kind === "unreadable")!;
  expect(unreadable.items.map(({ text }) => text)).toEqual([
    "expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found an HTML page; a download that failed, or of another address: get the file again",
  ]);
  const lists = writeUsableLists(result!.data, join(folder.path, "usable"))!;
  expect(lists.leftOut).toBe(2);
  const spec = dataSpec("csv", root, { trainFile: lists.files.train!, testFile: lists.files.test! });
  const train = await openDataset(spec, "train");
  expect(train.classes).toEqual(['an "ant", red', "bee"]);
  expect([0, 1].map((index) => relative(root, train.describe(index)))).toEqual([
    'train/an "ant", red/1.jpg',
    "train/bee/1.jpg",
  ]);
  expect((await openDataset(spec, "test")).size).toBe(1);
});
