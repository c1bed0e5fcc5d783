import { buildEnsemble } from "../ensemble/build-ensemble.js";
import { defineMethod } from "../ensemble/define-method.js";
import { DistillMethod } from "./method.js";
import { DistillSchema } from "./schema.js";

/** Distillation of a trained run into one network: Hinton et al., 2015, with balanced answers and labels. */
export const distill = defineMethod({
  kind: "distill",
  schema: DistillSchema,
  terms: {
    crossEntropy: "the network learns the labels, on all classes",
    teacher: "the network learns the teacher's answers",
    features: "images are as alike for the network as they are for the teacher",
  },
  mixedTargets: true,
  logitPrior: "balanced",
  teacher: ({ method }) => method.teacher,
  graphCaptureBlocker: "what corrects the teacher's logits, which is copied to the device",
  check: ({ freezeBackbone }) =>
    freezeBackbone
      ? [
          {
            key: "freezeBackbone",
            expected: "false with method.kind distill: the network is what learns from the teacher",
          },
        ]
      : [],
  build: (recipe, training) =>
    buildEnsemble(
      recipe,
      training.classes.length,
      (model) => new DistillMethod(model, training, recipe.method),
    ),
});
