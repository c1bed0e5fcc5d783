import { createHash } from "node:crypto";
import { renameSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datasetCard, gini, splitHash } from "./card.js";
import { openAllTraining, openDataset } from "./registry.js";
import { joinEncoded, subset } from "./subset.js";
import { dataSpec, jpeg, packedDataset, temporaryFolder, writeFiles } from "./testing.fixture.js";

describe("a dataset's card", () => {
  it("gives counts, imbalance and groups", async () => {
    using folder = temporaryFolder();
    const images = (name: string, count: number): [string, Uint8Array][] =>
      Array.from({ length: count }, (_, i) => [`train/${name}/${i + 1}.jpg`, jpeg()]);
    const test = { "test/ant/1.jpg": jpeg() };
    writeFiles(folder.path, { ...Object.fromEntries([...images("ant", 20), ...images("bee", 5)]), ...test });
    const card = datasetCard(await openAllTraining(dataSpec("image-folder", folder.path)), "field");
    const groups = {
      many: { classes: 0, images: 0 },
      medium: { classes: 1, images: 20 },
      few: { classes: 1, images: 5 },
    };
    expect(card).toMatchObject({
      ...{ kind: "image-folder", root: folder.path, split: "train", images: 25, skipped: 0 },
      ...{ imbalance: 4, groups, classes: ["ant", "bee"], counts: [20, 5] },
    });
    expect(card.gini).toBeCloseTo(0.3, 12);
    const testCard = datasetCard(await openDataset(dataSpec("image-folder", folder.path), "test"), "field");
    expect(testCard).toMatchObject({ imbalance: null, groups: null, counts: [1, 0] });
  });
});

describe("the Gini coefficient", () => {
  it("is 0 for equal classes and near 1 for a single large one", () => {
    expect(gini([7, 7, 7])).toBeCloseTo(0, 12);
    expect(gini([0, 0, 0, 12])).toBeCloseTo(0.75, 12);
    expect(gini([0, 0])).toBe(0);
  });

  it("is half the mean difference of two classes over their mean", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 20 }), (counts) => {
        const differences = counts.flatMap((a) => counts.map((b) => Math.abs(a - b)));
        const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
        expect(gini(counts)).toBeCloseTo(mean(differences) / (2 * mean(counts)), 9);
      }),
    );
  });
});

describe("a split's hash", () => {
  it("stays when the data moves, and changes with labels and images", async () => {
    using folder = temporaryFolder();
    const root = join(folder.path, "a");
    writeFiles(root, { "train/ant/1.jpg": jpeg(), "train/bee/1.jpg": jpeg() });
    const hash = splitHash(await openAllTraining(dataSpec("image-folder", root)));
    expect(hash).toBe(sha256(Int32Array.of(0, 1), "train/ant/1.jpg\ntrain/bee/1.jpg\n"));
    renameSync(root, join(folder.path, "b"));
    const moved = await openAllTraining(dataSpec("image-folder", join(folder.path, "b")));
    expect(splitHash(moved)).toBe(hash);
    expect(splitHash(subset(moved, [1, 0]))).not.toBe(hash);
    expect(splitHash({ ...moved, labels: Int32Array.of(0, 0) })).not.toBe(hash);
  });

  it("is of the bytes for images in memory, of the place for parts of files", () => {
    const packed = packedDataset(2, 2, (image) => image);
    expect(splitHash(packed)).toBe(
      sha256(Int32Array.of(0, 1), Buffer.from([...Buffer.alloc(12), ...Buffer.alloc(12, 1)])),
    );
    const encoded = { ...packed, pixels: joinEncoded([Buffer.from("ab"), Buffer.from("c")]) };
    expect(splitHash(encoded)).toBe(sha256(Int32Array.of(0, 1), "0\n2\n3\nabc"));
    const places = {
      file: Int32Array.of(1, 0),
      offsets: Float64Array.of(512, 2 ** 40),
      lengths: Int32Array.of(9, 8),
    };
    const spans = {
      ...packed,
      pixels: { kind: "spans", files: ["memory/a.tar", "/b.tar"], ...places } as const,
    };
    expect(splitHash(spans)).toBe(sha256(Int32Array.of(0, 1), `/b.tar 512 9\na.tar ${2 ** 40} 8\n`));
  });
});

function sha256(labels: Int32Array, content: string | Uint8Array): string {
  return createHash("sha256").update(labels).update(content).digest("hex");
}
