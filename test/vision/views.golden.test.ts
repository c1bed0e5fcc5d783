/** Color jitter, gray, blur, flip and crops against Pillow 9.4 and torchvision's use of it. */
import { afterAll, describe, expect, it } from "vitest";
import { goldenJson, goldenTensors } from "../support/golden.js";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

interface Entry {
  readonly key: string;
  readonly image: number;
  readonly family?: string;
  readonly op: string;
  readonly factor?: number;
  readonly sigma?: number;
  readonly top?: number;
  readonly left?: number;
  readonly height?: number;
  readonly width?: number;
  readonly size?: number;
  readonly resize?: number;
  readonly crop?: number;
}

const plain = { kind: "color-jitter", brightness: 0, contrast: 0, saturation: 0, hue: 0, p: 1 } as const;

/** What the entry asks for, without chance. A crop's window is cut out of the input by `inputOf`. */
function transformsOf({ op, factor = 0, sigma = 0, size = 0, resize = 0, crop = 0 }: Entry): TransformSpec[] {
  const always: [number, number] = [factor, factor];
  switch (op) {
    case "adjust_brightness":
      return [{ ...plain, brightness: always }];
    case "adjust_contrast":
      return [{ ...plain, contrast: always }];
    case "adjust_saturation":
      return [{ ...plain, saturation: always }];
    case "adjust_hue":
      return [{ ...plain, hue: always }];
    case "grayscale":
      return [{ kind: "grayscale", p: 1 }];
    case "gaussian_blur":
      return [{ kind: "gaussian-blur", sigma: [sigma, sigma], p: 1 }];
    case "hflip":
      return [{ kind: "horizontal-flip", p: 1 }];
    case "resized_crop":
      return [
        {
          kind: "random-resized-crop",
          size,
          scale: [1, 1],
          ratio: [0.01, 100],
          interpolation: "bilinear",
          grows: false,
        },
      ];
    case "resize_then_center_crop":
      return [
        { kind: "resize", interpolation: "bilinear", size: resize },
        { kind: "center-crop", size: crop },
      ];
    default:
      throw new Error(`no transform for ${op}`);
  }
}

function inputOf({ top, left, height = 0, width = 0 }: Entry, image: Tensor): Tensor {
  if (top === undefined || left === undefined) return image;
  return image.narrow(0, top, height).narrow(1, left, width).contiguous();
}

describe("transforms equal Pillow's byte for byte", () => {
  const fixtures = scope();
  const { tensors } = goldenTensors("augment");
  afterAll(() => {
    fixtures[Symbol.dispose]();
  });
  const families = ["color_jitter", "simclr", "geometry"];
  const entries = (goldenJson("augment") as Entry[]).filter(({ family = "" }) => families.includes(family));

  it.each(entries)("$key", (entry) => {
    using _ = scope();
    const input = inputOf(entry, tensors.get(`${entry.image}.input`)!);
    const random = { seed: 0, epoch: 0, image: 0, view: 0 };
    const output = new Tensor(vision().transformImage(input.handle, transformsOf(entry), random));
    const expected = tensors.get(entry.key)!;
    expect(output.shape).toEqual(expected.shape);
    const found = output.toArray();
    expect(expected.toArray().findIndex((value, i) => value !== found[i])).toBe(-1);
  });
});
