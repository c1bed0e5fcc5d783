import type { RecipeInput } from "../recipes/schema.js";

/** Keys of a recipe that make a classifier on frozen features. */
type HeadKeys = Pick<RecipeInput, "method" | "classifier" | "optimizer" | "adjustment"> & {
  readonly sampler?: "class-balanced";
};

/** A classifier on the features of a frozen network, with its settings. */
export interface Head {
  /** Name of the family and its setting, as tables show it. */
  readonly name: string;
  readonly description: string;
  readonly keys: HeadKeys;
}

/** Heads that one training gives: they differ in what is done to the classifier afterwards. */
export interface HeadFamily {
  readonly description: string;
  readonly heads: readonly [Head, ...Head[]];
}

/** Learning rates are those of a linear and a cosine classifier on such features, decided beforehand on other data. */
const LINEAR = { kind: "sgd", lr: 0.05, weightDecay: 5e-4 } as const;
const COSINE = { kind: "sgd", lr: 0.5, weightDecay: 5e-4 } as const;
const COSINE_FROM_MEANS = { ...COSINE, lr: 0.1 } as const;

const TAUS = [0.5, 0.75, 1, 1.25, 1.5, 2] as const;

/** Linear classifier by cross-entropy: what most tools train, and what the correction is compared with. */
export const PLAIN: Head = {
  name: "plain",
  description: "a linear classifier by cross-entropy",
  keys: { method: { kind: "cross-entropy" }, optimizer: LINEAR },
};

const correction = (tau: number): string => (tau === 1 ? "balanced softmax" : `logit adjustment, τ ${tau}`);

/** Linear classifier by logit adjustment; τ = 1 is balanced softmax. */
function corrected(tau: number): Head {
  return {
    name: `corrected, τ ${tau}`,
    description: `a linear classifier corrected for the class counts (${correction(tau)})`,
    keys: { method: { kind: "balanced-softmax", tau }, optimizer: LINEAR },
  };
}

function cosine(scale: number, tau = 1): Head {
  return {
    name: `cosine, scale ${scale}${tau === 1 ? "" : `, τ ${tau}`}`,
    description: `a cosine classifier of scale ${scale} corrected for the class counts (${correction(tau)})`,
    keys: {
      method: { kind: "balanced-softmax", tau },
      classifier: { kind: "cosine", scale, bias: false },
      optimizer: COSINE,
    },
  };
}

const FROM_CLASS_MEANS: Head = {
  name: "cosine from class means",
  description: "a cosine classifier that starts from the class means, corrected for the class counts",
  keys: {
    method: { kind: "balanced-softmax" },
    classifier: { kind: "cosine", scale: 25, bias: false, start: "class-means" },
    optimizer: COSINE_FROM_MEANS,
  },
};

const RESAMPLED: Head = {
  name: "class-balanced sampling",
  description: "a linear classifier trained on as many images of each class (class-balanced sampling, cRT)",
  keys: { method: { kind: "cross-entropy" }, optimizer: LINEAR, sampler: "class-balanced" },
};

function adjusted(tau: number): Head {
  return {
    name: `adjusted afterwards, τ ${tau}`,
    description: `a linear classifier whose biases are adjusted for the class counts after training (τ ${tau})`,
    keys: { ...PLAIN.keys, adjustment: { kind: "logit-adjustment", tau } },
  };
}

const LEARNED_SCALES: Head = {
  name: "learned scales",
  description:
    "a linear classifier with a scale for each class that is learned on as many images of each (LWS)",
  keys: { ...PLAIN.keys, adjustment: { kind: "learned-scales" } },
};

function normalized(tau: number): Head {
  return {
    name: `τ-normalized, τ ${tau}`,
    description: `a linear classifier whose rows are normalized after training (τ-normalization, τ ${tau})`,
    keys: {
      ...PLAIN.keys,
      classifier: { kind: "fc", bias: false },
      adjustment: { kind: "tau-normalization", tau },
    },
  };
}

const single = (head: Head): HeadFamily => ({ description: head.description, heads: [head] });
const several = (description: string, [first, ...rest]: readonly Head[]): HeadFamily => ({
  description,
  heads: [first!, ...rest],
});

/** What `fit` tries, in the order in which time is spent on it. The first one is taken where there is no choice. */
export const FAMILIES: readonly [HeadFamily, ...HeadFamily[]] = [
  single(corrected(1)),
  single(cosine(25)),
  several("a linear classifier, its biases adjusted for the class counts afterwards", [
    PLAIN,
    ...TAUS.map(adjusted),
    LEARNED_SCALES,
  ]),
  several("a linear classifier, its rows normalized afterwards", TAUS.map(normalized)),
  single(corrected(1.5)),
  single(cosine(25, 1.25)),
  single(cosine(25, 1.5)),
  single(cosine(16)),
  single(FROM_CLASS_MEANS),
  single(RESAMPLED),
  single(cosine(40)),
  single(corrected(0.5)),
];

/** What networks are compared by: a linear classifier and a cosine one, which suits features of any size. */
export const QUICK_FAMILIES: readonly [HeadFamily, ...HeadFamily[]] = [FAMILIES[0], FAMILIES[1]!];
