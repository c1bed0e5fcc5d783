import { expect, it } from "vitest";
import { tensor } from "../../torch/create.js";
import type { MemoryFormat } from "../../torch/dispatch.js";
import { dispose, scope } from "../../torch/scope.js";
import type { TransformSpec } from "../../recipes/schema.js";
import { fixturePath } from "../testing.fixture.js";
import { vision } from "../vision.js";
import { decodeImages } from "./decode.js";
import { Normalization } from "./normalization.js";

const pixels = { kind: "files", paths: ["rgb.jpg", "profiles/wide.png"].map(fixturePath) } as const;
const side = 11;
const transforms: TransformSpec[] = [
  { kind: "resize-exact", width: side, height: side, interpolation: "bilinear" },
];

it.each<MemoryFormat>(["channels_last", "contiguous"])(
  "the threads normalize %s batches as Normalization does",
  async (memoryFormat) => {
    const options = { mean: [0.1, 0.2, 0.3], std: [0.5, 0.4, 0.3], memoryFormat } as const;
    const made = await decodeImages(pixels, 2, { ...options, transforms, imageSize: side, workers: 2 });
    using _ = scope();
    const bytes = vision()
      .decodeImages(pixels, transforms, 1)
      .flatMap((image) => [...image.pixels]);
    const images = tensor(Uint8Array.from(bytes), { shape: [2, side, side, 3] }).permute([0, 3, 1, 2]);
    using normalization = new Normalization(options);
    const expected = normalization.apply(images.to({ memoryFormat: "channels_last" }));
    expect(made.isChannelsLast).toBe(memoryFormat === "channels_last");
    expect(made.shape).toEqual([2, 3, side, side]);
    expect(made.toList()).toEqual(expected.toList());
    dispose(made);
  },
);
