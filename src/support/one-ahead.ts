/**
 * The items of a generator, each asked for while the one before it is in use. What was made ahead and is not used goes to
 * `discard`; what making it threw is thrown after the items before it.
 */
export async function* oneAhead<T>(
  items: AsyncGenerator<T>,
  discard: (item: T) => void,
): AsyncGenerator<T, void, undefined> {
  let next = items.next();
  try {
    for (;;) {
      const item = await next;
      if (item.done === true) return;
      next = items.next();
      next.catch(() => undefined); // it is thrown where `next` is awaited
      yield item.value;
    }
  } finally {
    const unused = await next.catch(() => null);
    if (unused?.done === false) discard(unused.value);
    await items.return(undefined);
  }
}
