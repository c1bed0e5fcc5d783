import type { Series } from "./panels.ts";

/** The last known value at or before x; with no x the last of all. */
export function valueAt({ x, y }: Series, at: number | null): number | null {
  let place = at === null ? x.length - 1 : lastUpTo(x, at);
  while (place >= 0 && (y[place] ?? null) === null) place -= 1;
  return y[place] ?? null;
}

/** The place of the last of the rising numbers that is not above `limit`; -1 when all are. */
function lastUpTo(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** At most so many places of the plot's width, the first and the last among them, for a table of its numbers. */
export function samples(series: readonly Series[], most: number): readonly number[] {
  const all = [...new Set(series.flatMap(({ x }) => x))].sort((a, b) => a - b);
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]!);
}
