import { stack } from "../../torch/operators.generated.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Agreement, ByGroup } from "../analysis.js";
import { Grouped } from "../by-group.js";
import type { Group } from "../../data/groups.js";
import { increment, raise } from "../tally.js";

/** Counts and sums over images; the arrays have an entry for each pair of experts. */
interface Sums {
  images: number;
  anyRight: number;
  allRight: number;
  readonly same: Float64Array;
  readonly bothRight: Float64Array;
  readonly bothWrong: Float64Array;
  readonly divergence: Float64Array;
}

/** The experts' predictions for a batch. */
interface ExpertAnswers {
  /** [K, N, C], float64 */
  readonly logProbabilities: Tensor;
  /** K times [N] */
  readonly answers: readonly Int32Array[];
  /** [N] */
  readonly labels: Int32Array;
}

/** How alike K experts predict, pair by pair, and what they know between them. */
export class AgreementMeter {
  readonly #pairs: readonly (readonly [number, number])[];
  readonly #sums: Grouped<Sums>;

  /** experts: at least 2 */
  constructor(experts: number, groupOfClass: readonly Group[]) {
    this.#pairs = Array.from({ length: experts }, (_, i) =>
      Array.from({ length: experts - i - 1 }, (_, j) => [i, i + j + 1] as const),
    ).flat();
    const ofPairs = (): Float64Array => new Float64Array(this.#pairs.length);
    this.#sums = new Grouped(groupOfClass, () => ({
      ...{ images: 0, anyRight: 0, allRight: 0 },
      ...{ same: ofPairs(), bothRight: ofPairs(), bothWrong: ofPairs(), divergence: ofPairs() },
    }));
  }

  add({ logProbabilities, answers, labels }: ExpertAnswers): void {
    const divergences = this.#divergences(logProbabilities);
    labels.forEach((label, n) => {
      const given = answers.map((answer) => answer[n]!);
      for (const sums of this.#sums.of(label)) {
        sums.images += 1;
        if (given.includes(label)) sums.anyRight += 1;
        if (given.every((answer) => answer === label)) sums.allRight += 1;
        this.#pairs.forEach(([i, j], pair) => {
          if (given[i] === given[j]) increment(sums.same, pair);
          if (given[i] === label && given[j] === label) increment(sums.bothRight, pair);
          if (given[i] !== label && given[j] !== label) increment(sums.bothWrong, pair);
          raise(sums.divergence, pair, divergences[pair * labels.length + n]!);
        });
      }
    });
  }

  /** Of everything added so far; at least one image. */
  result(): ByGroup<Agreement> {
    return this.#sums.map((sums) => this.#agreement(sums));
  }

  /** KL(p ‖ q) + KL(q ‖ p) = Σ_c (p_c − q_c)(log p_c − log q_c) of each pair, [pairs, N]. */
  #divergences(logProbabilities: Tensor): Float64Array {
    const probabilities = logProbabilities.exp();
    const between = (of: Tensor, [i, j]: readonly [number, number]): Tensor =>
      of.select(0, i).sub(of.select(0, j));
    const each = this.#pairs.map((pair) =>
      between(probabilities, pair)
        .mul(between(logProbabilities, pair))
        .sum({ dim: [1] }),
    );
    return stack(each).toArray() as Float64Array;
  }

  #agreement(sums: Sums): Agreement | null {
    const { images } = sums;
    if (images === 0) return null;
    const share = (count: number): number => (100 * count) / images;
    const pairs = this.#pairs.map((experts, pair) => ({
      experts,
      same: share(sums.same[pair]!),
      bothRight: share(sums.bothRight[pair]!),
      bothWrong: share(sums.bothWrong[pair]!),
      divergence: sums.divergence[pair]! / images,
    }));
    return {
      images,
      pairs,
      anyRight: share(sums.anyRight),
      allRight: share(sums.allRight),
      disagreement: pairs.reduce((sum, { same }) => sum + (100 - same), 0) / pairs.length,
    };
  }
}
