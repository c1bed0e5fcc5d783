/** Puts an item into a list that is in order and holds the first `most` of all items that came, in whatever order. */
export function insertInOrder<T>(
  list: T[],
  item: T,
  { most, before }: { most: number; before: (a: T, b: T) => boolean },
): void {
  let place = list.length;
  while (place > 0 && before(item, list[place - 1]!)) place -= 1;
  if (place >= most) return;
  list.splice(place, 0, item);
  list.length = Math.min(list.length, most);
}
