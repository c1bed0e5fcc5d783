import { DataError } from "../support/errors.js";
import { balancedTestSplit, longTailedSubset, stratifiedSplit, type Labeled, type Portion } from "./split.js";

/** What is taken from the training images, in this order. */
export interface SplitPlan {
  /** To test on: a share of each class, or as many of each. */
  readonly test: Portion | null;
  /** What is left becomes a long-tailed subset. */
  readonly imbalance: number | null;
  /** To choose an epoch or a setting by, out of what is left then. */
  readonly heldOut: Portion | null;
  readonly seed: number;
}

export interface SplitPart {
  readonly name: "train" | "held-out" | "test";
  /** Places among the images that were split, ascending. */
  readonly indices: readonly number[];
}

/** The parts of a plan, disjoint. Images that a long-tailed subset leaves out are in none. */
export function splitParts(data: Labeled, { test, imbalance, heldOut, seed }: SplitPlan): SplitPart[] {
  const parts: SplitPart[] = [];
  let rest: readonly number[] = Array.from(data.labels, (_, index) => index);
  const take = (
    name: SplitPart["name"],
    split: (some: Labeled) => ReturnType<typeof stratifiedSplit>,
  ): void => {
    const { kept, taken } = split(part(data, rest));
    if (taken.length === 0)
      throw new DataError(`${name}: expected classes large enough to give images, found none.`);
    parts.unshift({ name, indices: taken.map((place) => rest[place]!) });
    rest = kept.map((place) => rest[place]!);
  };
  if (test !== null) take("test", (some) => takeTest(some, test, seed));
  if (imbalance !== null) {
    const subset = longTailedSubset(part(data, rest), { imbalance, seed });
    rest = subset.map((place) => rest[place]!);
  }
  if (heldOut !== null) take("held-out", (some) => stratifiedSplit(some, { portion: heldOut, seed }));
  return [{ name: "train", indices: rest }, ...parts];
}

function takeTest(data: Labeled, portion: Portion, seed: number): ReturnType<typeof stratifiedSplit> {
  return "perClass" in portion
    ? balancedTestSplit(data, { perClass: portion.perClass, seed })
    : stratifiedSplit(data, { portion, seed, purpose: "test" });
}

function part({ labels, classes }: Labeled, indices: readonly number[]): Labeled {
  return { labels: Int32Array.from(indices, (index) => labels[index]!), classes };
}
