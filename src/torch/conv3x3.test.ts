/** The CPU kernels of the 3x3 convolution against float64, and what they must not take on. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { errors, expectAccurate } from "./against-float64.fixture.js";
import { useOwnKernels } from "./own-kernels.fixture.js";
import { grad, noGrad } from "./autograd.js";
import { conv2d, conv3x3 } from "./operators.generated.js";
import { Rng } from "./random.js";
import { keep, memory, scope } from "./scope.js";
import { autocast, getKernels, setKernels, setThreads } from "./settings.js";
import type { Tensor } from "./tensor.js";

interface Shape {
  images: number;
  height: number;
  width: number;
  inputs: number;
  outputs: number;
}

const rng = new Rng(11);
useOwnKernels();

/** Images as a ReLU leaves them, weights as they are drawn, and a gradient of the output. */
function draw({ images, height, width, inputs, outputs }: Shape): Record<"x" | "weight" | "dy", Tensor> {
  const channelsLast = { memoryFormat: "channels_last" } as const;
  const deviation = Math.sqrt(2 / (9 * inputs));
  return {
    x: rng.normal([images, inputs, height, width]).relu().to(channelsLast),
    weight: rng.normal([outputs, inputs, 3, 3], { std: deviation }).to(channelsLast),
    dy: rng.normal([images, outputs, height, width]).to(channelsLast),
  };
}

type Convolve = (x: Tensor, weight: Tensor) => Tensor;
const direct: Convolve = (x, weight) => conv2d(x, weight, { padding: [1, 1] });

/** Output and both gradients. */
function differentiate(
  convolve: Convolve,
  { x, weight, dy }: Record<"x" | "weight" | "dy", Tensor>,
): Tensor[] {
  using _ = scope();
  const inputs = [x, weight].map((tensor) => tensor.detach().setRequiresGrad());
  const y = convolve(inputs[0]!, inputs[1]!);
  return keep([y.detach(), ...grad([y], inputs, { gradients: [dy] }).map((found) => found!)]);
}

function exact(drawn: Record<"x" | "weight" | "dy", Tensor>): Tensor[] {
  const double = (tensor: Tensor): Tensor => tensor.to({ dtype: "float64" });
  return differentiate(direct, { x: double(drawn.x), weight: double(drawn.weight), dy: double(drawn.dy) });
}

const eights = (most: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: most / 8 }).map((n) => 8 * n);
const shapes: fc.Arbitrary<Shape> = fc.record({
  images: fc.integer({ min: 1, max: 5 }),
  height: fc.integer({ min: 1, max: 40 }),
  width: fc.integer({ min: 1, max: 40 }),
  inputs: eights(64),
  outputs: eights(64),
});

describe("against float64", () => {
  const names = ["output", "input's gradient", "weight's gradient"];
  const check = (shape: Shape): void => {
    using _ = scope();
    const drawn = draw(shape);
    const expected = exact(drawn);
    differentiate(conv3x3, drawn).forEach((found, index) => {
      expectAccurate(found, expected[index]!, names[index]!);
      expect(found.isChannelsLast, names[index]).toBe(true);
    });
  };

  test("any shape with channels in eights", () => {
    fc.assert(fc.property(shapes, check), { numRuns: 25, seed: 5 });
  });

  test.each([
    { images: 1, height: 1, width: 1, inputs: 8, outputs: 8 },
    { images: 2, height: 5, width: 150, inputs: 8, outputs: 24 }, // rows longer than a block of tiles
    { images: 3, height: 4, width: 4, inputs: 128, outputs: 40 },
    { images: 64, height: 8, width: 8, inputs: 64, outputs: 64 },
  ])("$images x $inputs x $height x $width to $outputs", check);
});

const usual: Shape = { images: 3, height: 13, width: 9, inputs: 16, outputs: 32 };

test("the kernels differ from libtorch's, by little", () => {
  using _ = scope();
  const { x, weight } = draw(usual);
  const own = conv3x3(x, weight);
  expect(own.equal(direct(x, weight))).toBe(false); // else this file would test libtorch
  expect(own.allclose(direct(x, weight), { rtol: 1e-4, atol: 1e-5 })).toBe(true);
});

test.each([1, 2, 3])("%i threads give the same bits each time", (count) => {
  using _ = scope();
  setThreads(count);
  const drawn = draw(usual);
  const first = differentiate(conv3x3, drawn);
  differentiate(conv3x3, drawn).forEach((again, index) => expect(again.equal(first[index]!)).toBe(true));
  setThreads(2);
});

test("without gradients nothing is recorded", () => {
  using _scope = scope();
  const { x, weight } = draw(usual);
  weight.setRequiresGrad();
  const recorded = conv3x3(x, weight);
  expect(recorded.requiresGrad).toBe(true);
  using _noGrad = noGrad();
  const y = conv3x3(x, weight);
  expect(y.requiresGrad).toBe(false);
  expect(y.equal(recorded)).toBe(true);
});

test("only the gradients that are asked for are computed", () => {
  using _ = scope();
  const drawn = draw(usual);
  const all = differentiate(conv3x3, drawn);
  const weight = drawn.weight.detach().setRequiresGrad();
  const [ofWeight] = grad([conv3x3(drawn.x, weight)], [weight], { gradients: [drawn.dy] });
  expect(ofWeight!.equal(all[2]!)).toBe(true);
  const x = drawn.x.detach().setRequiresGrad();
  const [ofInput] = grad([conv3x3(x, drawn.weight)], [x], { gradients: [drawn.dy] });
  expect(ofInput!.equal(all[1]!)).toBe(true);
});

test("gradients of any layout are taken, such as those of a sum", () => {
  using _ = scope();
  const { x, weight } = draw(usual);
  weight.setRequiresGrad();
  conv3x3(x, weight).sum().backward();
  const expected = weight.detach().clone().setRequiresGrad();
  direct(x, expected).sum().backward();
  expect(weight.grad!.allclose(expected.grad!, { rtol: 1e-3, atol: 1e-3 })).toBe(true);
});

test("a gradient can be differentiated again", () => {
  using _ = scope();
  const { x, weight } = draw({ ...usual, inputs: 8, outputs: 8 });
  const second = (convolve: Convolve): Tensor => {
    const w = weight.detach().clone().setRequiresGrad();
    const [first] = grad([convolve(x, w).pow(2).sum()], [w], { createGraph: true });
    return grad([first!.pow(2).sum()], [w])[0]!;
  };
  const [found, expected] = [second(conv3x3), second(direct)];
  expect(errors(found, expected.to({ dtype: "float64" })).relative).toBeLessThan(1e-4);
});

describe("libtorch computes", () => {
  const cases: Record<string, (drawn: Record<"x" | "weight", Tensor>) => [Tensor, Tensor]> = {
    doubles: ({ x, weight }) => [x.to({ dtype: "float64" }), weight.to({ dtype: "float64" })],
    "contiguous images": ({ x, weight }) => [x.to({ memoryFormat: "contiguous" }), weight],
    "images of which a view skips pixels": ({ x, weight }) => [x.slice({ dim: 3, step: 2 }), weight],
    "other numbers of channels": ({ x, weight }) => [
      x.slice({ dim: 1, end: 12 }).to({ memoryFormat: "channels_last" }),
      weight.slice({ dim: 1, end: 12 }),
    ],
  };
  test.each(Object.entries(cases))("%s", (_name, change) => {
    using _ = scope();
    const [x, weight] = change(draw(usual));
    expect(conv3x3(x, weight).equal(direct(x, weight))).toBe(true);
  });

  test("no images", () => {
    using _ = scope();
    const { x, weight } = draw(usual);
    expect(conv3x3(x.slice({ dim: 0, end: 0 }), weight).shape).toEqual([0, 32, 13, 9]);
  });

  test("lower precision", () => {
    using _scope = scope();
    using _autocast = autocast("bfloat16");
    const { x, weight } = draw(usual);
    expect(conv3x3(x, weight).dtype).toBe("bfloat16");
  });

  test("everything where the setting says so", () => {
    using _ = scope();
    const { x, weight } = draw(usual);
    setKernels("libtorch");
    expect(getKernels()).toBe("libtorch");
    expect(conv3x3(x, weight).equal(direct(x, weight))).toBe(true);
    setKernels("always");
  });
});

test("weights that do not fit are libtorch's error", () => {
  using _ = scope();
  const { x, weight } = draw(usual);
  expect(() => conv3x3(x, weight.slice({ dim: 1, end: 8 }))).toThrow(
    /conv3x3: .*expected input.* to have 8 channels/,
  );
  expect(() => setKernels("fastest" as "own")).toThrowErrorMatchingInlineSnapshot(
    `[TypeError: kernels: expected own, libtorch or always, received fastest]`,
  );
});

test("steps leave no tensor behind", () => {
  const step = (): void => {
    using _ = scope();
    differentiate(conv3x3, draw(usual));
  };
  step();
  const before = memory();
  for (let i = 0; i < 5; i += 1) step();
  expect(memory()).toEqual(before);
});
