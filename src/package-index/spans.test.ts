import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeSpans, subtractSpans, totalBytes, type Span } from "./partial-file.js";

const anySpans = fc.array(
  fc.tuple(fc.nat(40), fc.nat(12)).map(([from, length]): Span => ({ from, to: from + length })),
  { maxLength: 8 },
);
const bytesOf = (spans: readonly Span[]): Set<number> =>
  new Set(spans.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));

test("merged spans hold the same bytes, in order, and never touch", () => {
  fc.assert(
    fc.property(anySpans, (spans) => {
      const merged = mergeSpans(spans);
      expect(bytesOf(merged)).toEqual(bytesOf(spans));
      expect(totalBytes(merged)).toBe(bytesOf(spans).size);
      for (const [i, { from }] of merged.slice(1).entries()) expect(from).toBeGreaterThan(merged[i]?.to ?? 0);
    }),
  );
});

test("what is left after a subtraction is in the one and not in the other", () => {
  fc.assert(
    fc.property(anySpans, anySpans, (wanted, present) => {
      const there = bytesOf(present);
      const left = subtractSpans(wanted, present);
      expect(bytesOf(left)).toEqual(new Set([...bytesOf(wanted)].filter((byte) => !there.has(byte))));
    }),
  );
});

test("small gaps are filled", () => {
  const spans = [
    { from: 0, to: 10 },
    { from: 15, to: 20 },
    { from: 26, to: 30 },
  ];
  expect(mergeSpans(spans, 5)).toEqual([
    { from: 0, to: 20 },
    { from: 26, to: 30 },
  ]);
});
