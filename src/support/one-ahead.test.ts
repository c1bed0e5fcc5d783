import { expect, test } from "vitest";
import { oneAhead } from "./one-ahead.js";

/** Counts up, noting what is made and that it ended; throws in place of `fails`. */
async function* numbers(
  log: string[],
  { count, fails }: { count: number; fails?: number },
): AsyncGenerator<number> {
  try {
    for (let n = 0; n < count; n++) {
      await Promise.resolve();
      if (n === fails) throw new RangeError(`no ${n}`);
      log.push(`made ${n}`);
      yield n;
    }
  } finally {
    log.push("ended");
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("each item is made while the one before it is in use, and none further ahead", async () => {
  const log: string[] = [];
  for await (const n of oneAhead(numbers(log, { count: 3 }), () => log.push("discarded"))) {
    await turn();
    log.push(`used ${n}`);
  }
  expect(log).toEqual(["made 0", "made 1", "used 0", "made 2", "used 1", "ended", "used 2"]);
});

test("leaving early discards what was made ahead and ends the generator", async () => {
  const log: string[] = [];
  for await (const n of oneAhead(numbers(log, { count: 9 }), (item) => log.push(`discarded ${item}`)))
    if (n === 1) break;
  expect(log).toEqual(["made 0", "made 1", "made 2", "discarded 2", "ended"]);
});

test("an error comes after the items before it", async () => {
  const log: string[] = [];
  const used = async (): Promise<void> => {
    for await (const n of oneAhead(numbers(log, { count: 9, fails: 2 }), () => log.push("discarded"))) {
      await turn();
      log.push(`used ${n}`);
    }
  };
  await expect(used()).rejects.toThrow("no 2");
  expect(log).toEqual(["made 0", "made 1", "used 0", "ended", "used 1"]);
});

test("an error in what is made ahead of an early end is not thrown", async () => {
  const log: string[] = [];
  for await (const n of oneAhead(numbers(log, { count: 9, fails: 1 }), () => log.push("discarded"))) {
    await turn();
    if (n === 0) break;
  }
  expect(log).toEqual(["made 0", "ended"]);
});
