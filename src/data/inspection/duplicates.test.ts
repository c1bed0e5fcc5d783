import { expect, it } from "vitest";
import { identicalImages, nearDuplicates } from "./duplicates.js";
import { inspection } from "./inspection.fixture.js";

/** Tiles that a seed decides. */
function colors(seed: number): string {
  return Buffer.from(
    Array.from({ length: 192 }, (_, i) => (i * i * seed * 7 + 13 * i * seed) % 251),
  ).toString("base64");
}

const hash = "f0f0f0f0f0f0f0f0";
const near = "f0f0f0f0f0f0f0f7"; // 3 bits away
const far = "0f0f0f0f0f0f0f0f";

it("identical images have equal pixels; blank and broken ones are like nothing", () => {
  const all = ["a", "b", "a", "c", "c"].map((pixelHash) => inspection({ pixelHash, contrast: 20 }));
  const broken = [inspection({ pixelHash: "a", error: "no" }), inspection({ pixelHash: "b", contrast: 0.5 })];
  expect(identicalImages([...all, ...broken])).toEqual([[0, 2], [1], [3, 4]]);
});

it("near images have near hashes and the same colors", () => {
  const all = [
    inspection({ pixelHash: "a", hash, colors: colors(1) }),
    inspection({ pixelHash: "b", hash: near, colors: colors(1) }),
    inspection({ pixelHash: "b", hash: near, colors: colors(1) }),
    inspection({ pixelHash: "c", hash: near, colors: colors(5) }),
    inspection({ pixelHash: "d", hash: far, colors: colors(1) }),
  ];
  const [group, ...others] = nearDuplicates(all, 6);
  expect(others).toEqual([]);
  expect(group?.same).toEqual([[0], [1, 2]]);
  expect(group?.likeness).toBeCloseTo(1);
  expect(group?.mirrored).toBe(false);
  expect(nearDuplicates(all, 2)).toEqual([]);
});

it("a chain of near images is one group", () => {
  const all = ["f0f0f0f0f0f0f0f0", "f0f0f0f0f0f0f0f7", "f0f0f0f0f0f0f03f"].map((one, i) =>
    inspection({ pixelHash: String(i), hash: one, colors: colors(2) }),
  );
  expect(nearDuplicates(all, 3).map(({ same }) => same)).toEqual([[[0], [1], [2]]]);
});

it("a mirror image is found by the mirrored hash", () => {
  const row = Array.from({ length: 8 }, (_, x) => [10 * x, 30 * x, 200 - 20 * x]);
  const tilesOf = (one: number[][]): string =>
    Buffer.from(Array.from({ length: 8 }, () => one.flat()).flat()).toString("base64");
  const all = [
    inspection({ pixelHash: "a", hash, mirrored: far, colors: tilesOf(row) }),
    inspection({ pixelHash: "b", hash: far, mirrored: hash, colors: tilesOf(row.toReversed()) }),
  ];
  expect(nearDuplicates(all, 6)).toMatchObject([{ same: [[0], [1]], mirrored: true }]);
});
