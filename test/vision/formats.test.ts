/** Formats besides JPEG, PNG and WebP: what cameras, scanners, browsers and Windows write. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { DataError } from "../../src/support/errors.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { fixturePath, temporaryFolder } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";

interface Decoded {
  readonly height: number;
  readonly width: number;
  readonly rgb: string;
}

function decode(path: string): Decoded {
  using _ = scope();
  const image = new Tensor(vision().decodeImage(path));
  const [height = 0, width = 0] = image.shape;
  return { height, width, rgb: Buffer.from(image.toArray() as Uint8Array).toString("base64") };
}

const expected = JSON.parse(readFileSync(fixturePath("formats/expected.json"), "utf8")) as Record<
  string,
  Decoded
>;
const names = Object.keys(expected);
const pathOf = (name: string): string => fixturePath(`formats/${name}`);

it.each(names.filter((name) => !name.endsWith(".avif")))("%s has Pillow's values", (name) => {
  expect(decode(pathOf(name))).toEqual(expected[name]);
});

it("an AVIF is within 2 of Pillow's values", () => {
  const [found, pillow] = [decode(pathOf("photograph.avif")), expected["photograph.avif"]!];
  expect([found.height, found.width]).toEqual([pillow.height, pillow.width]);
  const values = Buffer.from(pillow.rgb, "base64");
  const differences = Buffer.from(found.rgb, "base64").map((value, i) => Math.abs(value - values[i]!));
  expect(Math.max(...differences)).toBeLessThanOrEqual(2);
});

test.each(names)("data check knows %s", (name) => {
  const [found] = vision().inspectImages({ kind: "files", paths: [pathOf(name)] }, 1, "whole");
  const format = name.split(".")[1]!;
  expect(found).toMatchObject({ error: null, format });
  expect(found!.pixelHash).not.toBe("");
});

describe("a file that is not whole", () => {
  const cut = [
    "palette.gif",
    "plain.tiff",
    "lzw.tiff",
    "deflate.tiff",
    "photograph.avif",
    "24-bit.bmp",
    "palette.bmp",
  ];
  it.each(cut)("%s is refused, cut in the middle", (name) => {
    using folder = temporaryFolder();
    const content = readFileSync(pathOf(name));
    const path = join(folder.path, name);
    for (const fraction of [0.1, 0.3, 0.5, 0.7]) {
      writeFileSync(path, content.subarray(0, Math.floor(content.length * fraction)));
      expect(() => decode(path)).toThrowError(DataError);
      expect(() => decode(path)).toThrowError(path);
    }
  });

  /** A BMP with one number of its header changed. */
  const changed = (offset: number, value: number): Buffer => {
    const content = Buffer.from(readFileSync(pathOf("24-bit.bmp")));
    content.writeInt32LE(value, offset);
    return content;
  };
  it.each([
    ["a width of 0", changed(18, 0), "it has no pixels"],
    ["a height of -2^31", changed(22, -(2 ** 31)), "expected at most 268435456 pixels, found 2147483647 x 7"],
    ["a height beyond the file", changed(22, 60), "its pixels are not whole"],
    ["compressed", changed(30, 1), "expected a BMP without compression, found compression 1"],
    ["7 bits", changed(28, 7), "expected 1, 4, 8, 16, 24 or 32 bits"],
    ["pixels beyond the file", changed(10, 2 ** 30), "its pixels are not whole"],
  ])("a BMP: %s", (_, content, message) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "damaged.bmp");
    writeFileSync(path, content);
    expect(() => decode(path)).toThrowError(message);
    expect(() => decode(path)).toThrowError(DataError);
  });

  it("a TIFF that declares more pixels than the budget allows", () => {
    using folder = temporaryFolder();
    const content = Buffer.from(readFileSync(pathOf("plain.tiff")));
    const directory = content.readUInt32LE(4);
    for (const [field, at] of [1, 2].map((_, i) => [256 + i, directory + 2 + 12 * i] as const)) {
      expect(content.readUInt16LE(at)).toBe(field);
      content.writeUInt16LE(4, at + 2);
      content.writeUInt32LE(60_000, at + 8);
    }
    const path = join(folder.path, "huge.tiff");
    writeFileSync(path, content);
    expect(() => decode(path)).toThrowError("expected at most");
  });
});
