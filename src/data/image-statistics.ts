import type { NativeInspection } from "./vision.js";

type Looked = Pick<NativeInspection, "error" | "format" | "color" | "width" | "height" | "bytes">;

/** Least, median, greatest and between, of a number that each image has. */
export interface Quantiles {
  readonly min: number;
  readonly q05: number;
  readonly median: number;
  readonly q95: number;
  readonly max: number;
}

/** What a set of images is like. */
export interface ImageStatistics {
  /** Those that can be read. */
  readonly images: number;
  /** Null when there are none. */
  readonly width: Quantiles | null;
  readonly height: Quantiles | null;
  readonly shorterSide: Quantiles | null;
  /** Of a file. */
  readonly bytes: Quantiles | null;
  /** Images of each format and color space, the most frequent first. */
  readonly formats: Readonly<Record<string, number>>;
  readonly colors: Readonly<Record<string, number>>;
}

export function imageStatistics(all: readonly Looked[]): ImageStatistics {
  const images = all.filter(({ error }) => error === null);
  return {
    images: images.length,
    width: quantiles(images.map(({ width }) => width)),
    height: quantiles(images.map(({ height }) => height)),
    shorterSide: quantiles(images.map(({ width, height }) => Math.min(width, height))),
    bytes: quantiles(images.map(({ bytes }) => bytes)),
    formats: tally(images.map(({ format }) => format ?? "")),
    colors: tally(images.map(({ color }) => color ?? "")),
  };
}

/** Values of the list, without interpolation; null for an empty one. */
export function quantiles(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
  return { min: at(0), q05: at(0.05), median: at(0.5), q95: at(0.95), max: at(1) };
}

function tally(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}
