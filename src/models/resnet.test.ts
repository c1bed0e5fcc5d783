/** The networks for large images: torchvision's names and sizes, shapes, and a block by hand. */
import { expect, test } from "vitest";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { buildBackbone } from "./registry.js";
import { ResNet, BasicBlock, Bottleneck } from "./resnet.js";

const rng = new Rng(3);

// torchvision's totals (timm's for ResNeXt-101 32x4d) without `fc`'s 1000 · (features + 1); ResNet-10 is ResNet-18 less
// its four blocks that change no shape, 2 · 9c² + 4c each.
test.each([
  ["resnet10", 4_905_792, 512],
  ["resnet18", 11_689_512 - 513_000, 512],
  ["resnet50", 25_557_032 - 2_049_000, 2048],
  ["resnet101", 44_549_160 - 2_049_000, 2048],
  ["resnet152", 60_192_808 - 2_049_000, 2048],
  ["resnext50-32x4d", 25_028_904 - 2_049_000, 2048],
  ["resnext101-32x4d", 44_177_704 - 2_049_000, 2048],
] as const)("%s has the known number of parameters", (name, expected, features) => {
  const before = memory();
  const backbone = buildBackbone(name, { rng });
  expect(backbone.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(expected);
  expect(backbone.features).toBe(features);
  backbone[Symbol.dispose]();
  expect(memory()).toEqual(before);
});

test("parameters have torchvision's names, in its order", () => {
  const names = (block: "basic" | "bottleneck"): string[] => {
    const net = new ResNet({ block, blocks: [1, 1, 1, 1], rng });
    const found = net.namedParameters().map(([name]) => name);
    net[Symbol.dispose]();
    return found.filter((name) => /^(conv1|bn1|layer[12])/.test(name) && !name.endsWith(".bias"));
  };
  expect(names("basic")).toMatchInlineSnapshot(`
    [
      "conv1.weight",
      "bn1.weight",
      "layer1.0.conv1.weight",
      "layer1.0.bn1.weight",
      "layer1.0.conv2.weight",
      "layer1.0.bn2.weight",
      "layer2.0.conv1.weight",
      "layer2.0.bn1.weight",
      "layer2.0.conv2.weight",
      "layer2.0.bn2.weight",
      "layer2.0.downsample.0.weight",
      "layer2.0.downsample.1.weight",
    ]
  `);
  expect(names("bottleneck")).toMatchInlineSnapshot(`
    [
      "conv1.weight",
      "bn1.weight",
      "layer1.0.conv1.weight",
      "layer1.0.bn1.weight",
      "layer1.0.conv2.weight",
      "layer1.0.bn2.weight",
      "layer1.0.conv3.weight",
      "layer1.0.bn3.weight",
      "layer1.0.downsample.0.weight",
      "layer1.0.downsample.1.weight",
      "layer2.0.conv1.weight",
      "layer2.0.bn1.weight",
      "layer2.0.conv2.weight",
      "layer2.0.bn2.weight",
      "layer2.0.conv3.weight",
      "layer2.0.bn3.weight",
      "layer2.0.downsample.0.weight",
      "layer2.0.downsample.1.weight",
    ]
  `);
});

test.each(["resnet10", "resnext50-32x4d"] as const)(
  "%s gives features of any image size, and gradients to every parameter",
  (name) => {
    using _ = scope();
    const net = buildBackbone(name, { rng }).to({ memoryFormat: "channels_last" });
    const features = net.forward(rng.normal([2, 3, 64, 50]).to({ memoryFormat: "channels_last" }));
    expect(features.shape).toEqual([2, net.features]);
    features.pow(2).sum().backward();
    for (const [parameter, { grad }] of net.namedParameters()) {
      expect(grad?.isfinite().all().item(), parameter).toBe(1);
      expect(grad!.abs().max().item(), parameter).toBeGreaterThan(0);
    }
    net[Symbol.dispose]();
  },
);

const options = { channels: 1, groups: 1, groupWidth: 64, rng };

test("a basic block: relu(3×3 of relu(3×3 of x) + x)", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  const block = new BasicBlock({ ...options, inChannels: 1, stride: 1 }).eval();
  const weights = new Map(block.namedParameters());
  weights.get("conv1.weight")!.fill_(1); // sums of the window
  weights.get("conv2.weight")!.fill_(-1);
  const x = tensor([1, -2, 3, 4], { shape: [1, 1, 2, 2] });
  // Every window covers the image: 6, then −24 from four of them. Batch norm divides by √(1 + ε) twice.
  const found = block.forward(tensor([1, -2, 30, 4], { shape: [1, 1, 2, 2] })).toList();
  expect(found).toEqual([0, 0, 0, 0]); // 33 each, −132 + 30 < 0
  weights.get("conv2.weight")!.fill_(1);
  const sums = block.forward(x).toList();
  [25, 22, 27, 28].forEach((value, index) => expect(sums[index]).toBeCloseTo(value, 2));
  block[Symbol.dispose]();
});

test("a bottleneck's stride lies on its 3×3, and its shortcut takes every second pixel", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  const block = new Bottleneck({ ...options, inChannels: 1, channels: 1, stride: 2 }).eval();
  const weights = new Map(block.namedParameters());
  weights.get("conv1.weight")!.fill_(1);
  weights.get("conv2.weight")!.fill_(1);
  weights.get("conv3.weight")!.copy_(tensor([1, 10, 0, -1], { shape: [4, 1, 1, 1] }));
  weights.get("downsample.0.weight")!.copy_(tensor([0, 0, 1, 0], { shape: [4, 1, 1, 1] }));
  const y = block.forward(tensor([1, 2, 3, 4], { shape: [1, 1, 2, 2] }));
  expect(y.shape).toEqual([1, 4, 1, 1]);
  // A stride on the first 1×1 would leave 1 for the 3×3, not 1 + 2 + 3 + 4.
  [10, 100, 1, 0].forEach((value, index) => expect(y.toList()[index]).toBeCloseTo(value, 2));
  block[Symbol.dispose]();
});

test("groups convolve among themselves", () => {
  const block = new Bottleneck({
    ...options,
    inChannels: 64,
    channels: 64,
    groups: 32,
    groupWidth: 4,
    stride: 1,
  });
  expect(new Map(block.namedParameters()).get("conv2.weight")!.shape).toEqual([128, 4, 3, 3]);
  block[Symbol.dispose]();
});
