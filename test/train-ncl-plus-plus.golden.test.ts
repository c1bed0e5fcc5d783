/** NCL++ against the reference: train_ncl_plus_plus.safetensors. */
import { buildMethod } from "../src/methods/index.js";
import { tensor } from "../src/torch/create.js";
import { describeGoldenTraining, goldenTraining, noise } from "./support/golden-training.js";

const golden = goldenTraining("train_ncl_plus_plus");
const { batch, experts, counts, classes } = golden;
const copies = 4;

describeGoldenTraining(golden, {
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
          kind: "ncl-plus-plus",
          experts,
          sharedStages: 0,
          augmentations: copies,
          hardCategories: 30,
          crossEntropy: 1,
          hardCrossEntropy: 1,
          distillation: 0.6,
          hardCategorySource: "first",
          otherLogits: "zeroed",
          logEpsilon,
        },
      },
      { counts, classes },
    ),
  nextBatch: (random) => {
    const labels = tensor(random.integers(batch / copies, classes.length), { dtype: "int64" });
    return { images: noise(random, batch), labels }; // copy after copy
  },
});
