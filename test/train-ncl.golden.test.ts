/** NCL against the reference: train_ncl.safetensors. */
import { buildMethod } from "../src/methods/registry.js";
import { tensor } from "../src/torch/create.js";
import { describeGoldenTraining, goldenTraining, noise } from "./support/golden-training.js";

const golden = goldenTraining("train_ncl");
const { batch, experts, counts, classes } = golden;

describeGoldenTraining(golden, {
  build: (logEpsilon) =>
    buildMethod(
      {
        backbone: "resnet32",
        classifier: { kind: "fc", bias: true },
        dropout: 0,
        freezeBackbone: false,
        seed: 0,
        method: {
          kind: "ncl",
          experts,
          hardCategories: 30,
          crossEntropy: 1,
          hard: 1,
          distillation: 0.6,
          hardDistillation: 0.6,
          mask: "first",
          nonHard: "zeroed",
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
});
