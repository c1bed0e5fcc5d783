import fc from "fast-check";
import { expect, it } from "vitest";
import { planEpoch } from "./epoch-plan.js";
import { buildSampler } from "../samplers/registry.js";

const labels = Int32Array.from({ length: 53 }, (_, image) => (image < 40 ? 0 : 1));
const dataset = { labels, classes: ["many", "few"] };
const sampler = buildSampler({ kind: "class-balanced" }, { dataset, seed: 1, epochs: 1 });

it("the pieces of any number of processes are, end to end, the batches of one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 4 }), (worldSize, from) => {
      const common = { sampler, epoch: 2, images: 53, batch: 10, steps: { from, to: 6 } };
      const alone = planEpoch({ ...common, shard: { rank: 0, worldSize: 1 } });
      const shared = Array.from({ length: worldSize }, (_, rank) =>
        planEpoch({ ...common, shard: { rank, worldSize } }),
      );
      alone.pieces.forEach((batch, step) => {
        expect(shared.flatMap(({ pieces }) => [...pieces[step]!])).toEqual([...batch]);
      });
      const drawsOf = ({ images, counts }: typeof alone): string[] =>
        Array.from(images, (image, i) => `${image} ${counts[i]}`);
      expect(shared.flatMap(drawsOf).sort()).toEqual(drawsOf(alone).sort());
      expect(new Set(drawsOf(alone)).size).toBe(53 - 10 * from); // no draw comes twice
    }),
  );
});
