/** Color profiles (ICC): images come in sRGB, as other programs show them. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fixturePath } from "../../src/data/testing.fixture.js";
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

test.each(Object.entries(expected))("%s: sRGB as LittleCMS has it", (name, { height, width, rgb }) => {
  using _ = scope();
  const image = new Tensor(vision().decodeImage(fixturePath(`profiles/${name}`)));
  expect(image.shape.slice(0, 2)).toEqual([height, width]);
  const values = Buffer.from(rgb, "base64");
  const differences = Array.from(image.toArray() as Uint8Array, (value, i) => Math.abs(value - values[i]!));
  // JPEG decoders differ by 1, and so do conversions.
  expect(Math.max(...differences)).toBeLessThanOrEqual(name.endsWith(".jpg") ? 4 : 2);
  const isExact = /^(srgb|damaged)/.test(name); // nothing to convert, or nothing that can be
  if (isExact) expect(Math.max(...differences)).toBe(0);
});

test("the profiles change what is seen", () => {
  using _ = scope();
  const rgb = (name: string): number[] =>
    new Tensor(vision().decodeImage(fixturePath(`profiles/${name}`))).toList();
  const [wide, plain] = [rgb("wide.png"), rgb("srgb.png")];
  expect(Math.max(...wide.map((value, i) => Math.abs(value - plain[i]!)))).toBeGreaterThan(20);
});
