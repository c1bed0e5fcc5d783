import { symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset, openForCheck } from "../registry.js";
import type { DataSpec } from "../dataset.js";
import { complaint, dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const GOOD = {
  "train/bee/2.JPG": jpeg(),
  "train/bee/10.jpeg": jpeg(),
  "train/ant/1.png": jpeg(),
  "train/ant/2.webp": jpeg(),
  "train/ant/.hidden.jpg": "",
  "train/ant/notes.txt": "",
  "train/.cache/1.jpg": "",
  "train/README.md": "",
  "train/Cat/1.jpg": jpeg(),
  "test/ant/1.jpg": jpeg(),
  "test/bee/1.jpg": jpeg(),
};

const spec = (root: string): DataSpec => dataSpec("image-folder", root);

describe("an image folder", () => {
  it("numbers classes and images in sorted order and passes over what is no image", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, GOOD);
    const train = await openDataset(spec(folder.path), "train");
    expect(train.classes).toEqual(["Cat", "ant", "bee"]);
    expect(Array.from(train.labels, (label, i) => [label, relative(folder.path, train.describe(i))])).toEqual(
      [
        [0, "train/Cat/1.jpg"],
        [1, "train/ant/1.png"],
        [1, "train/ant/2.webp"],
        [2, "train/bee/10.jpeg"],
        [2, "train/bee/2.JPG"],
      ],
    );
  });

  it("allows a class without test images", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, GOOD);
    const test = await openDataset(spec(folder.path), "test");
    expect(test.classes).toEqual(["Cat", "ant", "bee"]);
    expect([...test.labels]).toEqual([1, 2]);
  });

  it("follows links", async () => {
    using folder = temporaryFolder();
    using elsewhere = temporaryFolder();
    writeFiles(elsewhere.path, { "1.jpg": jpeg() });
    writeFiles(folder.path, { "train/ant/1.jpg": jpeg() });
    symlinkSync(elsewhere.path, join(folder.path, "train/bee"));
    expect((await openDataset(spec(folder.path), "train")).size).toBe(2);
    symlinkSync("/no/such/file", join(folder.path, "train/ant/2.jpg"));
    await expect(openDataset(spec(folder.path), "train")).rejects.toThrowError(
      "train/ant/2.jpg: expected a file or folder, found a broken link",
    );
  });

  it("says what is wrong with the files", async () => {
    const image = jpeg();
    expect({
      nothing: await complaint({ kind: "image-folder" }, { "readme.txt": "" }),
      noClasses: await complaint({ kind: "image-folder" }, { "train/readme.txt": "" }),
      noTest: await complaint({ kind: "image-folder" }, { "train/ant/1.jpg": image }, "test"),
      emptyClass: await complaint(
        { kind: "image-folder" },
        { "train/ant/1.jpg": image, "train/bee/readme.txt": "" },
      ),
      emptyTest: await complaint(
        { kind: "image-folder" },
        { "train/ant/1.jpg": image, "test/ant/readme.txt": "" },
        "test",
      ),
      noTrainingImages: await complaint(
        { kind: "image-folder" },
        { "train/ant/1.jpg": image, "test/bee/1.jpg": image },
        "test",
      ),
      tooHigh: await complaint({ kind: "image-folder" }, { "train/1.jpg": image, "train/ant/1.jpg": image }),
      tooDeep: await complaint(
        { kind: "image-folder" },
        { "train/ant/1.jpg": image, "train/bee/big/1.jpg": image },
      ),
      format: await complaint({ kind: "image-folder" }, { "train/ant/1.jpg": image, "train/ant/2.BMP": "" }),
    }).toMatchInlineSnapshot(`
      {
        "emptyClass": "DIR/train/bee: expected at least one image (JPEG, PNG or WebP), found none.",
        "emptyTest": "DIR/test: expected images in its class folders, found none.",
        "format": "DIR/train/ant/2.BMP: expected JPEG, PNG or WebP images, found .BMP; convert it (data.strict=false would leave such records out and count them)",
        "noClasses": "DIR/train: expected class folders (train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)), found none.",
        "noTest": "DIR/test: expected a folder (train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)), found none that can be read.",
        "noTrainingImages": "DIR/test/bee: class "bee" has no training images; expected a folder DIR/train/bee (data.strict=false would leave such records out and count them)",
        "nothing": "DIR/train: expected a folder (train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)), found none that can be read.",
        "tooDeep": "DIR/train/bee/big: expected images, found a folder inside a class folder (data.strict=false would leave such records out and count them)",
        "tooHigh": "DIR/train/1.jpg: expected images inside class folders: train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP) (data.strict=false would leave such records out and count them)",
      }
    `);
  });

  it("names what is not UTF-8", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, GOOD);
    const name = Buffer.concat([
      Buffer.from(`${folder.path}/train/ant/caf`),
      Buffer.of(0xe9),
      Buffer.from(".jpg"),
    ]);
    writeFileSync(name, jpeg());
    await expect(openDataset(spec(folder.path), "train")).rejects.toThrowError(
      "caf\ufffd.jpg: expected a file or folder, found a name that is not UTF-8",
    );
    const { size, skipped } = await openDataset({ ...spec(folder.path), strict: false }, "train");
    expect([size, skipped?.count]).toEqual([5, 1]);
  });

  it("leaves out and counts what should not be there, when told to", async () => {
    using folder = temporaryFolder();
    const image = jpeg();
    writeFiles(folder.path, {
      ...{ "train/ant/1.jpg": image, "train/ant/2.BMP": "", "train/ant/more/3.jpg": image },
      ...{
        "train/0.jpg": image,
        "train/bee/notes.txt": "",
        "test/ant/1.jpg": image,
        "test/wasp/1.jpg": image,
      },
    });
    symlinkSync("/no/such/file", join(folder.path, "train/ant/4.jpg"));
    const lenient = { ...spec(folder.path), strict: false };
    const train = await openForCheck(lenient, "train");
    expect([train.size, train.classes, train.skipped?.count]).toEqual([1, ["ant", "bee"], 4]);
    expect(train.skipped?.examples[0]).toContain("train/0.jpg: expected images inside class folders");
    const test = await openForCheck(lenient, "test");
    expect([test.size, test.skipped?.examples.join()]).toEqual([
      1,
      expect.stringContaining('class "wasp" has no training images'),
    ]);
    await expect(openDataset(lenient, "train")).rejects.toThrowError('class "bee" has no training images');
  });

  it("says that the folder is missing, and what it must hold", async () => {
    await expect(openDataset(spec("/no/such/folder"), "train")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: /no/such/folder: data folder not found; expected train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP).]`,
    );
  });
});
