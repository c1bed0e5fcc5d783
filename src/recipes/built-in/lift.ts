import { defineRecipe } from "../define.js";
import type { RecipeInput } from "../schema.js";

/**
 * LIFT and LIFT+: CLIP's ViT-B/16, frozen, with an AdaptFormer in each block and a cosine classifier that starts from the
 * classes' names, by the logit-adjusted loss.
 * Run: longtail train imagenet-lt-lift --data FOLDER --device cuda; classes called by ids need words: classifier.names=FILE.
 *   Without CLIP: --set backbone=vit-b16 --set pretrained.weights=vit-b16-imagenet1k --set classifier.start=class-means.
 *   Five crops of each test image: --set 'evaluation.fiveCrops={"size":248}'; of LIFT+ 256 and "interpolation":"bicubic".
 * Paper: Shi et al., "Long-tail learning with foundation model: heavy fine-tuning hurts", ICML 2024 (LIFT); LIFT+ is its
 *   successor of 2025. Numbers: those of the authors' code, shijxcs/LIFT and shijxcs/LIFT-plus.
 *   The bottleneck has 2^⌊log2(classes / (2 · blocks))⌋ values, 4 for 100 classes; LIFT resizes with bilinear interpolation
 *   though CLIP was trained with bicubic one.
 * Reported by LIFT (top-1, then with five crops): CIFAR-100-LT 80.3 / 81.7 %, ImageNet-LT 77.0 / 78.3 %, Places-LT 51.5 / 52.2 %,
 *   iNaturalist 2018 79.1 / 80.4 %; those without five crops are quoted from memory. LIFT+ reports the same level in half the
 *   epochs; its numbers are not quoted here.
 * Not measured: CLIP's weights could not be fetched where longtail is developed. What is tested are the parts, against PyTorch,
 *   and trainings with a random CLIP.
 */
const base = {
  backbone: "clip-b16",
  pretrained: { weights: "clip-b16" },
  classifier: { kind: "cosine", scale: 25, bias: false, start: "text" },
  method: { kind: "balanced-softmax" },
  schedule: { kind: "cosine", every: "epoch-from-0" },
  selection: { kind: "last" },
  precision: "float16",
} as const satisfies Partial<RecipeInput>;

interface DataSet {
  readonly name: string;
  readonly title: string;
  readonly data: Pick<RecipeInput["data"], "kind" | "imbalance">;
  /** Values in the bottleneck. */
  readonly dim: number;
  readonly epochs: { readonly lift: number; readonly liftPlus: number };
  readonly reported: string;
}

const dataSets: readonly DataSet[] = [
  {
    name: "cifar100-lt",
    title: "CIFAR-100-LT (imbalance 100)",
    data: { kind: "cifar100", imbalance: 100 },
    dim: 4,
    epochs: { lift: 10, liftPlus: 5 },
    reported: "80.3 (from memory) / 81.7 %",
  },
  {
    name: "imagenet-lt",
    title: "ImageNet-LT",
    data: { kind: "image-folder" },
    dim: 32,
    epochs: { lift: 10, liftPlus: 5 },
    reported: "77.0 (from memory) / 78.3 %",
  },
  {
    name: "places-lt",
    title: "Places-LT",
    data: { kind: "image-folder" },
    dim: 8,
    epochs: { lift: 10, liftPlus: 5 },
    reported: "51.5 / 52.2 % (from memory)",
  },
  {
    name: "inat18",
    title: "iNaturalist 2018",
    data: { kind: "inaturalist" },
    dim: 256,
    epochs: { lift: 20, liftPlus: 15 },
    reported: "79.1 / 80.4 % (from memory)",
  },
];

function lift({ name, title, data, dim, epochs, reported }: DataSet): RecipeInput {
  return defineRecipe({
    name: `${name}-lift`,
    description: `LIFT, CLIP ViT-B/16 with AdaptFormer, ${title}, ${epochs.lift} epochs`,
    citation: `Shi et al., ICML 2024: one crop / five crops ${reported}`,
    ...base,
    epochs: epochs.lift,
    evaluation: { every: epochs.lift },
    data: {
      ...data,
      batch: 128,
      imageSize: 224,
      train: [{ kind: "random-resized-crop", size: 224 }, { kind: "horizontal-flip" }],
      test: [
        { kind: "resize", size: 256 },
        { kind: "center-crop", size: 224 },
      ],
    },
    adapter: { kind: "adaptformer", dim, scale: 1, learnScale: true, init: "normal" },
    optimizer: { kind: "sgd", lr: 0.01, nesterov: false, weightDecay: 5e-4 },
  });
}

/** Fewer epochs at twice the rate; square crops whose smallest area grows, bicubic and without flips. */
function liftPlus({ name, title, data, dim, epochs }: DataSet): RecipeInput {
  return defineRecipe({
    name: `${name}-lift-plus`,
    description: `LIFT+, CLIP ViT-B/16 with AdaptFormer, ${title}, ${epochs.liftPlus} epochs`,
    citation: "Shi et al., LIFT+, 2025: its numbers are not quoted here",
    ...base,
    epochs: epochs.liftPlus,
    evaluation: { every: epochs.liftPlus },
    data: {
      ...data,
      batch: 128,
      imageSize: 224,
      train: [
        { kind: "random-resized-crop", size: 224, ratio: [1, 1], grows: true, interpolation: "bicubic" },
      ],
      test: [
        { kind: "resize", size: 256, interpolation: "bicubic" },
        { kind: "center-crop", size: 224 },
      ],
    },
    adapter: { kind: "adaptformer", dim, scale: 1, learnScale: true, init: "uniform" },
    optimizer: { kind: "sgd", lr: 0.02, nesterov: false, weightDecay: 5e-4 },
  });
}

export const liftRecipes: readonly RecipeInput[] = dataSets.flatMap((one) => [lift(one), liftPlus(one)]);
