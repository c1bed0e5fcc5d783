import { expect, test } from "vitest";
import { resolveRecipe } from "./resolve.js";

const recipe = {
  name: "photos",
  epochs: 1,
  data: { kind: "image-folder" },
  method: { kind: "cross-entropy" },
  optimizer: { kind: "sgd", lr: 0.1 },
  schedule: { kind: "constant" },
};
const pretrained = { weights: "efficientnet-lite0" };

test("published weights bring their backbone and how they want images", () => {
  const { backbone, data } = resolveRecipe({ ...recipe, pretrained }, "a test");
  expect(backbone).toBe("efficientnet-lite0");
  expect(data.test).toEqual([
    { kind: "resize", size: 256, interpolation: "bicubic" },
    { kind: "center-crop", size: 224 },
  ]);
  expect(data.train).toEqual(data.test);
  expect(data.imageSize).toBe(224);
  expect(data.mean).toEqual([127 / 255, 127 / 255, 127 / 255]);
});

test("what a recipe says itself stays", () => {
  const train = [{ kind: "random-resized-crop", size: 224 }];
  const { data } = resolveRecipe({ ...recipe, pretrained, data: { kind: "image-folder", train } }, "a test");
  expect(data.train).toMatchObject(train);
  expect(data.test).toHaveLength(2);
});

test.each([
  ["neither", {}],
  ["both", { weights: "efficientnet-lite0", file: "a.pth" }],
])("weights and file: %s", (_which, given) => {
  const data = { kind: "image-folder", imageSize: 32 };
  expect(() => resolveRecipe({ ...recipe, backbone: "resnet8", data, pretrained: given }, "a test")).toThrow(
    "pretrained: expected either weights, a name of `longtail weights list`, or file",
  );
});

test("an unknown name", () => {
  const given = { weights: "efficientnet-lite" };
  expect(() => resolveRecipe({ ...recipe, pretrained: given }, "a test")).toThrow(
    /pretrained.weights: expected/,
  );
});
