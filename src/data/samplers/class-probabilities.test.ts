import { expect, test } from "vitest";
import { classShares } from "./class-probabilities.js";
import { buildSampler, type SamplerSpec } from "./registry.js";
const counts = [400, 80, 16, 4];
const labels = Int32Array.from(counts.flatMap((count, label) => Array<number>(count).fill(label)));
const classes = counts.map(String);

const specs: SamplerSpec[] = [
  ...(["instance", "class-balanced", "square-root", "fourth-root", "progressive"] as const).map((kind) => ({
    kind,
  })),
  { kind: "repeat-factor", threshold: null },
];

test.each(specs)("$kind: the shares of the classes that the last epoch draws", (spec) => {
  const epochs = 40;
  const sampler = buildSampler(spec, { dataset: { labels, classes }, seed: 1, epochs });
  const draws = Array.from(sampler.epoch(epochs - 1), (image) => labels[image]!);
  const shares = classShares(spec, counts);
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
  counts.forEach((_, label) => {
    const found = draws.filter((draw) => draw === label).length / draws.length;
    const deviation = Math.sqrt((shares[label]! * (1 - shares[label]!)) / draws.length);
    expect(Math.abs(found - shares[label]!), `class ${label}`).toBeLessThan(5 * deviation);
  });
});
