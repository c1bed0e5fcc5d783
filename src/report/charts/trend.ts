import { mean } from "../../support/math.js";

/** y ≈ intercept + slope · log10 x, by least squares. */
export interface Trend {
  readonly intercept: number;
  readonly slope: number;
  /** Share of y's variance that it explains. */
  readonly explained: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Null for points of one x alone. */
export function logTrend(points: readonly Point[]): Trend | null {
  const count = points.length;
  const logs = points.map(({ x }) => Math.log10(x));
  const [meanX, meanY] = [mean(logs), mean(points.map(({ y }) => y))];
  const varianceX = mean(logs.map((x) => (x - meanX) ** 2));
  if (count < 3 || varianceX < 1e-9) return null;
  const covariance = mean(points.map(({ y }, i) => (logs[i]! - meanX) * (y - meanY)));
  const varianceY = mean(points.map(({ y }) => (y - meanY) ** 2));
  const slope = covariance / varianceX;
  const explained = varianceY === 0 ? 0 : covariance ** 2 / (varianceX * varianceY);
  return { intercept: meanY - slope * meanX, slope, explained };
}

export function trendAt({ intercept, slope }: Trend, x: number): number {
  return intercept + slope * Math.log10(x);
}
