import { tensor } from "../../torch/create.js";
import type { LogitTransform } from "../meter.js";
import { sum } from "../../support/math.js";

/**
 * [C]: log of the shares of the classes in `target`, less the log of those in `source`; both are in proportion. What is added
 * to logits that stand for `source` so that they stand for `target`: Menon et al., "Long-tail learning via logit
 * adjustment", ICLR 2021; for any target: Hong et al., "Disentangling label distribution", CVPR 2021. A class without a
 * share in either stays as it is.
 */
export function logShift(target: readonly number[], source: readonly number[]): number[] {
  const [targets, sources] = [sum(target), sum(source)];
  return target.map((share, label) => {
    const from = source[label]! / sources;
    return share === 0 && from === 0 ? 0 : Math.log(share / targets / from);
  });
}

/** Makes logits that stand for `source` stand for `target`. */
export function shiftLogits(target: readonly number[], source: readonly number[]): LogitTransform {
  const shift = Float32Array.from(logShift(target, source));
  return (logits) => logits.map((expert) => expert.add(tensor(shift, { device: expert.device })));
}
