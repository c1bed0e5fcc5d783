/** Factors of one normalization, for each channel. */
export interface NormalizationFactors {
  /** 1 / (255 · std) */
  readonly scale: readonly number[];
  /** −mean / std */
  readonly shift: readonly number[];
}

/** (x / 255 − mean) / std of a byte x as scale · x + shift, for each channel. */
export function normalizationFactors({
  mean,
  std,
}: {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}): NormalizationFactors {
  return { scale: std.map((one) => 1 / (255 * one)), shift: std.map((one, c) => -mean[c]! / one) };
}
