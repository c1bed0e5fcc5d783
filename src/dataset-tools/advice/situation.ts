import type { Dataset } from "../../data/dataset.js";
import { maxOf, minOf, sum } from "../../support/math.js";

/** What the advice depends on. */
export interface Situation {
  readonly kind: Dataset["kind"];
  /** Training images of each class, by label. */
  readonly counts: readonly number[];
  /** Median of the images' shorter sides in pixels. */
  readonly side: number;
  /** Images of the smallest class of the test split; null without one. */
  readonly smallestTest: number | null;
}

/** One thing to choose, and why. */
export interface Advice {
  readonly topic: "method" | "sampling" | "network" | "schedule" | "selection" | "evaluation";
  readonly advice: string;
  readonly why: string;
  /** Papers, and what was measured here. */
  readonly sources: readonly string[];
  /** Keys of the recipe to begin with that it changes, as --set takes them. */
  readonly set: readonly string[];
}

/** The rules' bounds; what each is for is said where it is used, with the source. */
export const BALANCED = 2;
export const LONG_TAILED = 10;
export const LITTLE_DATA = 5_000;
export const ENOUGH_FOR_SCRATCH = 100_000;
const SMALL_IMAGES = 64;

/** Which of the built-in recipes such data is like. */
export type Regime = "cifar10" | "cifar100" | "small" | "photographs";

export function regimeOf({ kind, side }: Situation): Regime {
  if (kind === "cifar10" || kind === "cifar100") return kind;
  return side <= SMALL_IMAGES ? "small" : "photographs";
}

export function imbalanceOf({ counts }: Situation): number {
  return maxOf(counts) / Math.max(1, minOf(counts));
}

export function total({ counts }: Situation): number {
  return sum(counts);
}
