import { noGrad } from "../../torch/autograd.js";
import { scope } from "../../torch/scope.js";
import type { ByGroup, Calibration } from "../analysis.js";
import type { Group } from "../../data/groups.js";
import { type Meter, type Observation, withEnsemble } from "../meter.js";
import { predictionsOf } from "./predictions.js";
import { CalibrationMeter } from "./calibration-meter.js";

/** How far the ensemble's probabilities can be trusted. */
export class EnsembleCalibration implements Meter {
  readonly #calibration: CalibrationMeter;

  constructor(groupOfClass: readonly Group[]) {
    this.#calibration = new CalibrationMeter(groupOfClass);
  }

  add({ logits, labels }: Pick<Observation, "logits" | "labels">): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const ensemble = withEnsemble(logits).narrow(0, 0, 1);
    const [answers] = predictionsOf(ensemble.logSoftmax(2, { dtype: "float64" }), labels);
    this.#calibration.add(answers!, labels.to({ dtype: "int32" }).toArray() as Int32Array);
  }

  result(): ByGroup<Calibration> {
    return this.#calibration.result();
  }
}
