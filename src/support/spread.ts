/** Numbers over seeds: mean and sample standard deviation. */
import { mean, sum } from "./math.js";

/**
 * Mean and sample standard deviation, in percent; the deviation of a single value is null.
 *
 * @example
 * const { mean, deviation }: Spread = { mean: 63.1, deviation: 1, values: [62.1, 63.1, 64.1] };
 */
export interface Spread {
  readonly mean: number;
  readonly deviation: number | null;
  readonly values: readonly number[];
}

/**
 * By group; null where there is no such class.
 *
 * @example
 * const few = (spread: GroupSpread): number | undefined => spread.few?.mean;
 */
export type GroupSpread = Readonly<Record<"all" | "many" | "medium" | "few", Spread | null>>;

/** Of one network with each of several seeds. */
export function groupSpread(
  accuracies: readonly Readonly<Record<keyof GroupSpread, number | null>>[],
): GroupSpread {
  const of = (group: keyof GroupSpread): Spread | null => {
    const values = accuracies.map((accuracy) => accuracy[group]);
    return values.every((value) => value !== null) ? spread(values) : null;
  };
  return { all: of("all"), many: of("many"), medium: of("medium"), few: of("few") };
}

/** At least one value. */
export function spread(values: readonly number[]): Spread {
  const middle = mean(values);
  const squares = sum(values.map((value) => (value - middle) ** 2));
  const deviation = values.length === 1 ? null : Math.sqrt(squares / (values.length - 1));
  return { mean: middle, deviation, values };
}

/** "63.1 ± 1.0" */
export function spreadText(one: Spread | null, digits = 1): string | null {
  if (one === null) return null;
  const text = one.mean.toFixed(digits);
  return one.deviation === null ? text : `${text} ± ${one.deviation.toFixed(digits)}`;
}
