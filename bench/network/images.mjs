// Batches as `longtail train` makes them: the loader's threads, and the device at their end.
import { Loader } from "../../dist/data/loader/loader.js";
import { openDataset } from "../../dist/data/registry.js";
import { instanceSampler } from "../../dist/data/samplers/sampler.js";
import { Data } from "../../dist/recipes/data-schema.js";

const IMAGES = 10_847; // as CIFAR-100-LT has

/** What a batch is made of and how, by name. */
const SOURCES = {
  /** noise in memory, as it is */
  bytes: (options) => ({ dataset: noise(options), transforms: [] }),
  /** noise in memory by the recipe's transforms */
  images: (options) => ({ dataset: noise(options), transforms: options.recipe.data.train }),
  /** JPEG files in FOLDER/train/CLASS, as ImageNet's are augmented */
  photographs: async ({ recipe, folder: root }) => {
    const { imageSize } = recipe.data;
    const train = [
      { kind: "random-resized-crop", size: imageSize },
      { kind: "horizontal-flip" },
      { kind: "rand-augment", operations: 2 },
    ];
    const data = Data.parse({ kind: "image-folder", root, imageSize, train });
    return { dataset: await openDataset(data, "train"), transforms: data.train };
  },
};

function noise({ recipe, classes }) {
  const { imageSize: side } = recipe.data;
  const bytes = new Uint8Array(new SharedArrayBuffer(IMAGES * 3 * side * side)).map(
    (_, i) => (i * 7919) >> 3,
  );
  return {
    root: "memory",
    size: IMAGES,
    labels: Int32Array.from({ length: IMAGES }, (_, i) => i % classes),
    pixels: { kind: "packed", bytes, height: side, width: side },
  };
}

/** Whole batches, epoch after epoch. options: { recipe, classes, device }, and for photographs their folder. */
export async function batchesOf(source, options) {
  const { recipe, device } = options;
  const { data, seed, memoryFormat } = recipe;
  const { dataset, transforms } = await SOURCES[source](options);
  const sampler = instanceSampler({ size: dataset.size, seed });
  const loader = new Loader({
    ...data,
    ...{ dataset, transforms, sampler, seed, memoryFormat, device, dropLast: true },
  });
  return endless(loader);
}

function* endless(loader) {
  for (let epoch = 0; ; epoch += 1) yield* loader.epoch(epoch);
}
