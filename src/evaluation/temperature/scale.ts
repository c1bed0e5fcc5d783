import { tensor } from "../../torch/create.js";
import { withEnsemble } from "../meter.js";
import type { Group } from "../../data/groups.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Temperature } from "../analysis.js";

/**
 * Divides logits [N, C] of K experts by their temperature. With one temperature, or one for each group, every expert's
 * logits are divided by the same, and no answer changes; an image's group is that of the class which the ensemble
 * answers. Temperatures of experts weigh them against each other.
 */
export function scaleLogits(
  logits: readonly Tensor[],
  temperature: Temperature,
  groupOfClass: readonly Group[],
): Tensor[] {
  switch (temperature.kind) {
    case "global":
      return logits.map((expert) => expert.div(temperature.temperature));
    case "group": {
      const ofClass = Float32Array.from(groupOfClass, (group) => temperature.temperatures[group]);
      const { device } = logits[0]!;
      const answers = withEnsemble(logits).select(0, 0).argmax({ dim: 1 }); // [N]
      const ofImage = tensor(ofClass, { device }).indexSelect(0, answers).unsqueeze(1);
      return logits.map((expert) => expert.div(ofImage));
    }
    case "expert":
      return logits.map((expert, k) => expert.div(temperature.temperatures[k]!));
    default:
      return temperature satisfies never;
  }
}
