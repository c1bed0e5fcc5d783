import type { Tensor } from "../../torch/tensor.js";
import type { Analysis, HardImage } from "../analysis.js";
import type { Group } from "../../data/groups.js";
import type { Predictions } from "./predictions.js";
import { insertInOrder } from "./first-few.js";

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
export class HardestImages {
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
