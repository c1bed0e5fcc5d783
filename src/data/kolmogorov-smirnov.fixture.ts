/**
 * How likely two samples of one distribution lie as far apart as these, or farther: the two-sample test of Kolmogorov and
 * Smirnov, by its limit for large samples. Values that repeat make it milder.
 */
export function sameDistributionProbability(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [a, b].map((values) => Float64Array.from(values).sort()) as [
    Float64Array,
    Float64Array,
  ];
  let [i, j, distance] = [0, 0, 0];
  while (i < first.length && j < second.length) {
    const value = Math.min(first[i]!, second[j]!);
    while (first[i]! <= value) i++;
    while (second[j]! <= value) j++;
    distance = Math.max(distance, Math.abs(i / first.length - j / second.length));
  }
  return tail(distance * Math.sqrt((first.length * second.length) / (first.length + second.length)));
}

/** Kolmogorov's distribution: 2 Σ_{k ≥ 1} (−1)^(k−1) exp(−2 k² x²). */
function tail(x: number): number {
  if (x < 0.2) return 1; // the series needs many terms there; the sum differs from 1 by less than 1e-12
  let sum = 0;
  for (let k = 1; k <= 100; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * (k * x) ** 2);
  return sum;
}
