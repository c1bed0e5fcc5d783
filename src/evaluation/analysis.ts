import type { Group, GroupRule } from "../data/groups.js";

/**
 * A value for all images and for those of each group of classes; null where a group has no images.
 *
 * @example
 * const errors: ByGroup<number> = { all: 4.1, many: 2.0, medium: 4.4, few: null };
 */
export interface ByGroup<T> {
  readonly all: T;
  readonly many: T | null;
  readonly medium: T | null;
  readonly few: T | null;
}

/**
 * Images whose prediction had a probability within one of equally wide ranges, in ascending order of the ranges.
 *
 * @example
 * const gap = (bin: ConfidenceBin): number => Math.abs((bin.accuracy ?? 0) - (bin.confidence ?? 0));
 */
export interface ConfidenceBin {
  readonly images: number;
  /** Mean probability of the predictions, in percent; null for a bin without images. */
  readonly confidence: number | null;
  /** Fraction of correct predictions, in percent; null for a bin without images. */
  readonly accuracy: number | null;
}

/**
 * How far a model's probabilities can be trusted.
 *
 * @example
 * const isOverconfident = ({ confidence, accuracy }: Calibration): boolean => confidence > accuracy;
 */
export interface Calibration {
  readonly images: number;
  /** Fraction of correct predictions, in percent. */
  readonly accuracy: number;
  /** Mean probability of the predictions, in percent; above the accuracy the model is too sure. */
  readonly confidence: number;
  /** Expected calibration error, in percent: |accuracy - confidence| of the bins, weighted by their images. */
  readonly ece: number;
  /** Maximum calibration error, in percent: the worst bin's |accuracy - confidence|. */
  readonly mce: number;
  /** Mean negative log-likelihood of the labels, in nats. */
  readonly nll: number;
  /** Mean of the squared distance of the probabilities from the label's one-hot vector: 0 to 2. */
  readonly brier: number;
  /** 15 ranges of equal width, the first (0, 1/15]. */
  readonly bins: readonly ConfidenceBin[];
}

/**
 * By what the logits are divided before the softmax (Guo et al., "On calibration of modern neural networks", ICML 2017).
 *
 * @example
 * const temperature: Temperature = { kind: "global", temperature: 1.4 };
 */
export type Temperature =
  /** One for the ensemble's logits. */
  | { readonly kind: "global"; readonly temperature: number }
  /** One for each group: that of the class which an image is answered with. */
  | { readonly kind: "group"; readonly temperatures: Readonly<Record<Group, number>> }
  /** One for each expert's logits, before they are averaged. */
  | { readonly kind: "expert"; readonly temperatures: readonly number[] };

/** Temperatures fitted on images that were not trained on, and what they do to the ensemble on the test images. */
export interface TemperatureAnalysis {
  readonly fittedOn: "held-out";
  /** How many images they were fitted on. */
  readonly images: number;
  /** One entry for each kind of temperature; a single model has no "expert". */
  readonly fits: readonly {
    readonly temperature: Temperature;
    /** Of the ensemble on the test images, with the temperature. */
    readonly calibration: ByGroup<Calibration>;
  }[];
}

/** How two experts' predictions relate, over some images; fractions in percent. */
export interface PairAgreement {
  /** Places of the two experts, counted from 0. */
  readonly experts: readonly [number, number];
  /** Images with the same prediction, correct or wrong. */
  readonly same: number;
  readonly bothRight: number;
  readonly bothWrong: number;
  /** Mean of KL(p ‖ q) + KL(q ‖ p), in nats. */
  readonly divergence: number;
}

/** How far the experts differ, over some images; shares in percent. */
export interface Agreement {
  readonly images: number;
  readonly pairs: readonly PairAgreement[];
  /** At least one expert is right: what a perfect choice among them would reach. */
  readonly anyRight: number;
  readonly allRight: number;
  /** Mean over the pairs of the images on which the two disagree. */
  readonly disagreement: number;
}

/** A class that the ensemble takes for another one. */
export interface ConfusedPair {
  /** Places of the two classes in `classes`. */
  readonly label: number;
  readonly answer: number;
  readonly images: number;
  /** Share of the label's test images, in percent. */
  readonly ofLabel: number;
  /** At most 4, the surest first. */
  readonly examples: readonly {
    /** The image's place in the test split. */
    readonly index: number;
    /** Of the (wrong) prediction, from 0 to 1. */
    readonly probability: number;
  }[];
}

/** A test image that the ensemble finds hard. */
export interface HardImage {
  /** The image's place in the test split. */
  readonly index: number;
  readonly label: number;
  readonly answer: number;
  /** -log of the label's probability, in nats. */
  readonly loss: number;
  /** Of the label, from 0 to 1. */
  readonly probability: number;
  /** The 3 likeliest classes with their probabilities. */
  readonly top: readonly (readonly [label: number, probability: number])[];
  /** Each expert's prediction. */
  readonly experts: readonly number[];
}

/**
 * analysis.json: what there is to see in a run's predictions on the test images, beyond result.json. The network and the
 * pass over the images are those of result.json. Classes are places in `classes`; the group of an image is its label's.
 */
export interface Analysis {
  readonly version: 1;
  readonly split: "test";
  readonly images: number;
  readonly classes: readonly string[];
  /** Training images of each class. */
  readonly counts: readonly number[];
  readonly groupRule: GroupRule;
  readonly groupOfClass: readonly Group[];
  readonly calibration: {
    readonly ensemble: ByGroup<Calibration>;
    readonly experts: readonly ByGroup<Calibration>[];
  };
  /** Null for a run that held no images out. */
  readonly temperature: TemperatureAnalysis | null;
  /** Null for a single model. */
  readonly agreement: ByGroup<Agreement> | null;
  /** At most 24, those first that take the largest share of their label's images. */
  readonly confusedPairs: readonly ConfusedPair[];
  /** Of the smallest classes: at most 48, the hardest first, at most 4 of a class. */
  readonly hardest: {
    /** Few; medium or many where the test images have none of the smaller groups. */
    readonly group: Group;
    readonly images: readonly HardImage[];
  };
}
