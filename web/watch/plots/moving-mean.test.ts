import fc from "fast-check";
import { expect, test } from "vitest";
import { movingMean } from "./moving-mean.ts";

const values = fc.array(fc.option(fc.integer({ min: -100, max: 100 })), { maxLength: 40 });

test("is the mean of what is within half its width, for every width", () => {
  fc.assert(
    fc.property(values, fc.nat(9), (raw, half) => {
      const found = movingMean(raw, 2 * half + 1);
      raw.forEach((value, place) => {
        const near = raw.slice(Math.max(0, place - half), place + half + 1).filter((one) => one !== null);
        if (value === null) expect(found[place]).toBeNull();
        else expect(found[place]).toBeCloseTo(near.reduce((a, b) => a + b, 0) / near.length);
      });
    }),
  );
});
