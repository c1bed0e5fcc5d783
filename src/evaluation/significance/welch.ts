import { criticalT, twoSidedP } from "./student-t.js";
import { mean, sum } from "../../support/math.js";

/**
 * How much two groups of measurements differ in their means.
 *
 * @example
 * const isClear = (test: Pick<WelchTest, "p"> | null): boolean => test !== null && test.p < 0.05;
 */
export interface WelchTest {
  /** Mean of the second less mean of the first. */
  readonly difference: number;
  /** Its 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
  /** Probability of a difference at least so large, were there none in truth. */
  readonly p: number;
}

/**
 * Welch's t-test, which takes the groups' variances as different (Welch, Biometrika, 1947). Null where a group has fewer than
 * two measurements, or neither varies: nothing can then be said of chance.
 */
export function welchTest(first: readonly number[], second: readonly number[]): WelchTest | null {
  const [a, b] = [moments(first), moments(second)];
  if (first.length < 2 || second.length < 2 || a.error + b.error === 0) return null;
  const difference = b.mean - a.mean;
  const squared = a.error + b.error;
  const error = Math.sqrt(squared);
  const df = squared ** 2 / (a.error ** 2 / (first.length - 1) + b.error ** 2 / (second.length - 1));
  const half = criticalT(0.95, df) * error;
  return {
    difference,
    low: difference - half,
    high: difference + half,
    p: twoSidedP(difference / error, df),
  };
}

/** The mean and its squared standard error. */
function moments(values: readonly number[]): { mean: number; error: number } {
  const middle = mean(values);
  const variance = sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
  return { mean: middle, error: variance / values.length };
}

/**
 * p values of several tests, made as large as they must be for the chance of any false finding among them to stay below
 * the level that each is held against (Holm, Scandinavian Journal of Statistics, 1979).
 */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, place) => place).sort((a, b) => values[a]! - values[b]!);
  const adjusted = new Array<number>(values.length).fill(1);
  let least = 0;
  order.forEach((place, rank) => {
    least = Math.max(least, Math.min(1, values[place]! * (values.length - rank)));
    adjusted[place] = least;
  });
  return adjusted;
}
