/** What a device does at a pipeline's end gives the images of a pipeline that the threads do alone, to the byte. */
import { expect, test } from "vitest";
import type { TransformSpec } from "../../recipes/schema.js";
import { memory, scope } from "../../torch/scope.js";
import { splitForDevice } from "./device-transforms.js";
import { Loader, type LoaderOptions } from "./loader.js";
import { openImageFolder } from "../formats/image-folder.js";
import { packedDataset, plainOptions, png, temporaryFolder, writeFiles } from "../testing.fixture.js";

const SIDE = 12;
const images = packedDataset(29, SIDE, (image, byte) => 1 + ((image * 37 + byte * 11) % 255)); // black is of transforms
const crop: TransformSpec = { kind: "random-crop", size: SIDE, padding: 4 };
const flip: TransformSpec = { kind: "horizontal-flip", p: 0.5 };
const cutout: TransformSpec = { kind: "cutout", size: 5, holes: 2 };
const policy: TransformSpec = { kind: "auto-augment", policy: "cifar10", fill: [128, 128, 128] };
const jitter: TransformSpec = {
  ...{ kind: "color-jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, p: 0.8 },
};
const options: LoaderOptions = { ...plainOptions(images, SIDE), seed: 3 };

/** Bytes of two epochs, the second one from its second batch on. */
function bytes(changes: Partial<LoaderOptions>): number[] {
  using loader = new Loader({ ...options, ...changes });
  const found: number[] = [];
  for (const [epoch, fromStep] of [[0, 0] as const, [1, 1] as const]) {
    for (const batches = loader.epoch(epoch, { fromStep }); ;) {
      using _ = scope();
      const next = batches.next();
      if (next.done) break;
      for (const value of next.value.images.toList()) found.push(Math.round(255 * value));
    }
  }
  return found;
}

function expectSame(changes: Partial<LoaderOptions>): void {
  const byThreads = bytes({ ...changes, augmentation: "threads" });
  expect(bytes({ ...changes, augmentation: "device" })).toEqual(byThreads);
  expect(byThreads).not.toEqual(bytes({ transforms: [] }));
}

test.each([
  ["crop and flip", [crop, flip]],
  ["crop, flip, Cutout", [crop, flip, cutout]],
  ["Cutout first", [cutout, flip, crop]],
  ["every one twice", [crop, cutout, flip, crop, flip, cutout]],
  ["the CIFAR recipes'", [crop, flip, policy, cutout]],
  ["flip after AutoAugment", [crop, policy, flip]],
  ["a square that is always cut, of even size", [{ kind: "cutout", size: 6, holes: 1 }]],
] satisfies [string, TransformSpec[]][])("%s", (_, transforms) => {
  expectSame({ transforms });
});

test("batches of one image, contiguous images, and another number of threads", () => {
  expectSame({ transforms: [crop, flip, cutout], batch: 1 });
  expectSame({ transforms: [crop, flip, cutout], memoryFormat: "contiguous", workers: 5 });
});

test("views that leave something, something else or nothing to the device", () => {
  expectSame({ transforms: [crop, flip], moreViews: [[crop, policy, cutout], [flip, jitter], [flip]] });
});

test("images of files", () => {
  using folder = temporaryFolder();
  const value = (y: number, x: number, channel: number): number => (y * 17 + x * 5 + channel * 80) % 256;
  const files = Array.from(
    { length: 6 },
    (_, i) => [`train/a/${i}.png`, png(14 + i, 16, { value })] as const,
  );
  writeFiles(folder.path, Object.fromEntries(files));
  const dataset = openImageFolder({ root: folder.path, strict: true }, "train");
  expectSame({ ...plainOptions(dataset, SIDE), transforms: [{ ...crop, padding: 0 }, flip, cutout] });
});

test("what is left to the device", () => {
  const split = (transforms: readonly TransformSpec[], imageSize = SIDE) =>
    splitForDevice(transforms, { dataset: images, imageSize });
  expect(split([crop, flip, cutout])).toEqual({ first: [], onDevice: [crop, flip, cutout] });
  expect(split([crop, flip, policy, cutout])).toEqual({ first: [crop, flip, policy], onDevice: [cutout] });
  expect(split([crop, flip, jitter])).toEqual({ first: [crop, flip, jitter], onDevice: [] });
  const smaller = { ...crop, size: 8 };
  expect(split([smaller, flip], 8)).toEqual({ first: [smaller], onDevice: [flip] });
});

test("nothing is left behind", () => {
  const run = (): number[] => bytes({ transforms: [crop, flip, cutout], augmentation: "device" });
  run();
  const before = memory();
  run();
  expect(memory()).toEqual(before);
});
