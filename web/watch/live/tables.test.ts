import { expect, test } from "vitest";
import { NO_TABLE, withPart } from "./tables.ts";

const column = (...mean: (number | null)[]) => ({ mean });

test("what is new stands from its place on", () => {
  const first = withPart(NO_TABLE, { from: 0, x: [1, 2, 3], columns: { loss: column(3, 2, 1) } });
  const next = withPart(first, { from: 2, x: [3.5, 5], columns: { loss: column(0.9, 0.5) } });
  expect(next).toEqual({ x: [1, 2, 3.5, 5], columns: { loss: column(3, 2, 0.9, 0.5) } });
});

test("a column that comes later has no values before, and one that ends none after", () => {
  const first = withPart(NO_TABLE, { from: 0, x: [1, 2], columns: { old: column(1, 2) } });
  const next = withPart(first, { from: 1, x: [2, 3], columns: { fresh: column(7, 8) } });
  expect(next.columns).toEqual({ old: column(1, null, null), fresh: column(null, 7, 8) });
});

test("from the start on all is new, and the loss has its least and greatest", () => {
  const loss = { mean: [1], least: [0.5], greatest: [2] };
  const first = withPart(NO_TABLE, { from: 0, x: [1, 2], columns: { old: column(1, 2) } });
  const anew = withPart(first, { from: 0, x: [1], columns: { loss } });
  expect(anew).toEqual({ x: [1], columns: { loss } });
});
