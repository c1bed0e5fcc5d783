import fc from "fast-check";
import { expect, test } from "vitest";
import { NOTHING_READ, ThinnedTable } from "./curves.js";

const table = (most: number): ThinnedTable => new ThinnedTable({ most, ranges: () => true });

test("a short table is as it was added", () => {
  const short = table(8);
  for (const x of [1, 2, 3]) short.add(x, { loss: x / 2, other: x === 2 ? null : 1 });
  expect(short.since(NOTHING_READ)?.part).toEqual({
    from: 0,
    x: [1, 2, 3],
    columns: {
      loss: { mean: [0.5, 1, 1.5], least: [0.5, 1, 1.5], greatest: [0.5, 1, 1.5] },
      other: { mean: [1, null, 1], least: [1, null, 1], greatest: [1, null, 1] },
    },
  });
});

test("a long one keeps its means, its peaks and its size", () => {
  const long = table(64);
  for (let x = 1; x <= 100_000; x += 1) long.add(x, { loss: x === 70_001 ? 1e6 : 1 });
  const { x, columns } = long.since(NOTHING_READ)!.part;
  expect(x.length).toBeLessThanOrEqual(64);
  expect(x.length).toBeGreaterThan(32);
  expect(Math.max(...(columns["loss"]!.greatest as number[]))).toBe(1e6);
  expect(columns["loss"]!.least!.every((value) => value === 1)).toBe(true);
});

test("a reader who reads now and then has what a reader of the whole has", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }), (portions) => {
      const thinned = table(16);
      let [read, cursor, x] = [[] as number[], NOTHING_READ, 0];
      for (const portion of portions) {
        for (let i = 0; i < portion; i += 1) thinned.add((x += 1), { loss: x });
        const news = thinned.since(cursor)!;
        read = [...read.slice(0, news.part.from), ...news.part.x];
        ({ cursor } = news);
      }
      expect(read).toEqual(thinned.since(NOTHING_READ)?.part.x ?? []);
    }),
  );
});

test("rows that are added again replace what was there", () => {
  const twice = table(8);
  for (const x of [1, 2, 3, 4, 2, 3]) twice.add(x, { loss: x });
  const { x } = twice.since(NOTHING_READ)!.part;
  expect(x).toEqual([1, 2, 3]);
});

test("what was taken away is reported", () => {
  const cleared = table(8);
  cleared.add(1, { loss: 1 });
  const { cursor } = cleared.since(NOTHING_READ)!;
  cleared.clear();
  expect(cleared.since(cursor)?.part).toEqual({ from: 0, x: [], columns: {} });
  expect(cleared.since(cleared.since(cursor)!.cursor)).toBeNull();
});
