/** Where random crops cut, 100,000 times, against the formulas. */
import { describe, expect, it } from "vitest";
import { Mulberry32 } from "../support/mulberry32.js";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { countsProbability, draws, DRAWS, equal, LEAST } from "./draws.fixture.js";
import { sameDistributionProbability } from "../../src/data/kolmogorov-smirnov.fixture.js";

describe("random-resized-crop", () => {
  const scale: [number, number] = [0.08, 1];
  const ratio: [number, number] = [3 / 4, 4 / 3];
  const crop: TransformSpec = {
    kind: "random-resized-crop",
    size: 224,
    scale,
    ratio,
    interpolation: "bilinear",
    grows: false,
  };

  /** torchvision's rules: ten tries, then the middle. */
  function formula(height: number, width: number, random: Mulberry32): number[] {
    const between = ([low, high]: readonly [number, number]): number => low + (high - low) * random.uniform();
    for (let tries = 0; tries < 10; tries++) {
      const area = height * width * between(scale);
      const shape = Math.exp(between([Math.log(ratio[0]), Math.log(ratio[1])]));
      const [tall, wide] = [Math.round(Math.sqrt(area / shape)), Math.round(Math.sqrt(area * shape))];
      if (tall < 1 || tall > height || wide < 1 || wide > width) continue;
      const within = (room: number): number => Math.floor(random.uniform() * (room + 1));
      return [within(height - tall), within(width - wide), tall, wide];
    }
    return middle(height, width);
  }

  function middle(height: number, width: number): number[] {
    const wide = Math.min(width, Math.round(height * ratio[1]));
    const tall = Math.min(height, Math.round(width / ratio[0]));
    return [Math.floor((height - tall) / 2), Math.floor((width - wide) / 2), tall, wide];
  }

  // A photograph, a small square, and shapes for which many or most of the tries fail.
  it.each([
    [375, 500],
    [32, 32],
    [40, 90],
    [200, 60],
  ])("of %d x %d has the formula's windows", (height, width) => {
    const random = new Mulberry32(height);
    const found = draws(crop, { height, width });
    const expected = Array.from({ length: DRAWS }, () => formula(height, width, random));
    const measures: ((window: number[]) => number)[] = [
      ([top]) => top!,
      ([, left]) => left!,
      ([, , tall]) => tall!,
      ([, , , wide]) => wide!,
      ([, , tall, wide]) => tall! * wide!,
      ([, , tall, wide]) => wide! / tall!,
      ([top, , tall]) => top! + tall! / 2,
      ([top, left, tall, wide]) => (top! + left! + 1) / (height - tall! + width - wide! + 2),
    ];
    for (const measure of measures)
      expect(sameDistributionProbability(found.map(measure), expected.map(measure))).toBeGreaterThan(LEAST);
    const isMiddle = (window: number[]): boolean => window.join() === middle(height, width).join();
    const shares = [found, expected].map((windows) => windows.filter(isMiddle).length / DRAWS);
    expect(Math.abs(shares[0]! - shares[1]!)).toBeLessThan(0.01);
  });

  it("takes the middle where no try can succeed", () => {
    expect(new Set(draws(crop, { height: 10, width: 1000, images: 1000 }).map(String))).toEqual(
      new Set(["0,493,10,13"]),
    );
    expect(new Set(draws(crop, { height: 1000, width: 10, images: 1000 }).map(String))).toEqual(
      new Set(["493,0,13,10"]),
    );
  });

  it("of an image of one pixel is that pixel", () => {
    expect(draws(crop, { height: 1, width: 1, images: 1 })).toEqual([[0, 0, 1, 1]]);
  });
});

describe("random-crop", () => {
  it("takes each of the padded image's windows as often", () => {
    const windows = draws({ kind: "random-crop", size: 32, padding: 4 });
    const places = windows.map(([top, left]) => (top! + 4) * 9 + left! + 4);
    expect(countsProbability(places, equal(81))).toBeGreaterThan(LEAST);
  });
});
