/** Each value's mean with those around it, `width` together (odd); at the ends and beside gaps fewer. Gaps stay. */
export function movingMean(values: readonly (number | null)[], width: number): readonly (number | null)[] {
  const half = (width - 1) / 2;
  if (half <= 0) return values;
  let [sum, count, next] = [0, 0, 0]; // of those in the window, which ends before `next`
  return values.map((value, place) => {
    for (; next <= place + half && next < values.length; next += 1) {
      sum += values[next] ?? 0;
      count += Number(values[next] !== null);
    }
    const gone = place - half - 1;
    if (gone >= 0) {
      sum -= values[gone] ?? 0;
      count -= Number(values[gone] !== null);
    }
    return value === null ? null : sum / count;
  });
}
