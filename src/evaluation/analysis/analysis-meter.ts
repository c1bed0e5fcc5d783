import { noGrad } from "../../torch/autograd.js";
import { scope } from "../../torch/scope.js";
import type { AccuracyMeterOptions } from "../accuracy.js";
import type { Analysis, Temperature, ConfusedPair, HardImage } from "../analysis.js";
import { type Group, groupOf } from "../../data/groups.js";
import { type Meter, type Observation, transformed, withEnsemble } from "../meter.js";
import { scaleLogits } from "../temperature/scale.js";
import { AgreementMeter } from "./agreement-meter.js";
import { predictionsOf, type Predictions } from "./predictions.js";
import { CalibrationMeter } from "./calibration-meter.js";
import { EnsembleCalibration } from "./ensemble-calibration.js";
import { increment } from "../tally.js";
import type { Tensor } from "../../torch/tensor.js";

const MAX_IMAGES = 48;
const MAX_OF_A_CLASS = 4;
const LIKELIEST = 3;

interface Shown {
  /** [N, C], float64 */
  readonly logProbabilities: Tensor;
  readonly ensemble: Predictions;
  readonly experts: readonly Predictions[];
  /** [N] each */
  readonly labels: Int32Array;
  readonly indices: Int32Array;
}

/** By loss, the hardest first. */
const harder = (a: HardImage, b: HardImage): boolean =>
  a.loss > b.loss || (a.loss === b.loss && a.index < b.index);

/** Remembers the images of each class to whose label the ensemble gives the least probability. */
class HardestImages {
  readonly #groupOfClass: readonly Group[];
  readonly #ofClass: readonly HardImage[][];

  constructor(groupOfClass: readonly Group[]) {
    this.#groupOfClass = groupOfClass;
    this.#ofClass = groupOfClass.map(() => []);
  }

  add({ logProbabilities, ensemble, experts, labels, indices }: Shown): void {
    const likeliest = topOf(logProbabilities);
    const order = { most: MAX_OF_A_CLASS, before: harder };
    labels.forEach((label, i) => {
      const loss = ensemble.loss[i]!;
      const image = {
        ...{ index: indices[i]!, label, answer: ensemble.answer[i]! },
        ...{ loss, probability: Math.exp(-loss), top: likeliest(i) },
        experts: experts.map(({ answer }) => answer[i]!),
      };
      insertInOrder(this.#ofClass[label]!, image, order);
    });
  }

  /** Of the smallest classes that have images: those of the group few or, where it has none, of the next larger. */
  result(): Analysis["hardest"] {
    for (const group of ["few", "medium", "many"] as const) {
      const found = this.#ofClass.filter((_, label) => this.#groupOfClass[label] === group).flat();
      if (found.length > 0) {
        const images = found.sort((a, b) => (harder(a, b) ? -1 : 1)).slice(0, MAX_IMAGES);
        return { group, images };
      }
    }
    throw new RangeError("HardestImages: nothing was added");
  }
}

/** The likeliest classes of image i of a batch, with their probabilities. */
function topOf(logProbabilities: Tensor): (i: number) => HardImage["top"] {
  const k = Math.min(LIKELIEST, logProbabilities.shape[1]!);
  const [values, indices] = logProbabilities.topk(k, { dim: 1 }); // [N, k]
  const probabilities = values.exp().toList();
  const classes = indices.toList();
  return (i) =>
    Array.from(
      { length: k },
      (_, place) => [classes[i * k + place]!, probabilities[i * k + place]!] as const,
    );
}

const MAX_PAIRS = 24;
const MAX_EXAMPLES = 4;

type Example = ConfusedPair["examples"][number];

interface Confused {
  readonly label: number;
  readonly answer: number;
  images: number;
  readonly examples: Example[];
}

const examplesInOrder = {
  most: MAX_EXAMPLES,
  before: (a: Example, b: Example): boolean =>
    a.probability > b.probability || (a.probability === b.probability && a.index < b.index),
};

/** Collects which classes are taken for which, with the images on which the network is surest of its mistake. */
class ConfusedPairs {
  readonly #classes: number;
  readonly #seen: Float64Array; // images of each class
  readonly #pairs = new Map<number, Confused>(); // by label · classes + answer

  constructor(classes: number) {
    this.#classes = classes;
    this.#seen = new Float64Array(classes);
  }

  /** labels, indices [N] */
  add(
    { answer: answers, confidence }: Pick<Predictions, "answer" | "confidence">,
    { labels, indices }: { labels: Int32Array; indices: Int32Array },
  ): void {
    labels.forEach((label, i) => {
      increment(this.#seen, label);
      const answer = answers[i]!;
      if (answer === label) return;
      const pair = this.#pair(label, answer);
      pair.images += 1;
      insertInOrder(pair.examples, { index: indices[i]!, probability: confidence[i]! }, examplesInOrder);
    });
  }

  /** By the share of the label's images, then by images, then by the surest mistake. */
  result(): ConfusedPair[] {
    return [...this.#pairs.values()]
      .map((pair) => ({ ...pair, ofLabel: (100 * pair.images) / this.#seen[pair.label]! }))
      .sort(
        (a, b) =>
          b.ofLabel - a.ofLabel ||
          b.images - a.images ||
          b.examples[0]!.probability - a.examples[0]!.probability ||
          a.label - b.label ||
          a.answer - b.answer,
      )
      .slice(0, MAX_PAIRS);
  }

  #pair(label: number, answer: number): Confused {
    const key = label * this.#classes + answer;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const pair = { label, answer, images: 0, examples: [] };
    this.#pairs.set(key, pair);
    return pair;
  }
}

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

/** Puts an item into a list that is in order and holds the first `most` of all items that came, in whatever order. */
function insertInOrder<T>(
  list: T[],
  item: T,
  { most, before }: { most: number; before: (a: T, b: T) => boolean },
): void {
  let place = list.length;
  while (place > 0 && before(item, list[place - 1]!)) place -= 1;
  if (place >= most) return;
  list.splice(place, 0, item);
  list.length = Math.min(list.length, most);
}
