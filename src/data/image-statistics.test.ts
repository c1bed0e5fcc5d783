import { expect, it } from "vitest";
import { imageStatistics, quantiles } from "./image-statistics.js";

it("quantiles are values of the list", () => {
  expect(quantiles(Array.from({ length: 101 }, (_, i) => 100 - i))).toEqual({
    min: 0,
    q05: 5,
    median: 50,
    q95: 95,
    max: 100,
  });
  expect(quantiles([7])).toEqual({ min: 7, q05: 7, median: 7, q95: 7, max: 7 });
  expect(quantiles([])).toBeNull();
});

it("what cannot be read does not count", () => {
  const image = { error: null, format: "jpeg", color: "rgb", width: 40, height: 30, bytes: 900 } as const;
  const statistics = imageStatistics([
    { ...image, format: "png", color: "gray" },
    image,
    image,
    { ...image, error: "broken", width: 0 },
  ]);
  expect(statistics).toMatchObject({ images: 3, formats: { jpeg: 2, png: 1 }, colors: { rgb: 2, gray: 1 } });
  expect(Object.keys(statistics.formats)).toEqual(["jpeg", "png"]);
  expect([statistics.width?.min, statistics.shorterSide?.max]).toEqual([40, 30]);
});
