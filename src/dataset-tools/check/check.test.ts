/** A check of all splits that there are. */
import { join } from "node:path";
import { expect, it } from "vitest";
import { dataSpec, jpeg, png, temporaryFolder, writeFiles } from "../../data/testing.fixture.js";
import { checkData } from "./check.js";
import { textReport } from "./report/text.js";
import { summarize } from "./summary.js";

const photo = (seed: number): Uint8Array =>
  png(16, 16, {
    value: (y, x, channel) => ((seed + 1) * (y >> 2) * 37 + x * (seed + 3) * 59 + channel * 11) % 256,
  });

it("looks at a validation folder beside train and test: damaged images, leaks, files that are left out", async () => {
  using folder = temporaryFolder();
  const root = join(folder.path, "photos");
  writeFiles(root, {
    ...{ "train/ant/1.png": photo(1), "train/ant/2.png": photo(2), "train/bee/1.png": photo(3) },
    ...{ "train/bee/2.png": photo(4), "test/ant/1.png": photo(5), "test/bee/1.png": photo(6) },
    ...{ "val/ant/1.png": photo(1), "val/ant/2.png": "no image", "val/bee/1.png": photo(6) },
    ...{ "val/bee/notes.txt": "a note", "val/cat/1.jpg": jpeg() },
  });
  const result = await checkData(dataSpec("image-folder", root), {
    ...{ threads: 1, imageSize: null, cacheFile: join(folder.path, "cache.jsonl"), resume: true, bits: 0 },
    ...{ signal: new AbortController().signal, onStart: () => undefined, onProgress: () => undefined },
  });
  const summary = summarize(result!, { name: "photos", root, rule: "field" });
  expect(summary.images).toEqual({ train: 4, validation: 3, test: 2 });
  const found = summary.findings.flatMap(({ kind, items }) =>
    items.map(({ images, text }) => [
      kind,
      ...images.map(({ where }) => where.replace(`${root}/`, "")),
      text.replaceAll(`${root}/`, ""),
    ]),
  );
  expect(found).toEqual(
    expect.arrayContaining([
      ["leak", "train/ant/1.png", "val/ant/1.png", ""],
      ["leak", "val/bee/1.png", "test/bee/1.png", ""],
      ["unreadable", "val/ant/2.png", expect.stringContaining("found text")],
      ["skipped", 'val/cat: class "cat" has no training images'],
      ["other-files", expect.stringContaining("val/bee/notes.txt: no image")],
    ]),
  );
  expect(textReport(summary)).toContain("photos: 4 training, 3 validation and 2 test images");
});
