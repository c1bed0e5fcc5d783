import fc from "fast-check";
import { expect, test } from "vitest";
import { convNorm, convNormRelu6 } from "../nn/conv-norm.js";
import { BatchNorm2d } from "../nn/batch-norm.js";
import { Conv2d } from "../nn/conv2d.js";
import { noGrad } from "../torch/autograd.js";
import { conv2d } from "../torch/operators.generated.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { EFFICIENTNET_LITE_STAGES, EfficientNetLite } from "./efficientnet-lite.js";

const rng = new Rng(3);

test("features, parameters and names are the published network's", () => {
  using network = new EfficientNetLite({ rng });
  const state = network.stateDict();
  const values = [...state.values()].reduce((sum, { size }) => sum + size, 0);
  expect(network.features).toBe(1280);
  expect(state.size).toBe(294); // 296 with the classifier
  expect(values + 1280 * 1000 + 1000).toBe(4694073);
  expect(state.get("_blocks.0._depthwise_conv.weight")!.shape).toEqual([32, 1, 3, 3]);
  expect(state.get("_blocks.15._project_conv.weight")!.shape).toEqual([320, 1152, 1, 1]);
  expect(state.has("_blocks.0._expand_conv.weight")).toBe(false);
});

test("stages one after the other compute what the whole network does", () => {
  for (const cut of [1, 4, EFFICIENTNET_LITE_STAGES - 1]) {
    using _ = scope();
    using _noGrad = noGrad();
    using whole = new EfficientNetLite({ rng });
    using first = new EfficientNetLite({ rng, to: cut });
    using rest = new EfficientNetLite({ rng, from: cut });
    const state = whole.stateDict();
    for (const part of [first, rest]) for (const [name, own] of part.stateDict()) own.copy_(state.get(name)!);
    expect(new Set([...first.stateDict().keys(), ...rest.stateDict().keys()])).toEqual(new Set(state.keys()));
    const x = rng.normal([2, 3, 64, 48]);
    for (const network of [whole, first, rest]) network.eval();
    const [expected, found] = [whole.forward(x), rest.forward(first.forward(x))];
    expect(found.allclose(expected, { rtol: 1e-4, atol: 1e-3 })).toBe(true);
  }
});

test("SAME padding: zeros before and behind as TensorFlow counts them, for any size", () => {
  const side = fc.integer({ min: 3, max: 17 });
  const kernel = fc.constantFrom<3 | 5>(3, 5);
  fc.assert(
    fc.property(side, side, kernel, fc.constantFrom<1 | 2>(1, 2), (height, width, size, stride) => {
      using _ = scope();
      const layer = new Conv2d({
        inChannels: 4,
        outChannels: 4,
        groups: 4,
        kernel: size,
        stride,
        padding: "same",
        rng,
      });
      const x = rng.normal([2, 4, height, width]);
      // TensorFlow: the output has ⌈n / stride⌉ pixels; of the zeros that this takes, the smaller half comes before.
      const zeros = (n: number): [number, number] => {
        const all = Math.max(0, (Math.ceil(n / stride) - 1) * stride + size - n);
        return [Math.floor(all / 2), all - Math.floor(all / 2)];
      };
      const padded = x.constantPadNd([...zeros(width), ...zeros(height)]);
      const expected = conv2d(padded, layer.weight, { stride: [stride, stride], groups: 4 });
      expect(layer.forward(x).allclose(expected, { rtol: 1e-5, atol: 1e-5 })).toBe(true);
      layer[Symbol.dispose]();
    }),
    { numRuns: 40 },
  );
});

test.each([1, 8])(
  "folded into the convolution, norm and ReLU6 give what they give one by one: %i groups",
  (groups) => {
    for (const [kernel, stride] of [
      [1, 1],
      [3, 2],
      [5, 1],
    ] as const) {
      using _ = scope();
      using conv = new Conv2d({
        inChannels: 8,
        outChannels: 8,
        kernel,
        stride,
        groups,
        padding: "same",
        rng,
      });
      using norm = new BatchNorm2d({ channels: 8, eps: 1e-3 });
      norm.runningMean.copy_(rng.normal([8]));
      norm.runningVar.copy_(rng.uniform([8], { low: 0.0005, high: 0.01 }));
      norm.eval();
      const x = rng.normal([2, 8, 10, 12]).to({ memoryFormat: "channels_last" });
      const expected = norm.forward(conv.forward(x));
      const within = (): boolean[] => [
        convNormRelu6(x, conv, norm).allclose(expected.clamp({ min: 0, max: 6 }), { rtol: 1e-4, atol: 1e-3 }),
        convNorm(x, conv, norm).allclose(expected, { rtol: 1e-4, atol: 1e-3 }),
      ];
      expect(expected.clamp({ min: 0, max: 6 }).eq(6).sum().item()).toBeGreaterThan(0);
      expect(within()).toEqual([true, true]);
      using _noGrad = noGrad();
      expect(within()).toEqual([true, true]);
    }
  },
);

test("gradients reach every parameter", () => {
  using _ = scope();
  using network = new EfficientNetLite({ rng });
  network.train();
  const features = network.forward(rng.normal([4, 3, 64, 64]));
  features.mul(features).sum().backward();
  for (const [name, parameter] of network.namedParameters())
    expect(parameter.grad?.abs().sum().item() ?? 0, name).toBeGreaterThan(0);
});
