/** Numbers in [0, 1), one at each call. */
type Uniform = () => number;

/**
 * A draw from Beta(alpha, alpha): X / (X + Y) with X, Y from Gamma(alpha). In logs, so that shapes near 0, whose
 * draws are below the smallest number, end at 0 or 1 and not at 0 / 0.
 */
export function drawBeta(alpha: number, uniform: Uniform): number {
  const [x, y] = [logGamma(alpha, uniform), logGamma(alpha, uniform)];
  return 1 / (1 + Math.exp(y - x));
}

/**
 * The log of a draw from Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS
 * 2000; shapes below 1 by Gamma(a) = Gamma(a + 1) · U^(1/a).
 */
function logGamma(shape: number, uniform: Uniform): number {
  if (shape < 1) return logGamma(shape + 1, uniform) + Math.log(1 - uniform()) / shape;
  const d = shape - 1 / 3;
  for (;;) {
    const x = normal(uniform);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - uniform()) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/** Box and Muller's transform. */
function normal(uniform: Uniform): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}
