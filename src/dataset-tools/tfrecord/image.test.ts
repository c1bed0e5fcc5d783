import { describe, expect, it } from "vitest";
import { jpeg } from "../../data/testing.fixture.js";
import { parseExample } from "./example.js";
import { recordImage, type ImageOptions } from "./image.js";
import { example } from "./tfrecord.fixture.js";

const found: ImageOptions = {
  imageFeature: null,
  labelFeature: null,
  layout: null,
  channels: "rgb",
  size: null,
};

function imageOf(
  features: Parameters<typeof example>[0],
  options: Partial<ImageOptions> = {},
): ReturnType<typeof recordImage> {
  return recordImage(
    parseExample(example(features)),
    { ...found, ...options },
    "a.tfrecords, record 7 (byte 99)",
  );
}

/** Two pixels: red 1, 4; green 2, 5; blue 3, 6. */
const rgb = new Uint8Array([1, 2, 3, 4, 5, 6]);
const size = { height: 1, width: 2 };

describe("recordImage", () => {
  it("CIFAR-LT: 3072 bytes, a plane a color", () => {
    const bytes = Uint8Array.from({ length: 3072 }, (_, i) => (i < 1024 ? i % 256 : i < 2048 ? 100 : 200));
    const { label, content } = imageOf({ image: bytes, label: 3 });
    expect(label).toBe(3);
    expect(content).toMatchObject({ height: 32, width: 32 });
    expect([...("pixels" in content ? content.pixels.subarray(0, 9) : [])]).toEqual([
      0, 100, 200, 1, 100, 200, 2, 100, 200,
    ]);
  });

  it.each([
    ["interleaved", { image: rgb, ...size }, {}],
    [
      "a plane a color",
      { image: new Uint8Array([1, 4, 2, 5, 3, 6]), ...size, depth: 3 },
      { layout: "cifar" },
    ],
    ["blue first", { image: new Uint8Array([3, 2, 1, 6, 5, 4]), ...size }, { channels: "bgr" }],
    ["sizes under TensorFlow's other names", { image_raw: rgb, "image/height": 1, "image/width": 2 }, {}],
    ["the size given", { image: rgb }, { size: [1, 2] }],
    ["features of other names", { picture: rgb, kind: 5, ...size }, {}],
    ["features named", { a: rgb, b: rgb, c: 9, ...size }, { imageFeature: "b" }],
  ] as const)("raw bytes: %s", (_, features, options) => {
    const { content } = imageOf(
      { ...("kind" in features || "c" in features ? {} : { label: 5 }), ...features },
      options,
    );
    expect(content).toEqual({ height: 1, width: 2, pixels: rgb });
  });

  it("gray becomes three equal channels", () => {
    const { content } = imageOf({ image: new Uint8Array([7, 8]), label: 0, ...size });
    expect(content).toEqual({ ...size, pixels: new Uint8Array([7, 7, 7, 8, 8, 8]) });
  });

  it("an image file is taken as it is", () => {
    const file = jpeg();
    const { label, content } = imageOf({
      "image/encoded": file,
      "image/class/label": 12,
      "image/height": 48,
      "image/width": 64,
    });
    expect(label).toBe(12);
    expect(content).toEqual({ bytes: new Uint8Array(file), extension: ".jpg", height: 48, width: 64 });
  });
});

const anImage =
  "an image (image/encoded, image, image_raw, image/raw, img, images) of one bytes value (--image-feature names it)";
const aLabel =
  "a label (image/class/label, label, labels, class, target, category_id) of one int64 value (--label-feature names it)";

describe("errors list what the record holds", () => {
  it.each([
    [
      "no image",
      { label: 1, score: { floats: [1, 2] } },
      {},
      `${anImage}; found features label (int64), score (float x 2).`,
    ],
    [
      "no label",
      { image: rgb, ...size },
      {},
      `${aLabel}; found features height (int64), image (bytes, 6 bytes), width (int64).`,
    ],
    [
      "a feature that was named and is not there",
      { image: rgb, label: 1 },
      { labelFeature: "klass" },
      'a label in feature "klass" of one int64 value (--label-feature names it); found features image (bytes, 6 bytes), label (int64).',
    ],
    [
      "no size",
      { image: rgb, label: 1 },
      {},
      "an image file, height and width beside raw bytes (--size gives them), or CIFAR's 3072 bytes; found features image (bytes, 6 bytes), label (int64).",
    ],
    [
      "another size",
      { image: rgb, label: 1, height: 3, width: 3 },
      {},
      "3 x 3 pixels (height x width) of 1 or 3 bytes; found features height (int64), image (bytes, 6 bytes), label (int64), width (int64).",
    ],
    ["no features", {}, {}, `${anImage}; found no features.`],
  ] as const)("%s", (_, features, options, message) => {
    expect(() => imageOf(features, options)).toThrow(`a.tfrecords, record 7 (byte 99): expected ${message}`);
  });
});
