import { expect, test } from "vitest";
import type { FeatureSet } from "../training/train-on-features.js";
import { mapFeatures, spreadOverClasses } from "./features-map.js";

const FEATURES = 8;

/** Two classes whose features point in different directions, with a little noise of fixed numbers. */
function twoClasses(images: number): FeatureSet {
  const labels = Int32Array.from({ length: images }, (_, index) => index % 2);
  const features = Float32Array.from({ length: images * FEATURES }, (_, at) => {
    const [index, feature] = [Math.floor(at / FEATURES), at % FEATURES];
    return (feature % 2 === labels[index] ? 1 : 0) + 0.1 * Math.sin(12.9898 * at);
  });
  const dataset = {
    kind: "image-folder",
    root: "photos",
    split: "test",
    classes: ["ant", "bee"],
    labels,
    size: images,
    pixels: { kind: "files", paths: Array.from(labels, (_label, index) => `photos/${index}.jpg`) },
    describe: (index: number) => `photos/${index}.jpg`,
  } as const;
  return { dataset, features };
}

test("images of a class are near each other, and a map is the same every time", () => {
  const map = mapFeatures(twoClasses(60))!;
  expect(map.images).toBe(60);
  expect(map.points).toHaveLength(60);
  const [ants, bees] = ["ant", "bee"].map((name) => map.points.filter(({ label }) => label === name));
  const mean = (points: typeof ants): [number, number] => [
    points!.reduce((sum, { x }) => sum + x, 0) / points!.length,
    points!.reduce((sum, { y }) => sum + y, 0) / points!.length,
  ];
  const distance = (a: readonly [number, number], b: readonly [number, number]): number =>
    Math.hypot(a[0] - b[0], a[1] - b[1]);
  const [antMean, beeMean] = [mean(ants), mean(bees)];
  for (const { x, y } of ants!) expect(distance([x, y], antMean)).toBeLessThan(distance([x, y], beeMean));
  for (const { x, y } of bees!) expect(distance([x, y], beeMean)).toBeLessThan(distance([x, y], antMean));
  for (const { x, y } of map.points)
    for (const value of [x, y]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  expect(mapFeatures(twoClasses(60))).toEqual(map);
});

test("too few images make no map", () => {
  expect(mapFeatures(twoClasses(9))).toBeNull();
});

test("of many images, as many of each class as it has, spread over them", () => {
  const labels = Int32Array.from([0, 0, 0, 0, 0, 0, 1, 1, 2]);
  expect(spreadOverClasses(labels, 3, 5)).toEqual([0, 3, 6, 7, 8]);
  expect(spreadOverClasses(labels, 3, 100)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(spreadOverClasses(labels, 3, 3)).toEqual([0, 6, 8]);
});
