import { stack } from "../../torch/operators.generated.js";
import type { Tensor } from "../../torch/tensor.js";

/** What one network says of a batch of N images; every array is [N]. */
export interface Predictions {
  /** The likeliest class. */
  readonly answer: Int32Array;
  /** Its probability. */
  readonly confidence: Float64Array;
  /** -log of the label's probability, in nats. */
  readonly loss: Float64Array;
  /** Squared distance of the probabilities from the label's one-hot vector. */
  readonly brier: Float64Array;
}

/** logProbabilities [M, N, C], float64, of M networks; labels int64 [N]. */
export function predictionsOf(logProbabilities: Tensor, labels: Tensor): Predictions[] {
  const [networks, images] = logProbabilities.shape as [number, number, number];
  const at = (classes: Tensor): Tensor => logProbabilities.gather(2, classes).squeeze(2); // [M, N]
  const answers = logProbabilities.argmax({ dim: 2, keepdim: true });
  const confidence = at(answers).exp();
  const ofLabel = at(labels.view([1, images, 1]).expand([networks, images, 1]));
  const probabilities = logProbabilities.exp();
  // Σ_c (p_c − y_c)² = Σ_c p_c² − 2 p_label + 1
  const brier = probabilities
    .mul(probabilities)
    .sum({ dim: [2] })
    .sub(ofLabel.exp().mul(2))
    .add(1);
  const numbers = stack([confidence, ofLabel.neg(), brier]).toArray() as Float64Array; // [3, M, N]
  const classes = answers.to({ dtype: "int32" }).toArray() as Int32Array; // [M, N]
  return Array.from({ length: networks }, (_, m) => {
    const row = (of: number): Float64Array =>
      numbers.subarray((of * networks + m) * images, (of * networks + m + 1) * images);
    return {
      answer: classes.subarray(m * images, (m + 1) * images),
      confidence: row(0),
      loss: row(1),
      brier: row(2),
    };
  });
}
