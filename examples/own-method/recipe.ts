// A method that longtail does not have, and a recipe that trains with it:
//   npx longtail train examples/own-method/recipe.ts --data my-photos --out runs/focal
// Focal loss (Lin et al., ICCV 2017): −(1 − p_y)^γ · log p_y, the batch mean, for each expert.
import { defineMethod, defineRecipe } from "longtail";
import {
  buildEnsemble,
  type Ensemble,
  ensembleKeys,
  ExpertsMethod,
  overTargets,
  stackLogits,
  type Targets,
  type Tensor,
  z,
} from "longtail/methods";

const FocalSchema = z.strictObject({
  kind: z.literal("focal"),
  ...ensembleKeys(1),
  gamma: z.number().min(0).default(2).describe("exponent of 1 − p: how little images count that are easy"),
});

class FocalMethod extends ExpertsMethod {
  override readonly name = "focal";
  readonly #gamma: number;

  constructor(model: Ensemble, { gamma }: { readonly gamma: number }) {
    super(model);
    this.#gamma = gamma;
  }

  protected override lossTerms(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const log = stackLogits(logits).logSoftmax(2); // [K, N, C]
    const [experts, images] = log.shape as [number, number, number];
    const focal = overTargets(targets, (labels) => {
      const index = labels.reshape([1, images, 1]).repeat([experts, 1, 1]);
      const logP = log.gather(2, index); // [K, N, 1]
      const easy = logP.exp().neg().add(1).clamp({ min: 0 });
      return easy.pow(this.#gamma).mul(logP).neg().sum().div(images);
    });
    return { focal };
  }
}

defineMethod({
  kind: "focal",
  schema: FocalSchema,
  terms: { focal: "each expert learns the labels, above all of images that it finds hard" },
  mixedTargets: true,
  logitPrior: "sampled",
  build: (recipe, { classes }) =>
    buildEnsemble(recipe, classes.length, (model) => new FocalMethod(model, recipe.method)),
});

export default defineRecipe<typeof FocalSchema>({
  name: "focal",
  description: "Focal loss, one ResNet-8 on photographs at 32 pixels",
  epochs: 25,
  data: {
    kind: "image-folder",
    imageSize: 32,
    batch: 32,
    train: [{ kind: "resize", size: 40 }, { kind: "random-crop", size: 32 }, { kind: "horizontal-flip" }],
    test: [
      { kind: "resize", size: 40 },
      { kind: "center-crop", size: 32 },
    ],
  },
  backbone: "resnet8",
  method: { kind: "focal", gamma: 2 },
  optimizer: { kind: "sgd", lr: 0.05, clipNorm: 5 },
  schedule: { kind: "cosine", end: 0.0005, warmupSteps: 50 },
});
