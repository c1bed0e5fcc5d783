/**
 * The time of day in milliseconds since 1970, as this process's clock had it at its start, and what has gone by since. It
 * never goes back and never leaps, whatever is done to the clock meanwhile: what lies between two such times is a duration.
 */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}
