import { afterEach, expect, test } from "vitest";
import type { Tensor } from "../torch/tensor.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { tensor, zeros } from "../torch/create.js";
import { BatchNorm2d } from "./batch-norm.js";
import { Conv2d } from "./conv2d.js";
import { Layer } from "./module.js";

/** Layers one after the other, named "0", "1", …. */
class Sequential extends Layer {
  readonly #layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    super();
    this.#layers = layers.map((layer, index) => this.child(String(index), layer));
  }

  override forward(x: Tensor): Tensor {
    return this.#layers.reduce((value, layer) => layer.forward(value), x);
  }
}

const before = memory().live;
const small = (outChannels = 4): Sequential =>
  new Sequential([
    new Conv2d({ inChannels: 3, outChannels, kernel: 1, rng: new Rng(0) }),
    new Sequential([new BatchNorm2d({ channels: outChannels })]),
  ]);

afterEach(() => expect(memory().live).toBe(before));

test("names and order are PyTorch's", () => {
  const net = small();
  expect([...net.stateDict().keys()]).toMatchInlineSnapshot(`
    [
      "0.weight",
      "1.0.weight",
      "1.0.bias",
      "1.0.running_mean",
      "1.0.running_var",
      "1.0.num_batches_tracked",
    ]
  `);
  expect(net.namedParameters().map(([name]) => name)).toEqual(["0.weight", "1.0.weight", "1.0.bias"]);
  expect(net.namedBuffers().map(([name]) => name)).toEqual([
    "1.0.running_mean",
    "1.0.running_var",
    "1.0.num_batches_tracked",
  ]);
  expect(net.parameters().every((parameter) => parameter.requiresGrad)).toBe(true);
  net[Symbol.dispose]();
});

test("parameters outlive the scope that they are made in, until dispose", () => {
  let net: Sequential;
  {
    using _ = scope();
    net = small();
  }
  expect(net.parameters().every((parameter) => parameter.isAlive)).toBe(true);
  net[Symbol.dispose]();
  expect(net.parameters().some((parameter) => parameter.isAlive)).toBe(false);
});

test("train and eval reach every part", () => {
  const norm = new BatchNorm2d({ channels: 1 });
  const net = new Sequential([new Sequential([norm])]);
  expect(net.eval().training).toBe(false);
  expect(norm.training).toBe(false);
  net.train();
  expect(norm.training).toBe(true);
  net[Symbol.dispose]();
});

test("a state dictionary goes over into another module", () => {
  using _ = scope();
  const [a, b] = [small(), small()];
  a.parameters().forEach((parameter, index) => parameter.detach().fill_(index + 1));
  b.loadStateDict(a.stateDict());
  expect(b.parameters().map((parameter) => parameter.detach().max().item())).toEqual([1, 2, 3]);
  expect(b.parameters().every((parameter) => parameter.requiresGrad)).toBe(true);
  a[Symbol.dispose]();
  b[Symbol.dispose]();
});

test("a state dictionary of another architecture names the first tensor that differs, and nothing is copied", () => {
  using _ = scope();
  const net = small();
  const first = net.parameters()[0]!;
  const kept = first.toList();
  const state = (change: (state: Map<string, unknown>) => void): (() => void) => {
    const changed = new Map([...net.stateDict()].map(([name, value]) => [name, zeros(value.shape)]));
    change(changed);
    return () => net.loadStateDict(changed);
  };
  expect(state((s) => s.delete("1.0.bias"))).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: state dictionary: "1.0.bias": expected shape [4], found no such tensor]`,
  );
  expect(state((s) => s.set("1.0.weight", tensor([1, 2])))).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: state dictionary: "1.0.weight": expected shape [4], found [2]]`,
  );
  expect(state((s) => s.set("2.weight", tensor([1, 2])))).toThrowErrorMatchingInlineSnapshot(
    `[CheckpointError: state dictionary: "2.weight": expected no such tensor, found one]`,
  );
  expect(first.toList()).toEqual(kept);
  net[Symbol.dispose]();
});

test("to() converts in place: the same tensors, still leaves that want gradients; counters keep their type", () => {
  const net = small();
  const [weight, ...rest] = net.parameters();
  net.to({ dtype: "float64", memoryFormat: "channels_last" });
  expect(net.parameters()).toEqual([weight, ...rest]);
  expect(weight!.dtype).toBe("float64");
  expect(weight!.isChannelsLast).toBe(true);
  expect(weight!.isLeaf && weight!.requiresGrad).toBe(true);
  expect(net.stateDict().get("1.0.num_batches_tracked")!.dtype).toBe("int64");
  net[Symbol.dispose]();
});
