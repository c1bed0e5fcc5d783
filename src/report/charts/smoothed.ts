import type { Point } from "./trend.js";
import { sum } from "../../support/math.js";

const STEPS = 40;
/** The kernel's width in parts of the range of log x. */
const WIDTHS = 8;

/** The mean of y over points of similar x: with Gaussian weights of log x (Nadaraya and Watson's estimate). */
export function smoothed(points: readonly Point[]): Point[] {
  const logs = points.map(({ x }) => Math.log10(x));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  if (points.length < 3 || high === low) return [];
  const width = (high - low) / WIDTHS;
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    const at = low + ((high - low) * step) / STEPS;
    const weights = logs.map((log) => Math.exp(-(((log - at) / width) ** 2) / 2));
    const total = sum(weights);
    const y = sum(points.map((point, i) => weights[i]! * point.y)) / total;
    return { x: 10 ** at, y };
  });
}
