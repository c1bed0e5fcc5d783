/** Files with a changed byte or cut short: they open, or an error says what is wrong; nothing else happens. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DataError } from "../../support/errors.js";
import { openAllTraining } from "../registry.js";
import type { DataSpec } from "../dataset.js";
import { tarOf } from "./reading/tar.fixture.js";
import { dataSpec, fixturePath, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const annotations = {
  annotations: [0, 1].map((id) => ({ image_id: id, fpath: "a.jpg", category_id: id })),
  num_classes: 2,
};
const shard = tarOf({ "a/1.jpg": jpeg(), "a/1.cls": "0", "a/2.jpg": jpeg(), "a/2.json": '{"label": 1}' });
const samples: [DataSpec["kind"], string, Uint8Array][] = [
  ["list", "train.txt", Buffer.from("a.jpg 0\nb c.jpg 1\n")],
  ["csv", "train.csv", Buffer.from('image,label\n"a.jpg",wasp\nb c.jpg,ant\n')],
  ["annotations", "train.json", Buffer.from(JSON.stringify(annotations))],
  ["webdataset", "train.tar", shard],
  ["webdataset", "train.tar", readFileSync(fixturePath("data/pax.tar"))],
  ["parquet", "train.parquet", readFileSync(fixturePath("data/huggingface.parquet"))],
  ["cifar100", "train", readFileSync(fixturePath("data/cifar-protocol-2.pkl"))],
];

/** The same changes every time. */
const SEED = 1;

/** Whether the damaged file opened; an error of another kind is thrown. */
async function opens(kind: DataSpec["kind"], name: string, content: Uint8Array): Promise<boolean> {
  using folder = temporaryFolder();
  writeFiles(folder.path, {
    "a.jpg": jpeg(),
    "b c.jpg": jpeg(),
    meta: readFileSync(fixturePath("data/meta.pkl")),
    [name]: content,
  });
  try {
    await openAllTraining(dataSpec(kind, folder.path));
    return true;
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    expect(error.message).toContain(folder.path);
    return false;
  }
}

describe.each(samples)("%s, %s", (kind, name, content) => {
  it("a changed byte", async () => {
    const change = fc.tuple(fc.nat(content.length - 1), fc.integer({ min: 1, max: 255 }));
    await fc.assert(
      fc.asyncProperty(change, async ([at, bits]) => {
        const damaged = Buffer.from(content);
        damaged[at]! ^= bits;
        await opens(kind, name, damaged);
      }),
      { numRuns: 150, seed: SEED },
    );
  });

  it("cut short", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(content.length - 1), async (size) => {
        await opens(kind, name, content.subarray(0, size));
      }),
      { numRuns: 50, seed: SEED },
    );
  });
});
