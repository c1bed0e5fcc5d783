/** In order. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The largest value, -Infinity of none. Math.max(...values) overflows the stack where there are many. */
export function maxOf(values: Iterable<number>): number {
  let found = -Infinity;
  for (const value of values) found = Math.max(found, value);
  return found;
}

/** The smallest value, Infinity of none. */
export function minOf(values: Iterable<number>): number {
  let found = Infinity;
  for (const value of values) found = Math.min(found, value);
  return found;
}

/** Indices of the largest values, the largest first; of equal ones the first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const found: number[] = [];
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    let place = found.length;
    while (place > 0 && value > values[found[place - 1]!]!) place -= 1;
    if (place >= count) continue;
    found.splice(place, 0, index);
    if (found.length > count) found.pop();
  }
  return found;
}

/**
 * Bounds [from, to) of one of `of` consecutive chunks of `length` things: sizes differ by one at most, the larger first
 * (NumPy's array_split). The one way in which a batch is cut, among processes and into micro-batches.
 */
export function chunkOf(
  length: number,
  { index, of }: { readonly index: number; readonly of: number },
): [from: number, to: number] {
  const each = Math.floor(length / of);
  const start = (i: number): number => i * each + Math.min(i, length % of);
  return [start(index), start(index + 1)];
}

type Numbers = Float32Array | Float64Array | Int32Array | Uint16Array | Int8Array;

/**
 * The array, each element computed from its place. For millions of elements: from() with a function makes a list of them
 * first, which takes ten times as long (20 million: 6.4 s against 0.7).
 */
export function filled<T extends Numbers>(array: T, valueAt: (place: number) => number): T {
  for (let place = 0; place < array.length; place += 1) array[place] = valueAt(place);
  return array;
}

/** NaN of no values. */
export function mean(values: ArrayLike<number> & Iterable<number>): number {
  return sum(values) / values.length;
}

/** Items in their order, `size` at a time; the last ones may be fewer. */
export async function* batched<T>(
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
): AsyncGenerator<readonly T[]> {
  let some: T[] = [];
  for await (const item of items) {
    some.push(item);
    if (some.length < size) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
