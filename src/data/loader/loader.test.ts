import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { TransformSpec } from "../../recipes/schema.js";
import { DataError } from "../../support/errors.js";
import { dispose, memory, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { decodeImages, type DecodeOptions } from "./decode.js";
import { Loader, type Batch, type LoaderOptions } from "./loader.js";
import { openImageFolder } from "../formats/image-folder.js";
import { instanceSampler } from "../samplers/sampler.js";
import {
  fixturePath,
  jpeg,
  packedDataset,
  plainOptions,
  png,
  temporaryFolder,
  writeFiles,
} from "../testing.fixture.js";

const AUGMENT: TransformSpec[] = [
  { kind: "random-crop", size: 8, padding: 2 },
  { kind: "horizontal-flip", p: 0.5 },
];
const bytes = packedDataset(22, 8, (image, byte) => (image * 37 + byte * 11) % 256);

/** Every batch of an epoch, copied out. */
function collect(
  options: LoaderOptions,
  epoch = 0,
  fromStep = 0,
): { images: number[]; labels: bigint[]; indices: number[] }[] {
  using loader = new Loader(options);
  using _ = scope();
  return Array.from(loader.epoch(epoch, { fromStep }), ({ images, labels, indices }) => ({
    images: images.toList(),
    labels: [...(labels.toArray() as BigInt64Array)],
    indices: [...indices],
  }));
}

describe("a batch", () => {
  it("is normalized as plain arithmetic does", () => {
    const mean = [0.1, 0.2, 0.3] as const;
    const std = [0.5, 0.4, 0.3] as const;
    for (const memoryFormat of ["channels_last", "contiguous"] as const) {
      using loader = new Loader({ ...plainOptions(bytes, 8), mean, std, memoryFormat });
      using _ = scope();
      const [batch] = loader.epoch(0);
      expect(batch?.images.shape).toEqual([4, 3, 8, 8]);
      expect(batch?.images.dtype).toBe("float32");
      expect(batch?.images.isChannelsLast).toBe(memoryFormat === "channels_last");
      batch?.images.toList().forEach((value, i) => {
        const channel = Math.floor(i / 64) % 3;
        const byte = (Math.floor(i / 192) * 37 + (i % 192) * 11) % 256;
        expect(value).toBeCloseTo((byte / 255 - mean[channel]!) / std[channel]!, 5);
      });
      expect(batch?.labels.toArray()).toEqual(BigInt64Array.of(0n, 1n, 0n, 1n));
      expect(batch?.labels.dtype).toBe("int64");
    }
  });

  it("lies on the device that was asked for", () => {
    using loader = new Loader({ ...plainOptions(bytes, 8), device: "meta" });
    using _ = scope();
    const [batch] = loader.epoch(0);
    expect([batch?.images.device, batch?.labels.device]).toEqual(["meta", "meta"]);
    expect([batch?.images.dtype, batch?.images.shape]).toEqual(["float32", [4, 3, 8, 8]]);
  });

  it("counts and sizes follow dropLast", () => {
    const sizes = (dropLast: boolean): number[] =>
      collect({ ...plainOptions(bytes, 8), dropLast }).map(({ indices }) => indices.length);
    expect(sizes(false)).toEqual([4, 4, 4, 4, 4, 2]);
    expect(sizes(true)).toEqual([4, 4, 4, 4, 4]);
    expect(
      () => new Loader({ ...plainOptions(bytes, 8), dropLast: true, batch: 23 }),
    ).toThrowErrorMatchingInlineSnapshot(
      `[DataError: memory: expected at least one batch of 23 images (dropLast leaves out a smaller one), found 22.]`,
    );
  });
});

describe("the stream of batches", () => {
  const shuffled: LoaderOptions = {
    ...plainOptions(bytes, 8),
    transforms: AUGMENT,
    sampler: instanceSampler({ size: 22, seed: 7 }),
    seed: 7,
  };

  it("is the same for 1, 2 and 8 threads", () => {
    const one = collect({ ...shuffled, workers: 1 });
    expect(collect({ ...shuffled, workers: 2 })).toEqual(one);
    expect(collect({ ...shuffled, workers: 8 })).toEqual(one);
    expect(one.flatMap(({ indices }) => indices).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 22 }, (_, i) => i),
    );
  });

  it("differs between epochs and seeds", () => {
    const first = collect(shuffled);
    expect(collect(shuffled, 1)).not.toEqual(first);
    expect(collect({ ...shuffled, seed: 8 })).not.toEqual(first);
    expect(collect({ ...shuffled, sampler: instanceSampler({ size: 22, seed: 8 }) })).not.toEqual(first);
  });

  it("goes on in the middle of an epoch as if it had not stopped", () => {
    expect(collect(shuffled, 3, 4)).toEqual(collect(shuffled, 3).slice(4));
    expect(collect(shuffled, 3, 6)).toEqual([]);
  });

  it("is the same whether one loader runs two epochs or two run one each", () => {
    using loader = new Loader(shuffled);
    const epoch = (n: number): number[][] => {
      using _ = scope();
      return Array.from(loader.epoch(n), ({ images }) => images.toList());
    };
    expect([epoch(0), epoch(1)]).toEqual([0, 1].map((n) => collect(shuffled, n).map(({ images }) => images)));
  });
});

describe("several views of an image", () => {
  const single: LoaderOptions = {
    ...plainOptions(bytes, 8),
    transforms: AUGMENT,
    sampler: instanceSampler({ size: 22, seed: 7 }),
    seed: 7,
  };
  const flipped: TransformSpec[] = [{ kind: "horizontal-flip", p: 1 }];
  const perView = 3 * 8 * 8;

  it("lie one after the other; the first is the batch of a loader without further views", () => {
    const one = collect(single);
    const many = collect({ ...single, moreViews: [AUGMENT, AUGMENT] });
    many.forEach(({ images, labels, indices }, at) => {
      const { length } = indices;
      expect({ labels, indices }).toEqual({ labels: one[at]!.labels, indices: one[at]!.indices });
      expect(images).toHaveLength(3 * length * perView);
      expect(images.slice(0, length * perView)).toEqual(one[at]!.images);
    });
  });

  it("differ in their random numbers, and may differ in their transforms", () => {
    const views = ({ images, indices }: { images: number[]; indices: number[] }): number[][] =>
      [0, 1, 2].map((view) =>
        images.slice(view * indices.length * perView).slice(0, indices.length * perView),
      );
    const [batch] = collect({ ...single, moreViews: [AUGMENT, AUGMENT] });
    const [first, second, third] = views(batch!);
    expect(first).not.toEqual(second);
    expect(second).not.toEqual(third);

    const [plain] = collect({ ...single, transforms: [], moreViews: [flipped, []] });
    const [original, mirrored, again] = views(plain!);
    expect(again).toEqual(original);
    const mirror = (values: number[]): number[] => values.map((_, i) => values[i - (i % 8) + (7 - (i % 8))]!);
    expect(mirrored).toEqual(mirror(original!));
  });

  it("are the same for 1, 2 and 8 threads", () => {
    const options = { ...single, moreViews: [AUGMENT, flipped] };
    const one = collect({ ...options, workers: 1 });
    expect(collect({ ...options, workers: 2 })).toEqual(one);
    expect(collect({ ...options, workers: 8 })).toEqual(one);
  });
});

describe("a loader's life", () => {
  it("stops after break and goes on with another epoch", () => {
    using loader = new Loader({ ...plainOptions(bytes, 8), batch: 2 });
    using _ = scope();
    for (const { indices } of loader.epoch(0)) if (indices[0] === 2) break;
    expect([...loader.epoch(1)].length).toBe(11);
    const older = loader.epoch(2);
    older.next();
    loader.epoch(3).next();
    expect(() => older.next()).toThrowErrorMatchingInlineSnapshot(
      `[Error: Loader: this epoch was ended by a newer one or by dispose()]`,
    );
  });

  it("waits for a batch while the event loop runs, and no longer than the signal", async () => {
    using folder = temporaryFolder();
    const slow = png(6000, 6000);
    writeFiles(folder.path, { "train/a/1.png": slow, "train/a/2.png": slow, "train/b/1.png": slow });
    const dataset = openImageFolder({ root: folder.path, strict: true }, "train");
    const resize = [{ kind: "resize-exact", interpolation: "bilinear", height: 8, width: 8 }] as const;
    using loader = new Loader({ ...plainOptions(dataset, 8), transforms: [...resize], workers: 1 });
    const controller = new AbortController();
    const batches = loader.epoch(0);
    controller.abort();
    await loader.ready(controller.signal);
    await loader.ready();
    using _ = scope();
    expect(batches.next().value?.indices).toHaveLength(3);
    batches.return();
    await loader.ready(); // there is no further batch: nothing to wait for
  });

  it("leaves no tensor behind", () => {
    const before = memory();
    {
      using loader = new Loader(plainOptions(bytes, 8));
      for (let epoch = 0; epoch < 3; epoch++) {
        const batches: Iterator<Batch> = loader.epoch(epoch);
        const live: number[] = [];
        for (;;) {
          using _ = scope();
          if (batches.next().done) break;
          live.push(memory().live);
        }
        expect(new Set(live).size).toBe(1);
      }
    }
    expect(memory()).toEqual(before);
  });

  it("cannot be used once disposed of", () => {
    const loader = new Loader(plainOptions(bytes, 8));
    const batches = loader.epoch(0);
    using _ = scope();
    batches.next();
    loader[Symbol.dispose]();
    loader[Symbol.dispose]();
    expect(() => batches.next()).toThrowError("this epoch was ended");
    expect(() => loader.epoch(1).next()).toThrowError("the loader was closed");
  });
});

describe("image files", () => {
  const SIZE: TransformSpec[] = [{ kind: "resize-exact", interpolation: "bilinear", height: 6, width: 6 }];

  function folderData(path: string, files: Record<string, Uint8Array | string>): LoaderOptions {
    writeFiles(path, files);
    const dataset = openImageFolder({ root: path, strict: true }, "train");
    return { ...plainOptions(dataset, 6), transforms: SIZE };
  }

  it("are decoded, whatever their format", () => {
    using folder = temporaryFolder();
    const red = png(9, 7, { value: (_y, _x, channel) => (channel === 0 ? 255 : 0) });
    const [batch] = collect(folderData(folder.path, { "train/a/1.png": red, "train/b/1.jpg": jpeg() }));
    expect(batch?.labels).toEqual([0n, 1n]);
    expect(batch?.images.slice(0, 108)).toEqual([
      ...new Array<number>(36).fill(1),
      ...new Array<number>(72).fill(0),
    ]);
  });

  it.each([1, 4])("that cannot be read are named: the first one in order, for %i threads", (workers) => {
    using folder = temporaryFolder();
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`train/a/${i + 10}.jpg`, jpeg()]));
    const options = { ...folderData(folder.path, files), batch: 30, workers };
    writeFileSync(join(folder.path, "train/a/45.jpg"), jpeg().subarray(0, 300));
    writeFileSync(join(folder.path, "train/a/48.jpg"), "no image");
    using loader = new Loader(options);
    using _ = scope();
    const batches = loader.epoch(0);
    expect(batches.next().done).toBe(false);
    expect(() => batches.next()).toThrowError(`${folder.path}/train/a/45.jpg: cannot be decoded`);
    expect(batches.next().done).toBe(true);
    writeFileSync(join(folder.path, "train/a/45.jpg"), jpeg());
    expect(() => [...loader.epoch(1)]).toThrowError(DataError);
    expect(() => [...loader.epoch(1)]).toThrowError(
      "48.jpg: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found text",
    );
  });

  it.each([
    [[], "after its transforms expected 6 x 6 (height x width), found 8 x 12 (height x width)"],
    [
      [{ kind: "center-crop", size: 10 }],
      "center-crop: expected at least 10 x 10 (height x width), found 8 x 12 (height x width)",
    ],
  ] as [TransformSpec[], string][])("that transforms do not suit: %j", (transforms, found) => {
    using folder = temporaryFolder();
    const image = readFileSync(fixturePath("rgb.jpg"));
    using loader = new Loader({ ...folderData(folder.path, { "train/a/1.jpg": image }), transforms });
    const remedy =
      "(data.train and data.test have to bring every image to data.imageSize: a resize and a crop do)";
    expect(() => [...loader.epoch(0)]).toThrowError(
      new DataError(`${folder.path}/train/a/1.jpg: ${found} ${remedy}`),
    );
  });

  const decodeFiles = (paths: string[], options: DecodeOptions): Promise<Tensor> =>
    decodeImages({ kind: "files", paths }, paths.length, options);

  it("must come out of the transforms with the network's size", async () => {
    const paths = [fixturePath("rgb.jpg")];
    const options = { ...plainOptions(bytes, 6), transforms: [] };
    await expect(decodeFiles(paths, options)).rejects.toThrowError(
      "rgb.jpg: after its transforms expected 6 x 6 (height x width), found 8 x 12 (height x width)",
    );
    const crop: TransformSpec[] = [{ kind: "center-crop", size: 10 }];
    await expect(decodeFiles(paths, { ...options, transforms: crop })).rejects.toThrowError(
      "rgb.jpg: center-crop: expected at least",
    );
  });

  it("of a prediction become one batch", async () => {
    const options = { ...plainOptions(bytes, 6), transforms: SIZE };
    const paths = [fixturePath("rgb.jpg"), fixturePath("grey.png")];
    const images = await decodeFiles(paths, options);
    expect(images.shape).toEqual([2, 3, 6, 6]);
    const one = await decodeFiles(paths.slice(1), options);
    expect(images.toList().slice(108)).toEqual(one.toList());
    dispose(images, one);
    await expect(decodeFiles(["/no/such.jpg"], options)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: /no/such.jpg: cannot be read: No such file or directory]`,
    );
  });
});

describe("a crop that grows over the epochs", () => {
  const grows: TransformSpec = {
    kind: "random-resized-crop",
    size: 8,
    scale: [0.1, 1],
    ratio: [1, 1],
    interpolation: "bilinear",
    grows: true,
  };
  const options = { ...plainOptions(bytes, 8), transforms: [grows], firstEpoch: 2, epochs: 3 };

  it("is the whole image in the last epoch", () => {
    const whole = collect({ ...options, transforms: [] }, 4);
    expect(collect(options, 4)).toEqual(whole);
    expect(collect(options, 3)).not.toEqual(collect({ ...options, transforms: [] }, 3));
  });

  it("is the same whether the epochs before it were seen or not", () => {
    using loader = new Loader(options);
    using _ = scope();
    const epochs = [2, 3, 4].map((epoch) => Array.from(loader.epoch(epoch), ({ images }) => images.toList()));
    const alone = [2, 3, 4].map((epoch) => collect(options, epoch).map(({ images }) => images));
    expect(epochs).toEqual(alone);
  });
});
