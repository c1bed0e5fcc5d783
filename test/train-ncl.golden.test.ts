/** NCL against the reference: train_ncl.safetensors. */
import { afterAll, beforeAll, describe } from "vitest";
import { buildMethod } from "../src/methods/index.js";
import { tensor } from "../src/torch/create.js";
import { getKernels, setKernels } from "../src/torch/settings.js";
import {
  describeGoldenTraining,
  goldenTraining,
  noise,
  type GoldenTrainingOptions,
} from "./support/golden-training.js";

const golden = goldenTraining("train_ncl");
const { batch, experts, counts, classes } = golden;

const options: GoldenTrainingOptions = {
  build: (logEpsilon) =>
    buildMethod(
      {
        backbone: "resnet32",
        classifier: { kind: "fc", bias: true },
        dropout: 0,
        freezeBackbone: false,
        seed: 0,
        epochs: 1,
        method: {
          kind: "ncl",
          experts,
          sharedStages: 0,
          hardCategories: 30,
          crossEntropy: 1,
          hardCrossEntropy: 1,
          distillation: 0.6,
          hardDistillation: 0.6,
          hardCategorySource: "first",
          otherLogits: "zeroed",
          logEpsilon,
          contrastive: null,
        },
      },
      { counts, classes },
    ),
  nextBatch: (random) => {
    const labels = tensor(random.integers(batch, classes.length), { dtype: "int64" });
    return { images: noise(random, batch), labels };
  },
};

describeGoldenTraining(golden, options);

describe("on our own CPU kernels", () => {
  const before = getKernels();
  beforeAll(() => setKernels("own"));
  afterAll(() => setKernels(before));
  describeGoldenTraining(golden, { ...options, memoryFormat: "channels_last" });
});
