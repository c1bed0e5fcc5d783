import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scope } from "../../torch/scope.js";
import { Loader } from "../loader/loader.js";
import { openAllTraining, openDataset } from "../registry.js";
import { tarMember, tarOf } from "./reading/tar.fixture.js";
import {
  complaint,
  dataSpec,
  fixturePath,
  jpeg,
  plainOptions,
  png,
  temporaryFolder,
  writeFiles,
} from "../testing.fixture.js";

const image = jpeg();
const webdataset = { kind: "webdataset" } as const;
const good = { "train-0.tar": tarOf({ "0.jpg": image, "0.cls": "0", "1.jpg": image, "1.cls": "1\n" }) };

describe("WebDataset's shards", () => {
  it("samples are what has the same name up to the first dot", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      "train-000001.tar": tarOf({
        "./b.c/1.left.JPG": image,
        "b.c/2.json": '{"label": 2}',
        "b.c/1.cls": "1",
        "b.c/2.jpg": image,
      }),
      "train-000000.tar": tarOf({
        ".hidden": "",
        README: "",
        "0.png": image,
        "0.txt": "0",
        "0.json": '{"author": "x"}',
      }),
      "test.tar": tarOf({ "x.webp": image, "x.cls": "2" }),
    });
    const train = await openAllTraining(dataSpec("webdataset", folder.path));
    expect([train.classes, [...train.labels]]).toEqual([
      ["0", "1", "2"],
      [0, 1, 2],
    ]);
    expect(train.describe(1)).toBe(`${join(folder.path, "train-000001.tar")}, b.c/1.left.JPG`);
    if (train.pixels.kind !== "spans") throw new Error("expected parts of files");
    const { files, file, offsets, lengths } = train.pixels;
    expect(files.map((path) => path.slice(-10))).toEqual(["000000.tar", "000001.tar"].map((name) => name));
    file.forEach((place, index) => {
      const shard = readFileSync(files[place]!);
      expect(shard.subarray(offsets[index], offsets[index]! + lengths[index]!).equals(image)).toBe(true);
    });
    expect([...(await openDataset(dataSpec("webdataset", folder.path), "test")).labels]).toEqual([2]);
  });

  it("labels may be names; shards may be a folder or a pattern", async () => {
    using folder = temporaryFolder();
    const shard = tarOf({
      "1.jpg": image,
      "1.json": '{"label": null, "cls": "wasp"}',
      "2.jpg": image,
      "2.json": '{"label": "ant"}',
    });
    writeFiles(folder.path, { "shards/a.tar": shard, "test.tar": shard });
    for (const trainFile of ["shards", "shards/*.tar"]) {
      const { classes, labels } = await openAllTraining(dataSpec("webdataset", folder.path, { trainFile }));
      expect([classes, [...labels]]).toEqual([
        ["ant", "wasp"],
        [1, 0],
      ]);
    }
  });

  it.each(["gnu", "pax"])("opens what Python's tarfile wrote, %s", async (form) => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { "train.tar": readFileSync(fixturePath(`data/${form}.tar`)) });
    expect([...(await openAllTraining(dataSpec("webdataset", folder.path))).labels]).toEqual([1, 0, 1]);
  });

  it("the loader reads the images where they are", async () => {
    using folder = temporaryFolder();
    const shard = [100, 200].map((gray) => png(2, 2, { value: () => gray }));
    writeFiles(folder.path, {
      "train.tar": tarOf({ "a.png": shard[0]!, "a.cls": "0", "b.png": shard[1]!, "b.cls": "1" }),
    });
    const dataset = await openAllTraining(dataSpec("webdataset", folder.path));
    using loader = new Loader({ ...plainOptions(dataset, 2), batch: 2 });
    using _ = scope();
    const [batch] = loader.epoch(0);
    const values = batch!.images.toList().map((value) => Math.round(value * 255));
    expect(new Set(values.slice(0, 12))).toEqual(new Set([100]));
    expect(new Set(values.slice(12))).toEqual(new Set([200]));
  });

  it("says what is wrong with them", async () => {
    const of = (files: Record<string, string | Uint8Array>): Promise<string> =>
      complaint(webdataset, { ...good, "train-1.tar": tarOf(files) });
    const raw = (content: Uint8Array): Promise<string> =>
      complaint(webdataset, { ...good, "train-1.tar": content });
    const whole = good["train-0.tar"];
    expect({
      none: await complaint(webdataset, { "a.tar": whole }),
      emptyShards: await complaint(webdataset, { "train.tar": tarOf({}) }),
      noShard: await complaint({ ...webdataset, trainFile: "train-{0..1}.tar" }, good),
      noImage: await of({ "2.cls": "1", "2.mp4": "" }),
      twoImages: await of({ "2.cls": "1", "2.jpg": image, "2.left.png": image }),
      noLabel: await of({ "2.jpg": image }),
      emptyLabel: await of({ "2.jpg": image, "2.cls": " " }),
      badJson: await of({ "2.jpg": image, "2.json": "{" }),
      noLabelInJson: await of({ "2.jpg": image, "2.json": '{"class": 1}' }),
      negative: await of({ "2.jpg": image, "2.cls": "-1" }),
      gap: await complaint(
        { ...webdataset, labels: "numbers" },
        { ...good, "train-1.tar": tarOf({ "2.jpg": image, "2.cls": "3" }) },
      ),
      twice: await raw(
        Buffer.concat([tarMember("2.cls", Buffer.from("1")), tarOf({ "2.jpg": image, "2.cls": "1" })]),
      ),
      cut: await raw(whole.subarray(0, 1000)),
      broken: await raw(Buffer.from(whole).fill(7, 100, 120)),
      testLabel: await complaint(
        webdataset,
        { ...good, "test.tar": tarOf({ "2.jpg": image, "2.cls": "2" }) },
        "test",
      ),
    }).toMatchInlineSnapshot(`
      {
        "badJson": "DIR/train-1.tar, sample 2: expected a label in .cls, .json or .txt, found .jpg, .json (--no-strict, data.strict=false, leaves it out)",
        "broken": "DIR/train-1.tar: damaged at byte 0: expected a member's header, its checksum is wrong; the archive's images from there on are lost, at least one (--no-strict, data.strict=false, leaves it out)",
        "cut": "DIR/train-1.tar: damaged at byte 0: truncated: 0.jpg has 708 bytes, found 488; the archive's images from there on are lost, at least one (--no-strict, data.strict=false, leaves it out)",
        "emptyLabel": "DIR/train-1.tar, sample 2: expected a label in .cls, .json or .txt, found .jpg, .cls (--no-strict, data.strict=false, leaves it out)",
        "emptyShards": "DIR/train*.tar: expected at least one image, found none.",
        "gap": "DIR: class "2" has no training images; add some, or remove the class.",
        "negative": "DIR/train-1.tar, 2.jpg: expected a label from 0 to 1, found -1 (--no-strict, data.strict=false, leaves it out)",
        "noImage": "DIR/train-1.tar, sample 2: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found .cls, .mp4 (--no-strict, data.strict=false, leaves it out)",
        "noLabel": "DIR/train-1.tar, sample 2: expected a label in .cls, .json or .txt, found .jpg (--no-strict, data.strict=false, leaves it out)",
        "noLabelInJson": "DIR/train-1.tar, sample 2: expected a label in .cls, .json or .txt, found .jpg, .json (--no-strict, data.strict=false, leaves it out)",
        "noShard": "DIR/train-1.tar: file not found.",
        "none": "DIR/train*.tar: expected .tar files, found none; DIR has a.tar (data.trainFile and data.testFile name files, a folder or a pattern).",
        "testLabel": "DIR/test.tar, 2.jpg: expected a label from 0 to 1, found 2 (--no-strict, data.strict=false, leaves it out)",
        "twice": "DIR/train-1.tar, 2.cls: is there twice (--no-strict, data.strict=false, leaves it out)",
        "twoImages": "DIR/train-1.tar, sample 2: expected one image, found 2.jpg and 2.left.png (--no-strict, data.strict=false, leaves it out)",
      }
    `);
  });

  it("an archive that was cut between two members is named, the samples that are there are used", async () => {
    using folder = temporaryFolder();
    const whole = tarOf({ "0.jpg": image, "0.cls": "0", "1.jpg": image, "1.cls": "1" });
    const cut = whole.subarray(0, -1024);
    writeFiles(folder.path, { "train-0.tar": whole, "train-1.tar": cut, "train-2.tar": cut });
    const { size, notes } = await openAllTraining(dataSpec("webdataset", folder.path));
    expect(size).toBe(6);
    expect(notes?.[0]?.replaceAll(folder.path, "DIR")).toBe(
      "DIR/train-1.tar, and 1 other archive: the empty blocks that close a tar archive are missing: it may have been cut between two " +
        "images. Compare its size with the original's",
    );
    writeFiles(folder.path, { "train-1.tar": whole, "train-2.tar": whole.subarray(0, -512) });
    expect((await openAllTraining(dataSpec("webdataset", folder.path))).notes).not.toContainEqual(
      expect.stringContaining("empty blocks"),
    );
  });

  it("takes images of any format, and those of the usual ones before a mask", async () => {
    using folder = temporaryFolder();
    const parts = { "0.gif": image, "0.cls": "0", "1.jpg": image, "1.mask.tif": image, "1.cls": "1" };
    writeFiles(folder.path, { "train.tar": tarOf(parts) });
    const dataset = await openAllTraining(dataSpec("webdataset", folder.path));
    expect([0, 1].map((index) => dataset.describe(index).replace(/^.*, /, ""))).toEqual(["0.gif", "1.jpg"]);
  });

  it("a damaged archive's samples before the damage are used when the recipe says so", async () => {
    using folder = temporaryFolder();
    const whole = tarOf({
      "0.jpg": image,
      "0.cls": "0",
      "1.cls": "1",
      "1.jpg": image,
      "2.jpg": image,
      "2.cls": "0",
    });
    writeFiles(folder.path, { "train.tar": whole.subarray(0, -2600) });
    const { size, leftOut = [] } = await openAllTraining(
      dataSpec("webdataset", folder.path, { strict: false }),
    );
    expect([size, leftOut.length]).toEqual([2, 1]);
  });
});
