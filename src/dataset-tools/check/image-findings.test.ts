import { expect, it } from "vitest";
import type { CheckedImage } from "./images.js";
import { imageFindings } from "./image-findings.js";
import type { Inspection } from "../../data/inspection/inspection-cache.js";
import { inspection } from "../../data/inspection/inspection.fixture.js";

function image(changes: Partial<Inspection>, path: string | null = "a/1.jpg"): CheckedImage {
  return { ref: { split: "train", index: 0 }, label: 0, path, inspection: inspection(changes) };
}

/** Kinds and texts of what is said of one image, for a network that sees 64 pixels. */
function said(changes: Partial<Inspection>, path?: string | null): string[] {
  const found = imageFindings([image(changes, path)], 64);
  return [...found].map(([kind, items]) => `${kind}: ${items.map(({ text }) => text).join()}`);
}

it.each<[Partial<Inspection>, string[]]>([
  [{}, []],
  [{ error: "the file is empty", contrast: 0 }, ["unreadable: the file is empty"]],
  [{ error: "cut", truncated: true, width: 3 }, ["truncated: cut"]],
  [{ error: "huge", huge: true, width: 60_000, height: 60_000 }, ["huge: 60000 x 60000 pixels"]],
  [{ warning: "corrupt data" }, ["damaged: corrupt data"]],
  [{ contrast: 1 }, ["blank: 200 x 150 pixels"]],
  [{ width: 7, height: 40 }, ["tiny: 7 x 40 pixels", "extreme-shape: 7 x 40 pixels"]],
  [{ width: 8, height: 32 }, ["small: 8 x 32 pixels"]],
  [{ width: 32, height: 32 }, []],
  [{ width: 129, height: 32 }, ["extreme-shape: 129 x 32 pixels"]],
  [{ width: 600, height: 512 }, []],
  [{ width: 600, height: 513 }, ["oversized: 600 x 513 pixels"]],
  [{ color: "gray" }, ["gray: JPEG"]],
  [{ color: "cmyk" }, ["cmyk: JPEG"]],
  [{ orientation: 6 }, ["rotated: turned to the left"]],
])("%j", (changes, expected) => {
  expect(said(changes)).toEqual(expected);
});

it("12 bits in 16 are nearly black, 8 bits may be", () => {
  const colors = Buffer.alloc(192, 9).toString("base64");
  expect(said({ format: "png", bits: 16, colors }, "a.png")).toEqual([
    "nearly-black: PNG, 16 bits",
    "deep-color: PNG, 16 bits",
  ]);
  expect(said({ format: "png", colors }, "a.png")).toEqual([]);
});

it("an image can have several findings", () => {
  expect(said({ format: "png", color: "gray", alpha: true, bits: 16 }, "1.png")).toEqual([
    "gray: PNG, 16 bits",
    "alpha: PNG, 16 bits",
    "deep-color: PNG, 16 bits",
  ]);
});

it("names are compared with the content where they say a format", () => {
  expect(said({ format: "png" }, "1.JPG")).toEqual(["wrong-extension: PNG inside"]);
  expect(said({ format: "jpeg" }, "1.JPEG")).toEqual([]);
  expect(said({ format: "jpeg" }, "1.dat")).toEqual([]);
  expect(said({ format: "pixels" }, null)).toEqual([]);
});

it("without a known size for the network nothing is too small or too large for it", () => {
  expect([
    ...imageFindings([image({ width: 9, height: 9 }), image({ width: 9e3, height: 9e3 })], null),
  ]).toEqual([]);
});
