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
  /** Its 95 % confidence interval; of several tests, intervals that together hold with 95 %. */
  readonly low: number;
  readonly high: number;
  /** Probability of a difference at least so large in any of the tests, were there none in truth. */
  readonly p: number;
}

/**
 * Welch's t-test, which takes the groups' variances as different (Welch, Biometrika, 1947), as one of `tests` that are
 * looked at together: Bonferroni's rule widens the interval and raises p alike, so that the interval leaves out 0 exactly where
 * p is below 0.05. Null where a group has fewer than
 * two measurements, or neither varies: nothing can then be said of chance.
 */
export function welchTest(
  first: readonly number[],
  second: readonly number[],
  { tests = 1 }: { readonly tests?: number } = {},
): WelchTest | null {
  const [a, b] = [moments(first), moments(second)];
  if (first.length < 2 || second.length < 2 || a.error + b.error === 0) return null;
  const difference = b.mean - a.mean;
  const squared = a.error + b.error;
  const error = Math.sqrt(squared);
  const df = squared ** 2 / (a.error ** 2 / (first.length - 1) + b.error ** 2 / (second.length - 1));
  const half = criticalT(1 - 0.05 / tests, df) * error;
  return {
    difference,
    low: difference - half,
    high: difference + half,
    p: Math.min(1, tests * twoSidedP(difference / error, df)),
  };
}

/** The mean and its squared standard error. */
function moments(values: readonly number[]): { mean: number; error: number } {
  const middle = mean(values);
  const variance = sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
  return { mean: middle, error: variance / values.length };
}

/**
 * P(|T| > t) of Student's t distribution with `df` degrees of freedom: the regularized incomplete beta function
 * I_x(df/2, 1/2) at x = df / (df + t²). Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.1.
 */
export function twoSidedP(t: number, df: number): number {
  if (!Number.isFinite(t)) return 0;
  return incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/** The t that |T| stays below with probability `level`, by bisection. */
export function criticalT(level: number, df: number): number {
  let [low, high] = [0, 1];
  while (twoSidedP(high, df) > 1 - level) high *= 2;
  for (let i = 0; i < 100; i += 1) {
    const middle = (low + high) / 2;
    if (twoSidedP(middle, df) > 1 - level) low = middle;
    else high = middle;
  }
  return high;
}

/** I_x(a, b), by the continued fraction 26.5.8 on the side where it converges fast. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b));
  if (x < (a + 1) / (a + b + 2)) return (front * continuedFraction(x, a, b)) / a;
  return 1 - (front * continuedFraction(1 - x, b, a)) / b;
}

/** 1 / (1 + d₁ / (1 + d₂ / (1 + …))), evaluated from the far end: 200 terms are plenty where it is used. */
function continuedFraction(x: number, a: number, b: number): number {
  let value = 1;
  for (let n = 200; n >= 1; n -= 1) {
    const m = Math.floor(n / 2);
    const coefficient =
      n % 2 === 0
        ? (m * (b - m)) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m)) / ((a + 2 * m) * (a + 2 * m + 1));
    value = 1 + (coefficient * x) / value;
  }
  return 1 / value;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** log Γ(x) for x > 0: the recurrence up to 10, then Stirling's series (6.1.41), exact to 1e-13. */
function logGamma(x: number): number {
  if (x < 10) return logGamma(x + 1) - Math.log(x);
  const inverse = 1 / (x * x);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}
