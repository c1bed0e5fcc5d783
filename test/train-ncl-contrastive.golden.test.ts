/** NCL with the contrastive branch against the reference: train_ncl_contrastive.safetensors. */
import {
  buildContrastiveEnsemble,
  NclContrastiveMethod,
  type Shuffle,
} from "../src/methods/ncl/contrastive-method.js";
import type { Method } from "../src/methods/ensemble/method.js";
import { normalize } from "../src/nn/functional.js";
import { tensor } from "../src/torch/create.js";
import { cat } from "../src/torch/operators.generated.js";
import { scope } from "../src/torch/scope.js";
import { describeGoldenTraining, goldenTraining, noise } from "./support/golden-training.js";
import { uniformTensor } from "./support/golden.js";
import { Mulberry32 } from "./support/mulberry32.js";

const QUEUE_SEED = 4000; // added to the run's seed and the expert's number

const golden = goldenTraining("train_ncl_contrastive");
const { batch, experts, counts, classes, seed } = golden;
const [queue, dimension] = [64, 64];
const orders = golden.tensors.get("shuffles")!.toList();
const shuffle: Shuffle = (step) => Int32Array.from(orders.slice(step * batch, (step + 1) * batch));

function build(logEpsilon: number): Method {
  const model = buildContrastiveEnsemble(
    {
      backbone: "resnet32",
      classifier: { kind: "fc", bias: true },
      dropout: 0,
      freezeBackbone: false,
      seed: 0,
      method: { experts, sharedStages: 0 },
    },
    classes.length,
    { queue, dimension, projectionBias: true, momentum: 0.999, keyProjection: "frozen" },
  );
  model.queues.forEach(({ keys }, expert) => {
    using _ = scope();
    const random = new Mulberry32(seed + QUEUE_SEED + expert);
    keys.copy_(normalize(uniformTensor(random, [dimension, queue], -1, 1), 0));
  });
  return new NclContrastiveMethod(
    model,
    { counts, classes },
    {
      hardCategories: 30,
      crossEntropy: 1,
      hardCrossEntropy: 1,
      distillation: 0.6,
      hardDistillation: 0.6,
      hardCategorySource: "first",
      otherLogits: "zeroed",
      logEpsilon,
      contrastive: { weight: 1, temperature: 0.2 },
      shuffle,
    },
  );
}

describeGoldenTraining(golden, {
  build,
  nextBatch: (random) => {
    const labels = tensor(random.integers(batch, classes.length), { dtype: "int64" });
    const views = [noise(random, batch), noise(random, batch)];
    random.floats(batch, 0, 1); // the order of these is the step's shuffle, which the file holds
    return { images: cat(views), labels };
  },
});
