/** EfficientNet-Lite0 with its published weights, against ONNX Runtime's float32 values of one made image. */
import { expect, test } from "vitest";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { linear } from "../torch/operators.generated.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { checkedWeights, weightsFile } from "../weights/install.js";
import { WEIGHTS } from "../weights/registry.js";
import { EfficientNetLite } from "./efficientnet-lite.js";
import { loadWeights } from "./load-weights.js";

const { isThere } = weightsFile(WEIGHTS["efficientnet-lite0"]);
const TOLERANCE = 1e-3;

/** x[c, h, w] = (((7h + 13w + 29c) mod 256) − 127) / 128 */
function madeImage(): Tensor {
  const side = 224;
  const values = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [c, h, w] = [Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side];
    return (((7 * h + 13 * w + 29 * c) % 256) - 127) / 128;
  });
  return tensor(values, { shape: [1, 3, side, side] });
}

test.skipIf(!isThere).each(["channels_last", "contiguous"] as const)(
  "features and logits, %s (skipped without the weights: `longtail weights get efficientnet-lite0`)",
  (memoryFormat) => {
    using _ = scope();
    using _noGrad = noGrad();
    const weights = loadWeights(checkedWeights("efficientnet-lite0"));
    const [weight, bias] = ["_fc.weight", "_fc.bias"].map((name) => {
      const found = weights.get(name)!;
      weights.delete(name);
      return found;
    });
    using network = new EfficientNetLite({ rng: new Rng(0) });
    network.loadStateDict(weights);
    network.eval().to({ memoryFormat });
    const features = network.forward(madeImage().to({ memoryFormat }));
    const logits = linear(features, weight!, { bias: bias! }).toList();

    const values = features.toList();
    expect(values[0]).toBeCloseTo(0.48216, 4);
    expect(mean(values)).toBeCloseTo(0.109754, 5);
    expect(Math.hypot(...values)).toBeCloseTo(16.9139, 3);

    const best = [...logits.entries()].sort((a, b) => b[1] - a[1]).slice(0, 5);
    const expected = [
      [905, 6.5515],
      [807, 6.3605],
      [753, 4.8735],
      [581, 4.3756],
      [789, 4.016],
    ] as const;
    expect(best.map(([label]) => label)).toEqual(expected.map(([label]) => label));
    best.forEach(([, logit], i) => expect(Math.abs(logit - expected[i]![1])).toBeLessThan(TOLERANCE));
    [-0.5892, -0.2914, 1.3787, -1.6329, -0.7689].forEach((logit, i) =>
      expect(Math.abs(logits[i]! - logit)).toBeLessThan(TOLERANCE),
    );
    expect(Math.abs(logits.reduce((sum, logit) => sum + logit) + 56.148)).toBeLessThan(1e-2);
  },
);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value) / values.length;
}
