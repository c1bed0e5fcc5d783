import { defineRecipe } from "../define.js";
import type { RecipeInput } from "../schema.js";
import { inatImages, largeImages, placesImages } from "./images.js";
import { parity } from "./parity.js";

/**
 * NCL on large long-tailed data sets, from a folder with train/CLASS/*.jpg and test/CLASS/*.jpg.
 * Run: longtail train imagenet-lt-ncl --data FOLDER --device cuda
 * Reference: ImageNet_LT.yaml, inat18_NCL.yaml and Places_LT_NCL.yaml of NCL's code (Li et al., CVPR 2022).
 *   The batch is that of all its GPUs (4 and 8 with 64 images each, 8 with 32 for Places-LT), cut into parts of one
 *   GPU's: there batch norm sees all GPUs' images, here a part's. The settings of `parity` are the reference's.
 * Reported (Li et al., CVPR 2022, top-1 of a single expert / the ensemble): ImageNet-LT ResNet-50 57.4 / 59.5 %,
 *   ResNeXt-50 58.4 / 60.5 %; iNaturalist 2018 74.2 / 74.9 %; Places-LT 41.5 / 41.8 %. ResNeXt-50's, the single one of
 *   iNaturalist and those of Places-LT are quoted from memory.
 * Measured: recipes/measured.json, shown by `longtail recipes`.
 */
const base = {
  method: { kind: "ncl", experts: 3, ...parity.method },
  optimizer: { kind: "sgd", lr: 0.2 },
  schedule: { kind: "cosine", end: 1e-4 },
  evaluation: parity.evaluation,
  selection: parity.selection,
} as const;

const imagenet = {
  ...base,
  epochs: 200,
  data: { kind: "image-folder", batch: 256, ...largeImages, ...parity.data },
  classifier: { kind: "cosine", scale: 16 },
  method: { ...base.method, hardCategories: 300 },
  optimizer: { ...base.optimizer, accumulate: 4 },
} as const satisfies Partial<RecipeInput>;

export const imagenetNcl = defineRecipe({
  name: "imagenet-lt-ncl",
  description: "NCL, 3 x ResNet-50, ImageNet-LT, 200 epochs",
  citation: "Li et al., CVPR 2022: one expert / ensemble 57.4 / 59.5 %",
  ...imagenet,
  backbone: "resnet50",
});

export const imagenetNclX50 = defineRecipe({
  name: "imagenet-lt-ncl-x50",
  description: "NCL, 3 x ResNeXt-50 32x4d, ImageNet-LT, 200 epochs",
  citation: "Li et al., CVPR 2022: one expert / ensemble 58.4 / 60.5 % (from memory)",
  ...imagenet,
  backbone: "resnext50-32x4d",
});

export const inat18Ncl = defineRecipe({
  name: "inat18-ncl",
  description: "NCL, 3 x ResNet-50, iNaturalist 2018, 400 epochs",
  citation: "Li et al., CVPR 2022: one expert / ensemble 74.2 (from memory) / 74.9 %",
  ...base,
  epochs: 400,
  data: { kind: "image-folder", batch: 512, ...inatImages, ...parity.data },
  backbone: "resnet50",
  classifier: { kind: "cosine", scale: 32 },
  method: { ...base.method, hardCategories: 2442 },
  optimizer: { ...base.optimizer, accumulate: 8 },
});

/** Starts from ImageNet's weights, which are not part of longtail: `pretrained.file` is where they lie. */
export const placesNcl = defineRecipe({
  name: "places-lt-ncl",
  description:
    "NCL with the contrastive branch, 3 x ResNet-152 from ImageNet's weights, Places-LT, 30 epochs",
  citation: "Li et al., CVPR 2022: one expert / ensemble 41.5 / 41.8 % (from memory)",
  epochs: 30,
  data: { kind: "image-folder", batch: 256, ...placesImages, ...parity.data },
  backbone: "resnet152",
  classifier: { kind: "cosine", scale: 16 },
  pretrained: { file: "resnet152-b121ed2d.pth", load: "backbone" },
  method: {
    ...base.method,
    hardCategories: 122,
    contrastive: { queue: 65536, dimension: 1024, temperature: 0.2, ...parity.contrastive },
  },
  optimizer: { kind: "sgd", lr: 0.02, accumulate: 8 },
  schedule: { kind: "multistep", milestones: [10, 20], warmupEpochs: 5 },
  evaluation: parity.evaluation,
  selection: parity.selection,
});
