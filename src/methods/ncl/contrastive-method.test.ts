import { afterEach, beforeEach, expect, test } from "vitest";
import { Sgd } from "../../optim/sgd.js";
import { arange, tensor } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import { autocast } from "../../torch/settings.js";
import type { Tensor } from "../../torch/tensor.js";
import { SINGLE_STEP, type Labeled } from "../ensemble/method.js";
import {
  buildContrastiveEnsemble,
  NclContrastiveMethod,
  seededShuffle,
  type Shuffle,
} from "./contrastive-method.js";
import { contrastiveIssues } from "./index.js";
import { nclOptions } from "../ensemble/problems.fixture.js";

const classes = ["cat", "dog", "emu"];
const training = { counts: [50, 10, 2], classes };
const options = {
  hardCategories: 2,
  ...nclOptions,
  contrastive: { weight: 1, temperature: 0.2 },
} as const;
const momentum = 0.75;

function build(
  keyProjection: "frozen" | "ema",
  { shuffle = seededShuffle(0), experts = 2 }: { shuffle?: Shuffle; experts?: number } = {},
): NclContrastiveMethod {
  const model = buildContrastiveEnsemble(
    {
      backbone: "resnet8",
      classifier: { kind: "fc", bias: true },
      dropout: 0,
      freezeBackbone: false,
      seed: 0,
      method: { experts, sharedStages: 0 },
    },
    classes.length,
    { queue: 6, dimension: 5, projectionBias: true, momentum, keyProjection },
  );
  return new NclContrastiveMethod(model, training, { ...options, shuffle });
}

function batch(step = 0): Labeled {
  const labels = tensor([0, 1, 2, 0], { dtype: "int64" });
  return { images: new Rng(5, step).normal([8, 3, 8, 8]), labels };
}

let open: Disposable;
beforeEach(() => (open = scope()));
afterEach(() => open[Symbol.dispose]());

function copies(method: NclContrastiveMethod): Map<string, Tensor> {
  return new Map([...method.model.stateDict()].map(([name, value]) => [name, value.detach().clone()]));
}

test("the key encoder follows the weights from before the optimizer's step", () => {
  const method = build("frozen");
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 0.1 });
  const before = copies(method);
  method.step(batch(), SINGLE_STEP).loss.backward();
  optimizer.step();
  const [key, own] = ["backbone_MA.1.conv1.weight", "backbone.1.conv1.weight"] as const;
  const expected = before
    .get(key)!
    .mul(momentum)
    .add(before.get(own)!, { alpha: 1 - momentum });
  expect(method.model.stateDict().get(key)!.sub(expected).abs().max().item()).toBeLessThan(1e-6);
  expect(before.get(own)!.equal(method.model.stateDict().get(own)!)).toBe(false);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});

test("frozen: the keys' projection keeps its random start", () => {
  const method = build("frozen");
  const before = copies(method);
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 0.1 });
  method.step(batch(), SINGLE_STEP).loss.backward();
  optimizer.step();
  const changed = [...method.model.stateDict()].filter(([name, value]) => !value.equal(before.get(name)!));
  const parts = new Set(changed.map(([name]) => name.split(".")[0]));
  expect(parts).toEqual(new Set(["MOCO", "backbone", "classifier", "backbone_MA", "classifier_ce"]));
  expect(before.get("backbone_MA.0.conv1.weight")!.equal(before.get("backbone.0.conv1.weight")!)).toBe(false);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});

test("ema: key encoder and projection start as copies, and both follow", () => {
  const method = build("ema");
  const start = copies(method);
  for (const [key, own] of [
    ["backbone_MA.0.conv1.weight", "backbone.0.conv1.weight"],
    ["classifier_MA.1.2.weight", "classifier.1.2.weight"],
  ] as const)
    expect(start.get(key)!.equal(start.get(own)!)).toBe(true);
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1 });
  for (const step of [0, 1]) {
    optimizer.zeroGrad();
    method.step(batch(step), { ...SINGLE_STEP, step }).loss.backward();
    optimizer.step();
  }
  const key = "classifier_MA.1.2.weight";
  expect(method.model.stateDict().get(key)!.equal(start.get(key)!)).toBe(false);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});

test("keys enter the queue in the images' order, whatever the shuffle", () => {
  const plain = build("frozen", { shuffle: (_, images) => Int32Array.from(arange(images).toList()) });
  const shuffled = build("frozen", { shuffle: () => Int32Array.of(2, 0, 3, 1) });
  const queueAfter = (method: NclContrastiveMethod): number[] => {
    method.step(batch(), SINGLE_STEP);
    return method.model.queues[0]!.keys.toList();
  };
  const [a, b] = [queueAfter(plain), queueAfter(shuffled)];
  a.forEach((value, i) => expect(b[i]).toBeCloseTo(value, 5));
  plain[Symbol.dispose]();
  shuffled[Symbol.dispose]();
});

test("a step's shuffle depends on seed and step alone", () => {
  const shuffle = seededShuffle(3);
  expect(shuffle(7, 16)).toEqual(seededShuffle(3)(7, 16));
  expect(shuffle(8, 16)).not.toEqual(shuffle(7, 16));
  expect(seededShuffle(4)(7, 16)).not.toEqual(shuffle(7, 16));
  expect([...shuffle(7, 16)].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i));
});

test("the classifier alone predicts: the branch has no part in it, and the query's weights are plain NCL's", () => {
  const method = build("frozen");
  method.model.eval();
  const { images } = batch();
  const before = method.predict(images).map((logits) => logits.toList());
  for (const [name, value] of method.model.stateDict())
    if (/^(MOCO|backbone_MA|classifier|classifier_MA)[.]/.test(name)) value.detach().zero_();
  expect(method.predict(images).map((logits) => logits.toList())).toEqual(before);
  method[Symbol.dispose]();
});

test("the loss is finite float32 under bfloat16 autocast, in both memory formats", () => {
  const method = build("frozen");
  using _autocast = autocast("bfloat16");
  for (const memoryFormat of ["contiguous", "channels_last"] as const) {
    method.model.to({ memoryFormat });
    const given = batch();
    const { loss } = method.step({ ...given, images: given.images.to({ memoryFormat }) }, SINGLE_STEP);
    expect(loss.dtype).toBe("float32");
    expect(Number.isFinite(loss.item())).toBe(true);
  }
  method[Symbol.dispose]();
});

test("settings that do not go together are refused", () => {
  type Recipe = Parameters<typeof contrastiveIssues>[0];
  const check = (queue: number | null, sharedStages = 0) =>
    contrastiveIssues({
      method: { kind: "ncl", sharedStages, contrastive: queue === null ? null : { queue } },
      data: { batch: 64 },
    } as unknown as Recipe);
  expect(check(63, 1)).toEqual([
    { key: "method.contrastive.queue", expected: "at least 64, the images of a batch (data.batch)" },
    {
      key: "method.sharedStages",
      expected: "0 with method.contrastive, whose key encoders each follow a whole expert",
    },
  ]);
  expect(check(64)).toEqual([]);
  expect(check(null, 1)).toEqual([]);
});

test("keys of a step's micro-batches enter the queue together, after the last: none is another's negative", () => {
  const method = build("frozen", { experts: 1 });
  const queue = method.model.queues[0]!; // 6 keys
  const before = queue.keys.clone();
  const step = (stream: number, lastPart: boolean): void => {
    using _microBatch = scope();
    const labels = tensor([0, 1], { dtype: "int64" });
    const images = new Rng(5, stream).normal([4, 3, 8, 8]);
    method.step({ images, labels, lastPart }, SINGLE_STEP);
  };
  const unchanged = (): boolean[] =>
    [0, 1, 2, 3, 4, 5].map((column) => queue.keys.narrow(1, column, 1).equal(before.narrow(1, column, 1)));
  step(0, false);
  expect(unchanged()).toEqual([true, true, true, true, true, true]);
  step(1, true);
  expect(unchanged()).toEqual([false, false, false, false, true, true]);
  step(2, true);
  expect(unchanged()).toEqual([false, false, false, false, false, false]);
  method[Symbol.dispose]();
});
