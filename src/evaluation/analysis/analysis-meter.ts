import { noGrad } from "../../torch/autograd.js";
import { scope } from "../../torch/scope.js";
import type { AccuracyMeterOptions } from "../accuracy.js";
import type { Analysis, Temperature } from "../analysis.js";
import { type Group, groupOf } from "../../data/groups.js";
import { type Meter, type Observation, transformed, withEnsemble } from "../meter.js";
import { scaleLogits } from "../temperature/scale.js";
import { AgreementMeter } from "./agreement-meter.js";
import { predictionsOf } from "./predictions.js";
import { CalibrationMeter } from "./calibration-meter.js";
import { ConfusedPairs } from "./confused-pairs.js";
import { EnsembleCalibration } from "./ensemble-calibration.js";
import { HardestImages } from "./hardest-images.js";

/** Temperatures of a network, fitted on images that it was not trained on. */
export interface FittedTemperatures {
  readonly images: number;
  readonly temperatures: readonly Temperature[];
}

/** Makes analysis.json's content out of a pass over the test images. */
export class AnalysisMeter implements Meter {
  readonly #fitted: FittedTemperatures | null;
  readonly #options: AccuracyMeterOptions;
  readonly #groupOfClass: readonly Group[];
  readonly #calibration: readonly CalibrationMeter[]; // of the ensemble, then of each expert
  readonly #scaled: readonly EnsembleCalibration[]; // with each temperature
  readonly #scaledMeters: readonly Meter[];
  readonly #agreement: AgreementMeter | null;
  readonly #confused: ConfusedPairs;
  readonly #hardest: HardestImages;
  #images = 0;

  constructor(options: AccuracyMeterOptions, fitted: FittedTemperatures | null) {
    this.#options = options;
    this.#fitted = fitted;
    const { classes, counts, experts, groups } = options;
    const groupOfClass = groupOf(counts, groups);
    this.#groupOfClass = groupOfClass;
    this.#calibration = Array.from({ length: 1 + experts }, () => new CalibrationMeter(groupOfClass));
    const temperatures = fitted?.temperatures ?? [];
    this.#scaled = temperatures.map(() => new EnsembleCalibration(groupOfClass));
    this.#scaledMeters = temperatures.map((temperature, i) =>
      transformed(this.#scaled[i]!, (logits) => scaleLogits(logits, temperature, groupOfClass)),
    );
    this.#agreement = experts === 1 ? null : new AgreementMeter(experts, groupOfClass);
    this.#confused = new ConfusedPairs(classes.length);
    this.#hardest = new HardestImages(groupOfClass);
  }

  add(observation: Observation): void {
    using _scope = scope();
    using _noGrad = noGrad();
    const { logits, labels: given, indices } = observation;
    const labels = given.to({ dtype: "int32" }).toArray() as Int32Array;
    const logProbabilities = withEnsemble(logits).logSoftmax(2, { dtype: "float64" }); // [1 + K, N, C]
    const networks = predictionsOf(logProbabilities, given);
    const [ensemble, ...experts] = networks as [(typeof networks)[0], ...typeof networks];
    this.#images += labels.length;
    this.#calibration.forEach((meter, m) => meter.add(networks[m]!, labels));
    for (const meter of this.#scaledMeters) meter.add(observation);
    this.#agreement?.add({
      logProbabilities: logProbabilities.narrow(0, 1, experts.length),
      answers: experts.map(({ answer }) => answer),
      labels,
    });
    this.#confused.add(ensemble, { labels, indices });
    const shown = { logProbabilities: logProbabilities.select(0, 0), ensemble, experts };
    this.#hardest.add({ ...shown, labels, indices });
  }

  /** Of everything added so far; at least one image. */
  result(): Analysis {
    const { classes, counts, groups } = this.#options;
    const [ensemble, ...experts] = this.#calibration.map((meter) => meter.result());
    return {
      ...{ version: 1, split: "test", images: this.#images },
      ...{ classes, counts, groupRule: groups, groupOfClass: this.#groupOfClass },
      calibration: { ensemble: ensemble!, experts },
      temperature: this.#fitted && {
        fittedOn: "held-out",
        images: this.#fitted.images,
        fits: this.#fitted.temperatures.map((temperature, i) => ({
          temperature,
          calibration: this.#scaled[i]!.result(),
        })),
      },
      agreement: this.#agreement?.result() ?? null,
      confusedPairs: this.#confused.result(),
      hardest: this.#hardest.result(),
    };
  }
}
