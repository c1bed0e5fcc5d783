// Batches as `longtail train` makes them of images in memory: the loader's threads, and the device at their end.
import { Loader } from "../../dist/data/loader.js";
import { instanceSampler } from "../../dist/data/samplers/instance.js";

const IMAGES = 10_847; // as CIFAR-100-LT has

/** Whole batches, epoch after epoch, of noise in the recipe's size by its transforms. */
export function* batchesOf({ recipe, classes, device }) {
  const { imageSize: side } = recipe.data;
  const bytes = new Uint8Array(new SharedArrayBuffer(IMAGES * 3 * side * side)).map(
    (_, i) => (i * 7919) >> 3,
  );
  const dataset = {
    root: "memory",
    size: IMAGES,
    labels: Int32Array.from({ length: IMAGES }, (_, i) => i % classes),
    pixels: { kind: "packed", bytes, height: side, width: side },
  };
  const { data, seed, memoryFormat } = recipe;
  const sampler = instanceSampler({ size: IMAGES, seed });
  const loader = new Loader({
    ...data,
    ...{ dataset, transforms: data.train, sampler, seed, memoryFormat, device, dropLast: true },
  });
  for (let epoch = 0; ; epoch += 1) yield* loader.epoch(epoch);
}
