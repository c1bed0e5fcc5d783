import { expect, test } from "vitest";
import { availableDevices } from "../../src/torch/devices.js";
import { fixturePath } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";

test.skipIf(availableDevices().length > 1)("pinned batches where there is no GPU are an error", () => {
  const producer = vision().openProducer({
    pixels: { kind: "files", paths: [fixturePath("rgb.jpg")] },
    ...{
      views: [[]],
      drawn: [[]],
      size: 8,
      seed: 0,
      threads: 2,
      prefetch: 1,
      reduce: false,
      pinned: true,
      normalizer: null,
    },
  });
  vision().planBatches(producer, {
    epoch: 0,
    images: Int32Array.of(0),
    counts: Int32Array.of(0),
    batch: 1,
  });
  expect(() => vision().nextBatch(producer, 60_000)).toThrow(/pinned|accelerator|CUDA/i);
  vision().closeProducer(producer);
});
