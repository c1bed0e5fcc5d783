import { symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset } from "../registry.js";
import type { DataSpec } from "../source.js";
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
        "format": "DIR/train/ant/2.BMP: expected JPEG, PNG or WebP images, found .BMP; convert it.",
        "noClasses": "DIR/train: expected class folders (train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)), found none.",
        "noTest": "DIR/test: expected a folder (train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)), found none that can be read.",
        "noTrainingImages": "DIR/test/bee: class "bee" has no training images; expected a folder DIR/train/bee.",
        "nothing": "DIR/train: expected a folder (train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP)), found none that can be read.",
        "tooDeep": "DIR/train/bee/big: expected images, found a folder inside a class folder.",
        "tooHigh": "DIR/train/1.jpg: expected images inside class folders: train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP).",
      }
    `);
  });

  it("says that the folder is missing, and what it must hold", async () => {
    await expect(openDataset(spec("/no/such/folder"), "train")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: /no/such/folder: data folder not found; expected train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG or WebP).]`,
    );
  });
});
