/** A convex function's value, gradient [n] and Hessian [n][n] at a point [n]. */
export interface Expansion {
  readonly value: number;
  readonly gradient: readonly number[];
  readonly hessian: readonly (readonly number[])[];
}

export interface BoxProblem {
  readonly start: readonly number[];
  /** Every coordinate lies between these. */
  readonly least: number;
  readonly most: number;
  readonly expand: (point: readonly number[]) => Expansion;
}

const MAX_STEPS = 100;
const TOLERANCE = 1e-10; // of a coordinate, relative

/**
 * The minimum of a smooth convex function of a few variables within a box: Newton steps over the coordinates that no
 * bound holds, cut at the box and halved until the value falls (Bertsekas, "Projected Newton methods", SIAM J. Control
 * and Optimization 1982).
 */
export function minimize({ start, least, most, expand }: BoxProblem): number[] {
  let point = [...start];
  let here = expand(point);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const direction = newtonDirection(point, here, { least, most });
    const next = downhill({ point, here, direction, cut: (x) => Math.min(most, Math.max(least, x)), expand });
    if (next === null) return point;
    const moved = Math.max(...next.point.map((x, i) => Math.abs(x / point[i]! - 1)));
    ({ point, here } = next);
    if (moved < TOLERANCE) return point;
  }
  return point;
}

/** Zero for a coordinate on a bound that the value falls across. */
function newtonDirection(
  point: readonly number[],
  { gradient, hessian }: Expansion,
  { least, most }: Pick<BoxProblem, "least" | "most">,
): number[] {
  const isHeld = (x: number, i: number): boolean =>
    (x <= least && gradient[i]! > 0) || (x >= most && gradient[i]! < 0);
  const free = point.flatMap((x, i) => (isHeld(x, i) ? [] : [i]));
  // What keeps the system solvable where the value hardly depends on a coordinate.
  const ridge = 1e-12 * Math.max(1e-300, ...free.map((i) => hessian[i]![i]!));
  const matrix = free.map((i) => free.map((j) => hessian[i]![j]! + (i === j ? ridge : 0)));
  const solution = solve(
    matrix,
    free.map((i) => -gradient[i]!),
  );
  const direction = point.map(() => 0);
  free.forEach((i, place) => (direction[i] = solution[place]!));
  return direction;
}

/** Null when no step along the direction lowers the value. */
function downhill({
  point,
  here,
  direction,
  cut,
  expand,
}: Pick<BoxProblem, "expand"> & {
  point: readonly number[];
  here: Expansion;
  direction: readonly number[];
  cut: (x: number) => number;
}): { point: number[]; here: Expansion } | null {
  for (let length = 1; length > 1e-12; length /= 2) {
    const next = point.map((x, i) => cut(x + length * direction[i]!));
    if (next.every((x, i) => x === point[i])) return null;
    const there = expand(next);
    if (there.value < here.value) return { point: next, here: there };
  }
  return null;
}

/** x with A x = b, by Gaussian elimination; A is symmetric and positive definite, so that no rows need swapping. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  rows.forEach((pivot, p) => {
    for (const row of rows.slice(p + 1)) {
      const factor = row[p]! / pivot[p]!;
      for (let c = p; c < row.length; c += 1) row[c]! -= factor * pivot[c]!;
    }
  });
  const x = right.map(() => 0);
  for (let i = rows.length - 1; i >= 0; i -= 1) {
    const known = x.reduce((sum, value, j) => (j > i ? sum + rows[i]![j]! * value : sum), 0);
    x[i] = (rows[i]!.at(-1)! - known) / rows[i]![i]!;
  }
  return x;
}
