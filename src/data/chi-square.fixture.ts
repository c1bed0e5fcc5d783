/**
 * How likely counts as far from their expectation as these are, or farther: Pearson's chi-square test with one degree
 * of freedom less than there are cells. Expected shares are scaled to the number that was counted.
 */
export function chiSquareProbability(observed: readonly number[], expected: readonly number[]): number {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const scale = sum(observed) / sum(expected);
  const statistic = sum(
    observed.map((count, i) => (count - expected[i]! * scale) ** 2 / (expected[i]! * scale)),
  );
  return upperGamma((observed.length - 1) / 2, statistic / 2);
}

/** The regularized upper incomplete gamma function Q(a, x): by its series below a + 1, by a continued fraction above. */
function upperGamma(a: number, x: number): number {
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x === 0) return 1;
  if (x < a + 1) {
    let term = 1 / a;
    let series = term;
    for (let n = 1; term > series * 1e-12; n++) series += term *= x / (a + n);
    return 1 - scale * series;
  }
  let fraction = 0;
  for (let n = 200; n > 0; n--) fraction = (n * (n - a)) / (x + 2 * n + 1 - a - fraction);
  return scale / (x + 1 - a - fraction);
}

/** By Stirling's series, for arguments of 8 and more; smaller ones are led there by Γ(a + 1) = a Γ(a). */
function logGamma(a: number): number {
  if (a < 8) return logGamma(a + 1) - Math.log(a);
  return (
    (a - 0.5) * Math.log(a) -
    a +
    Math.log(2 * Math.PI) / 2 +
    1 / (12 * a) -
    1 / (360 * a ** 3) +
    1 / (1260 * a ** 5)
  );
}
