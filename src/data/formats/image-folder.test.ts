import { symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { openAllTraining, openDataset, openForCheck } from "../registry.js";
import type { Dataset, DataSpec } from "../dataset.js";
import { complaint, dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const JPEG_XL = Buffer.from("\0\0\0\x0cJXL \r\n\x87\n", "latin1");
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
    const train = await openAllTraining(spec(folder.path));
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
    expect((await openAllTraining(spec(folder.path))).size).toBe(2);
    symlinkSync("/no/such/file", join(folder.path, "train/ant/2.jpg"));
    await expect(openAllTraining(spec(folder.path))).rejects.toThrowError(
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
      format: await complaint(
        { kind: "image-folder" },
        { "train/ant/1.jpg": image, "train/ant/2.jxl": JPEG_XL },
      ),
    }).toMatchInlineSnapshot(`
      {
        "emptyClass": "DIR/train/bee: expected at least one image (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP), found readme.txt.",
        "emptyTest": "DIR/test: expected images in its class folders, found ant/.",
        "format": "DIR/train/ant/2.jxl: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found a JPEG XL image; convert it to JPEG or PNG (--no-strict, data.strict=false, leaves it out)",
        "noClasses": "DIR: expected class folders (CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP)), found train/.",
        "noTest": "DIR: expected test images, found train/, and no class has two images to take one from.",
        "noTrainingImages": "DIR/test/bee: class "bee" has no training images (--no-strict, data.strict=false, leaves it out)",
        "nothing": "DIR: expected class folders (CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP)), found readme.txt.",
        "tooHigh": "DIR/train/1.jpg: expected images inside class folders: CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP) (--no-strict, data.strict=false, leaves it out)",
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
    await expect(openAllTraining(spec(folder.path))).rejects.toThrowError(
      "caf\ufffd.jpg: expected a file or folder, found a name that is not UTF-8",
    );
    const { size, leftOut = [] } = await openAllTraining({ ...spec(folder.path), strict: false });
    expect([size, leftOut.filter(({ images }) => images > 0).length]).toEqual([5, 1]);
  });

  it("leaves out and counts what should not be there, when told to", async () => {
    using folder = temporaryFolder();
    const image = jpeg();
    writeFiles(folder.path, {
      ...{ "train/ant/1.jpg": image, "train/ant/2.jxl": JPEG_XL, "train/ant/more/3.jpg": image },
      ...{ "train/0.jpg": image, "train/bee/notes.txt": "notes" },
      ...{ "test/ant/1.jpg": image, "test/Wasp/1.jpg": image, "test/Wasp/more/2.jpg": image },
    });
    symlinkSync("/no/such/file", join(folder.path, "train/ant/4.jpg"));
    const lenient = { ...spec(folder.path), strict: false };
    const train = await openForCheck(lenient, "train");
    const texts = (dataset: Dataset): string[] =>
      (dataset.leftOut ?? []).map(
        ({ where, reason, images }) => `${relative(folder.path, where)}: ${reason} (${images})`,
      );
    expect([train.size, train.classes]).toEqual([2, ["ant", "bee"]]);
    expect(texts(train)).toMatchInlineSnapshot(`
      [
        "train/0.jpg: expected images inside class folders: CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP) (1)",
        "train/ant/4.jpg: expected a file or folder, found a broken link (1)",
        "train/ant/2.jxl: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found a JPEG XL image; convert it to JPEG or PNG (1)",
        "train/bee/notes.txt: no image: .txt that is text (0)",
      ]
    `);
    const test = await openForCheck(lenient, "test");
    expect([test.size, texts(test)]).toMatchInlineSnapshot(`
      [
        1,
        [
          "test/Wasp: class "Wasp" has no training images (2)",
        ],
      ]
    `);
    await expect(openAllTraining(lenient)).rejects.toThrowError('class "bee" has no training images');
  });

  it("knows images by their content where the extension is none of an image", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      ...{ "ant/1.jfif": jpeg(), "ant/2.JPE": jpeg(), "ant/3": jpeg(), "ant/4.jpg_large": jpeg() },
      ...{ "bee/1.png": jpeg(), "bee/movie.mp4": Buffer.of(0, 0, 0, 0x20) },
    });
    const { labels, leftOut = [] } = await openAllTraining(spec(folder.path));
    expect([...labels]).toEqual([0, 0, 0, 0, 1]);
    expect(leftOut.map(({ reason, images }) => [reason, images])).toEqual([
      ["no image: .mp4 that is other content", 0],
    ]);
  });

  it("takes data.classNames, data.trainFile and data.testFile", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      ...{ "names.txt": "2\n10\n", "a/10/1.jpg": jpeg(), "a/2/1.jpg": jpeg(), "b/10/1.jpg": jpeg() },
    });
    const keys = { trainFile: "a", testFile: "b", classNames: "names.txt" };
    const test = await openDataset({ ...spec(folder.path), ...keys }, "test");
    expect([test.classes, [...test.labels]]).toEqual([["2", "10"], [1]]);
    await expect(
      openDataset({ ...spec(folder.path), ...keys, testFile: "val" }, "test"),
    ).rejects.toThrowError("val: expected a folder of class folders (data.testFile), found none");
    await expect(
      openDataset({ ...spec(folder.path), ...keys, classNames: "no.txt" }, "test"),
    ).rejects.toThrowError("no.txt: file not found");
  });

  it("matches names in another Unicode form, and says what else differs", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      ...{ "train/caf\u00e9/1.jpg": jpeg(), "train/ant/1.jpg": jpeg() },
      ...{ "test/cafe\u0301/1.jpg": jpeg(), "test/ant/1.jpg": jpeg() },
    });
    expect([...(await openDataset(spec(folder.path), "test")).labels]).toEqual([0, 1]);
    writeFiles(folder.path, { "test/Ant /1.jpg": jpeg() });
    await expect(openDataset(spec(folder.path), "test")).rejects.toThrowError(
      'class "Ant " has no training images; class "ant" differs in capitals or spaces alone: rename one',
    );
  });

  it("says that the folder is missing, and what it must hold", async () => {
    await expect(openAllTraining(spec("/no/such/folder"))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: /no/such/folder: data folder not found; expected CLASS/*.jpg, or train/CLASS/*.jpg and test/CLASS/*.jpg (JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP).]`,
    );
  });
});
