/** Pixel operations against Pillow 9.4, in the forms that the reference's augmentations call them. */
import { afterAll, describe, expect, it } from "vitest";
import { goldenJson, goldenTensors } from "../support/golden.js";
import type { TransformSpec } from "../../src/recipes/schema.js";
import { scope } from "../../src/torch/scope.js";
import { Tensor } from "../../src/torch/tensor.js";
import { vision } from "../../src/data/vision.js";

type Operation = Extract<TransformSpec, { kind: "operation" }>;

interface Entry {
  readonly key: string;
  readonly image: number;
  readonly family?: string;
  readonly op: string;
}

interface AutoAugmentEntry extends Entry {
  readonly magnitude: number;
  readonly sign: number;
}

interface RandAugmentEntry extends Entry {
  readonly interpolation: "bilinear" | "bicubic";
  readonly args: readonly number[];
}

const plain = { kind: "operation", value: 0, interpolation: "nearest" } as const;
const black: Operation["fill"] = [0, 0, 0];
const gray: Operation["fill"] = [128, 128, 128];

const fromAutoAugment: Record<string, (signed: number) => Partial<Operation> & Pick<Operation, "name">> = {
  shearX: (m) => ({ name: "shear-x", value: m, interpolation: "bicubic", fill: gray }),
  shearY: (m) => ({ name: "shear-y", value: m, interpolation: "bicubic", fill: gray }),
  translateX: (m) => ({ name: "translate-x", value: m, fill: gray }),
  translateY: (m) => ({ name: "translate-y", value: m, fill: gray }),
  rotate: (m) => ({ name: "rotate", value: m, fill: gray }),
  color: (m) => ({ name: "color", value: 1 + m }),
  contrast: (m) => ({ name: "contrast", value: 1 + m }),
  sharpness: (m) => ({ name: "sharpness", value: 1 + m }),
  brightness: (m) => ({ name: "brightness", value: 1 + m }),
  posterize: (m) => ({ name: "posterize", value: m }),
  solarize: (m) => ({ name: "solarize", value: m }),
  autocontrast: () => ({ name: "auto-contrast" }),
  equalize: () => ({ name: "equalize" }),
  invert: () => ({ name: "invert" }),
};

const fromRandAugment: Record<string, Operation["name"]> = {
  Identity: "identity",
  AutoContrast: "auto-contrast",
  Equalize: "equalize",
  Invert: "invert",
  Rotate: "rotate",
  PosterizeOriginal: "posterize",
  PosterizeResearch: "posterize",
  PosterizeTpu: "posterize",
  Solarize: "solarize",
  SolarizeAdd: "solarize-add",
  Color: "color",
  Contrast: "contrast",
  Brightness: "brightness",
  Sharpness: "sharpness",
  ShearX: "shear-x",
  ShearY: "shear-y",
  TranslateX: "translate-x-pixels",
  TranslateY: "translate-y-pixels",
  TranslateXRel: "translate-x",
  TranslateYRel: "translate-y",
};

function operationOf(entry: Entry): Operation {
  if (entry.family === "autoaugment") {
    const { magnitude, sign } = entry as AutoAugmentEntry;
    return { ...plain, fill: black, ...fromAutoAugment[entry.op]!(magnitude * sign) };
  }
  const { interpolation, args } = entry as RandAugmentEntry;
  return {
    ...plain,
    name: fromRandAugment[entry.op]!,
    value: args[0] ?? 0,
    interpolation,
    fill: [124, 116, 104],
  };
}

describe("operations equal Pillow's byte for byte", () => {
  const fixtures = scope();
  const { tensors } = goldenTensors("augment");
  afterAll(() => {
    fixtures[Symbol.dispose]();
  });
  const entries = (goldenJson("augment") as Entry[]).filter(
    ({ family }) => family === "autoaugment" || family === "randaugment",
  );

  it.each(entries)("$key", (entry) => {
    using _ = scope();
    const input = tensors.get(`${entry.image}.input`)!;
    const random = { seed: 0, epoch: 0, image: 0, view: 0 };
    const output = new Tensor(vision().transformImage(input.handle, [operationOf(entry)], random));
    const expected = tensors.get(entry.key)!;
    expect(output.shape).toEqual(expected.shape);
    const found = output.toArray();
    expect(expected.toArray().findIndex((value, i) => value !== found[i])).toBe(-1);
  });
});
