/** The stream of batches for every sampler and transform: threads, processes and restarts change no byte. */
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../recipes/schema.js";
import { scope } from "../../torch/scope.js";
import { Loader, type LoaderOptions } from "./loader.js";
import { buildSampler, type SamplerSpec } from "../samplers/registry.js";
import { packedDataset, plainOptions } from "../testing.fixture.js";

const SIDE = 8;
const IMAGES = 30;
const PER_IMAGE = 3 * SIDE * SIDE;
const AUGMENT: TransformSpec[] = [
  { kind: "random-crop", size: SIDE, padding: 2 },
  { kind: "horizontal-flip", p: 0.5 },
];

/** A long tail of two classes: 27 images and 3. */
const dataset = {
  ...packedDataset(IMAGES, SIDE, (image, byte) => (image * 37 + byte * 11) % 256),
  labels: Int32Array.from({ length: IMAGES }, (_, image) => (image % 10 === 0 ? 1 : 0)),
};

function optionsFor(spec: SamplerSpec, changes: Partial<LoaderOptions> = {}): LoaderOptions {
  const sampler = buildSampler(spec, { dataset, seed: 7, epochs: 3 });
  return { ...plainOptions(dataset, SIDE), batch: 7, transforms: AUGMENT, sampler, seed: 7, ...changes };
}

interface Copied {
  images: Float32Array;
  indices: Int32Array;
}

function collect(options: LoaderOptions, epoch = 0, fromStep = 0): Copied[] {
  using loader = new Loader(options);
  using _ = scope();
  return Array.from(loader.epoch(epoch, { fromStep }), ({ images, indices }) => ({
    images: images.toArray() as Float32Array,
    indices,
  }));
}

const kinds: SamplerSpec[] = [
  { kind: "instance" },
  { kind: "class-balanced" },
  { kind: "square-root" },
  { kind: "fourth-root" },
  { kind: "progressive" },
  { kind: "repeat-factor", threshold: 0.5 },
];

describe.each(kinds)("the $kind sampler", (spec) => {
  it("goes on from any step as if it had not stopped", () => {
    const whole = collect(optionsFor(spec), 1);
    for (let step = 0; step <= whole.length; step++)
      expect(collect(optionsFor(spec), 1, step)).toEqual(whole.slice(step));
  });

  it.each([2, 3, 5])("gives %i processes, together, the batches of one", (worldSize) => {
    const views = { moreViews: [AUGMENT] };
    const alone = collect(optionsFor(spec, views));
    const shared = Array.from({ length: worldSize }, (_, rank) =>
      collect(optionsFor(spec, { ...views, shard: { rank, worldSize } })),
    );
    expect(shared.map(({ length }) => length)).toEqual(shared.map(() => alone.length));
    alone.forEach(({ images, indices }, step) => {
      const pieces = shared.map((batches) => batches[step]!);
      expect(pieces.flatMap((piece) => [...piece.indices])).toEqual([...indices]);
      const ofView = (view: number): number[] =>
        pieces.flatMap((piece) => {
          const size = piece.indices.length * PER_IMAGE;
          return [...piece.images.subarray(view * size, (view + 1) * size)];
        });
      expect(Float32Array.from([...ofView(0), ...ofView(1)])).toEqual(images);
    });
  });
});

describe("an image that comes several times in an epoch", () => {
  it("is augmented anew each time", () => {
    const seen = new Map<number, Set<string>>();
    const times = new Map<number, number>();
    for (const { images, indices } of collect(optionsFor({ kind: "class-balanced" })))
      indices.forEach((image, place) => {
        const bytes = images.subarray(place * PER_IMAGE, (place + 1) * PER_IMAGE).join();
        seen.set(image, (seen.get(image) ?? new Set()).add(bytes));
        times.set(image, (times.get(image) ?? 0) + 1);
      });
    const rare = [0, 10, 20].map((image) => [times.get(image), seen.get(image)?.size]);
    for (const [draws, different] of rare) {
      expect(draws).toBeGreaterThan(2);
      expect(different).toBeGreaterThan(draws! / 2); // of 50 crops and flips two may be the same
    }
  });

  it("has the augmentations of other samplers at its first draw", () => {
    const first = (spec: SamplerSpec): Map<number, string> => {
      const found = new Map<number, string>();
      for (const { images, indices } of collect(optionsFor(spec)))
        indices.forEach((image, place) => {
          if (!found.has(image))
            found.set(image, images.subarray(place * PER_IMAGE, (place + 1) * PER_IMAGE).join());
        });
      return found;
    };
    const once = first({ kind: "instance" });
    for (const [image, bytes] of first({ kind: "class-balanced" })) expect(bytes).toBe(once.get(image));
  });
});

/** One of every kind: another transform is added here. */
const EVERY: { [Kind in TransformSpec["kind"]]: Extract<TransformSpec, { kind: Kind }> } = {
  resize: { kind: "resize", interpolation: "bilinear", size: 11 },
  "resize-exact": { kind: "resize-exact", interpolation: "bilinear", height: 12, width: 9 },
  "center-crop": { kind: "center-crop", size: 7 },
  "corner-crop": { kind: "corner-crop", size: 7, corner: "bottom-left" },
  "random-crop": { kind: "random-crop", size: 7, padding: 2 },
  "horizontal-flip": { kind: "horizontal-flip", p: 0.5 },
  "random-resized-crop": {
    kind: "random-resized-crop",
    size: 6,
    scale: [0.08, 1],
    ratio: [3 / 4, 4 / 3],
    interpolation: "bilinear",
    grows: false,
  },
  "color-jitter": { kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
  grayscale: { kind: "grayscale", p: 0.5 },
  "gaussian-blur": { kind: "gaussian-blur", sigma: [0.1, 2], p: 0.5 },
  "auto-augment": { kind: "auto-augment", policy: "cifar10", fill: [128, 128, 128] },
  "rand-augment": {
    kind: "rand-augment",
    operations: 2,
    magnitude: 10,
    magnitudeStd: 0.5,
    p: 0.5,
    fill: [124, 116, 104],
  },
  "trivial-augment": { kind: "trivial-augment", fill: [0, 0, 0] },
  cutout: { kind: "cutout", size: 4, holes: 2 },
  operation: { kind: "operation", name: "rotate", value: 20, interpolation: "bilinear", fill: [0, 0, 0] },
};

describe("every transform", () => {
  const toSize: TransformSpec = {
    kind: "resize-exact",
    interpolation: "bilinear",
    height: SIDE,
    width: SIDE,
  };

  it.each(Object.values(EVERY))("$kind: two views are the same for 1, 2 and 8 threads", (transform) => {
    const batches = [1, 2, 8].map((workers) => {
      const transforms = [transform, toSize];
      const moreViews = [[...AUGMENT, transform, toSize]];
      return collect(optionsFor({ kind: "class-balanced" }, { transforms, moreViews, workers }));
    });
    expect(batches[1]).toEqual(batches[0]);
    expect(batches[2]).toEqual(batches[0]);
  });
});

describe("limits", () => {
  it("a batch has an image for every process", () => {
    expect(
      () => new Loader(optionsFor({ kind: "instance" }, { batch: 3, shard: { rank: 0, worldSize: 4 } })),
    ).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: data.batch: expected an image for each of the 4 processes, found 3.]`,
    );
  });

  it("an image has at most 255 views", () => {
    const views = (more: number): LoaderOptions =>
      optionsFor({ kind: "instance" }, { moreViews: new Array<TransformSpec[]>(more).fill([]) });
    expect(collect(views(254))[0]!.images).toHaveLength(7 * 255 * PER_IMAGE);
    expect(() => new Loader(views(255))).toThrowErrorMatchingInlineSnapshot(
      `[NativeError: Producer: expected 1 to 255 views, received 256]`,
    );
  });
});
