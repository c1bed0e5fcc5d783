/** Color profiles (ICC) of RGB, gray and CMYK images: they come in sRGB, as other programs show them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { produced } from "./produced.fixture.js";
import { fixturePath } from "../../src/data/testing.fixture.js";
import { Transform } from "../../src/recipes/transform-schema.js";
import { vision } from "../../src/data/vision.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";

interface Decoded {
  readonly height: number;
  readonly width: number;
  readonly rgb: string;
}

const expected = JSON.parse(readFileSync(fixturePath("profiles/profiles.json"), "utf8")) as Record<
  string,
  Decoded
>;

const decoded = (name: string): number[] =>
  new Tensor(vision().decodeImage(fixturePath(`profiles/${name}`))).toList();

test.each(Object.entries(expected))("%s: sRGB as LittleCMS has it", (name, { height, width, rgb }) => {
  using _ = scope();
  const image = new Tensor(vision().decodeImage(fixturePath(`profiles/${name}`)));
  expect(image.shape.slice(0, 2)).toEqual([height, width]);
  const values = Buffer.from(rgb, "base64");
  const differences = Array.from(image.toArray() as Uint8Array, (value, i) => Math.abs(value - values[i]!));
  // JPEG decoders differ by 1, and so do conversions.
  expect(Math.max(...differences)).toBeLessThanOrEqual(name.endsWith(".jpg") ? 4 : 2);
  const isExact = /^(srgb|damaged|unfitting)/.test(name); // nothing to convert, or nothing that can be
  if (isExact) expect(Math.max(...differences)).toBe(0);
});

test.each([
  ["wide.png", "srgb.png"],
  ["scan.png", "damaged-scan.png"],
  ["print.jpg", "damaged-print.jpg"],
])("%s: the profile changes what is seen", (name, without) => {
  using _ = scope();
  const [profiled, plain] = [decoded(name), decoded(without)];
  expect(Math.max(...profiled.map((value, i) => Math.abs(value - plain[i]!)))).toBeGreaterThan(15);
});

const size = 8;
const pathsOf = (...names: string[]): string[] => names.map((name) => fixturePath(`profiles/${name}`));
const made = (paths: readonly string[], transforms: readonly unknown[], reduce = false): number[] =>
  produced(paths, { views: [transforms.map((step) => Transform.parse(step))], size, reduce }).toList();

test("a part of a JPEG is converted as the whole is", () => {
  using _ = scope();
  const found = made(pathsOf("print.jpg", "scan.jpg"), [{ kind: "center-crop", size }]);
  const [top, left] = [(24 - size) / 2, (32 - size) / 2];
  const cropped = [decoded("print.jpg"), decoded("scan.jpg")].flatMap((whole) =>
    Array.from({ length: size }, (_, y) => {
      const begin = ((top + y) * 32 + left) * 3;
      return whole.slice(begin, begin + size * 3);
    }).flat(),
  );
  expect(found).toEqual(cropped);
});

test.runIf(vision().jpegLibrary() !== "libvips")("JPEGs decoded at half the size are converted, too", () => {
  using _ = scope();
  const [paths, transforms] = [
    pathsOf("print.jpg", "scan.jpg"),
    [{ kind: "resize-exact", height: size, width: size }],
  ];
  const exact = made(paths, transforms);
  const reduced = made(paths, transforms, true);
  expect(reduced).not.toEqual(exact);
  const differences = reduced.map((value, i) => Math.abs(value - exact[i]!));
  expect(differences.reduce((sum, difference) => sum + difference, 0) / differences.length).toBeLessThan(2);
});
