/** Mixed batches of the loader. */
import { expect, test } from "vitest";
import { memory, scope } from "../../torch/scope.js";
import { Loader, type LoaderOptions } from "./loader.js";
import { packedDataset, plainOptions } from "../testing.fixture.js";
import type { Mix } from "./mix.js";

/** Image n is a plain gray of n. */
const dataset = packedDataset(8, 4, (image) => image);
const options = (mix: Mix | null): LoaderOptions => ({ ...plainOptions(dataset, 4), mix });

interface Copy {
  readonly images: number[];
  readonly labels: number[];
  readonly others: number[] | undefined;
  readonly share: number | undefined;
}

function collect(mix: Mix | null, { epoch = 0, fromStep = 0, workers = 2 } = {}): Copy[] {
  using loader = new Loader({ ...options(mix), workers });
  using _ = scope();
  return Array.from(loader.epoch(epoch, { fromStep }), ({ images, labels, mixed }) => ({
    images: images.mul(255).toList(),
    labels: labels.toList(),
    others: mixed?.labels.toList(),
    share: mixed?.share,
  }));
}

test("each image is a sum of two of its batch, and has the labels of both", () => {
  for (const [step, { images, labels, others, share }] of collect({
    kind: "mixup",
    alpha: 1,
    p: 1,
  }).entries()) {
    labels.forEach((_, i) => {
      const own = 4 * step + i;
      const other = (images[48 * i]! - share! * own) / (1 - share!);
      expect(Math.abs(other - Math.round(other))).toBeLessThan(1e-2);
      expect(Math.floor(Math.round(other) / 4)).toBe(step);
      expect(others![i]).toBe(Math.round(other) % 2); // as packedDataset labels it
      for (const value of images.slice(48 * i, 48 * (i + 1))) expect(value).toBeCloseTo(images[48 * i]!, 3);
    });
  }
});

test("a box's pixels are the other image's, as many as its share says", () => {
  for (const [step, { images, others, share }] of collect({ kind: "cutmix", alpha: 1, p: 1 }).entries()) {
    for (let i = 0; i < 4; i++) {
      const values = images.slice(48 * i, 48 * (i + 1)).map(Math.round);
      const foreign = values.filter((value) => value !== 4 * step + i);
      expect([0, (1 - share!) * 48]).toContain(foreign.length); // 0: the image is its own partner
      if (foreign.length > 0) expect(others![i]).toBe(foreign[0]! % 2);
    }
  }
});

test("nothing else changes, and unmixed batches say so", () => {
  const plain = collect(null);
  expect(plain.map(({ others, share }) => [others, share])).toEqual([
    [undefined, undefined],
    [undefined, undefined],
  ]);
  expect(collect({ kind: "mixup", alpha: 1, p: 0 })).toEqual(plain);
  expect(collect({ kind: "mixup", alpha: 1, p: 1 }).map(({ labels }) => labels)).toEqual(
    plain.map(({ labels }) => labels),
  );
});

test("an epoch goes on as if it had not stopped, whatever the threads; epochs differ", () => {
  const mix: Mix = { kind: "cutmix", alpha: 1, p: 1 };
  const whole = collect(mix, { epoch: 2 });
  expect(collect(mix, { epoch: 2, fromStep: 1, workers: 1 })).toEqual(whole.slice(1));
  expect(collect(mix).map(({ share }) => share)).not.toEqual(whole.map(({ share }) => share));
});

test("no tensor is left behind", () => {
  const before = memory();
  collect({ kind: "mixup", alpha: 1, p: 1 });
  collect({ kind: "cutmix", alpha: 1, p: 1 });
  expect(memory()).toEqual(before);
});
