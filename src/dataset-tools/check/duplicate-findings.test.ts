import { expect, it } from "vitest";
import { duplicateFindings } from "./find.js";
import type { CheckedImage } from "./images.js";
import { inspection } from "../../data/inspection/inspection.fixture.js";

/** "train 0 a": split, label, pixels; images whose pixels begin alike look nearly the same. */
function images(...texts: string[]): CheckedImage[] {
  return texts.map((text, index) => {
    const [split, label, pixelHash = ""] = text.split(" ");
    const hash = pixelHash
      .charCodeAt(0)
      .toString(16)
      .padEnd(16, pixelHash.startsWith("a") ? "f0" : "3c");
    const colors = Buffer.from(Array.from({ length: 192 }, (_, i) => (7 * i) % 256)).toString("base64");
    return {
      ref: { split: split as "train", index },
      label: Number(label),
      path: null,
      inspection: inspection({ pixelHash, hash, mirrored: "ffffffff00000000", colors }),
    };
  });
}

/** Kinds and the places of their groups. */
function said(...texts: string[]): Record<string, number[][]> {
  return Object.fromEntries(
    [...duplicateFindings(images(...texts), 6)].map(([kind, items]) => [
      kind,
      items.map((item) => item.images.map(({ index }) => index)),
    ]),
  );
}

it("the same image within a class, in two classes, in both splits, and both", () => {
  expect(said("train 0 a", "train 0 a", "train 1 b")).toEqual({ duplicate: [[0, 1]] });
  expect(said("train 0 a", "train 1 a")).toEqual({ "conflicting-labels": [[0, 1]] });
  expect(said("train 0 a", "test 0 a", "test 0 a")).toEqual({ leak: [[0, 1, 2]] });
  expect(said("train 0 a", "test 1 a")).toEqual({ "conflicting-labels": [[0, 1]], leak: [[0, 1]] });
});

it("nearly the same", () => {
  expect(said("train 0 a1", "train 0 a2")).toEqual({ "near-duplicate": [[0, 1]] });
  expect(said("train 0 a1", "train 1 a2", "train 0 b1")).toEqual({ "near-conflict": [[0, 1]] });
  expect(said("train 0 a1", "test 0 a2")).toEqual({ "near-leak": [[0, 1]] });
});

it("the same images are a group of their own beside what is near them", () => {
  expect(said("train 0 a1", "train 0 a1", "test 0 a2")).toEqual({
    duplicate: [[0, 1]],
    "near-leak": [[0, 1, 2]],
  });
});

it("says how alike they are", () => {
  const items = duplicateFindings(images("train 0 a1", "train 0 a2"), 6).get("near-duplicate");
  expect(items?.[0]?.text).toBe("100.0 % alike");
});
