/** A training that the reference began (reference_checkpoint.pth, three epochs) and this one goes on with. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../../test/support/golden.js";
import { CheckpointError, UsageError } from "../support/errors.js";
import { loadPretrained } from "../models/pretrained.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { full } from "../torch/create.js";
import { writePth } from "../torch/pth/write.js";
import { memory, scope } from "../torch/scope.js";
import { readCheckpoint } from "./checkpoint.js";
import { applySettings, prepare } from "./prepare.js";
import { readReferenceCheckpoint } from "./ncl-checkpoint.js";
import { continueFrom } from "./resume.js";
import { referenceRecipe, writeTenClasses } from "./reference.fixture.js";
import { temporaryFolder, toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const from = goldenPath("reference_checkpoint.pth");
let temporary: ReturnType<typeof temporaryFolder>;
let root: string;
beforeAll(() => {
  temporary = temporaryFolder();
  root = join(temporary.path, "data");
  writeTenClasses(root);
});
afterAll(() => {
  temporary[Symbol.dispose]();
});

test("golden: the fourth epoch follows, at the rate the reference would have", async () => {
  const out = join(temporary.path, "run");
  const { result, events } = await trainToy(referenceRecipe(root), out, { from });
  const starts = events.filter((event) => event.type === "epoch-start");
  expect(starts.map(({ epoch }) => epoch)).toEqual([4]);
  expect(starts[0]!.lr).toBeCloseTo(0.1 * (1 / 3 + (2 / 3) * (4 / 5)), 12);
  using _ = scope();
  const last = readCheckpoint(result.folder.lastCheckpoint);
  expect([last.epoch, last.step]).toEqual([4, 0]);
  const batches = last.model.get("backbone.0.bn1.num_batches_tracked")!.item();
  const before = readReferenceCheckpoint(from).model.get("backbone.0.bn1.num_batches_tracked")!.item();
  expect(batches).toBe(before + 4); // 30 images, 8 a batch
});

test("golden: weights and velocities are the file's", async () => {
  const live = memory().live;
  {
    const recipe = referenceRecipe(root);
    using training = await prepare(recipe, applySettings(recipe, { device: "cpu" }));
    using _ = scope();
    expect(continueFrom(training, from)).toBe(3);
    const { model, optimizer } = readReferenceCheckpoint(from);
    for (const [name, weight] of training.trainee.method.model.stateDict())
      expect(weight.equal(model.get(name)!), name).toBe(true);
    for (const [name, velocity] of training.trainee.optimizer.stateDict())
      expect(velocity.equal(optimizer!.get(name)!), name).toBe(true);
  }
  expect(memory().live).toBe(live);
});

test("the reference numbers trained parameters alone: frozen ones have no velocity", async () => {
  const { method } = toyRecipe(root);
  const branch = {
    weight: 1,
    queue: 8,
    dimension: 4,
    temperature: 0.2,
    momentum: 0.99,
    projectionBias: true,
    keyProjection: "frozen",
  };
  const changes: Record<string, Partial<ResolvedRecipe>> = {
    contrastive: {
      method: { ...method, contrastive: branch } as ResolvedRecipe["method"],
      data: { ...toyRecipe(root).data, secondView: [] },
    },
    frozen: { freezeBackbone: true },
  };
  for (const [name, change] of Object.entries(changes)) {
    const recipe = toyRecipe(root, { epochs: 4, ...change });
    using training = await prepare(recipe, applySettings(recipe, { device: "cpu" }));
    using _ = scope();
    const { model } = training.trainee.method;
    const parameters = model.namedParameters();
    const trained = parameters.filter(([, parameter]) => parameter.requiresGrad);
    expect(trained.length, name).toBeLessThan(parameters.length);
    const state = new Map(
      trained.map(([, { shape }], i) => [String(i), { momentum_buffer: full(shape, i) }]),
    );
    const groups = trained.map((_parameter, i) => ({ params: [BigInt(i)], lr: 0.1 }));
    const file = join(temporary.path, `${name}.pth`);
    const optimizer = { state, param_groups: groups };
    writePth(file, { state_dict: model.stateDict(), optimizer, epoch: 3n });
    expect(continueFrom(training, file)).toBe(3);
    const velocities = training.trainee.optimizer.stateDict();
    expect([...velocities.keys()], name).toEqual(
      trained.map(([own]) => `momentum_buffer.${parameters.findIndex(([other]) => other === own)}`),
    );
    [...velocities.values()].forEach((velocity, i) => expect(velocity.max().item()).toBe(i));
    writePth(file, {
      state_dict: model.stateDict(),
      optimizer: { state, param_groups: groups.slice(1) },
      epoch: 3n,
    });
    expect(() => continueFrom(training, file)).toThrow(
      `expected an optimizer of ${trained.length} parameters, which this recipe trains, found one of ${trained.length - 1}; freezeBackbone`,
    );
  }
});

test("a cosine classifier without a bias: the reference saves one of zeros that it never trains", async () => {
  const recipe = toyRecipe(root, {
    epochs: 4,
    classifier: { kind: "cosine", scale: 16, bias: false, start: "random", prompt: "{}", names: null },
  });
  using training = await prepare(recipe, applySettings(recipe, { device: "cpu" }));
  using _ = scope();
  const { model } = training.trainee.method;
  const state = model.stateDict();
  const saved = (bias: number) =>
    new Map([...state, ["classifier.0.bias", full([10], bias)], ["classifier.1.bias", full([10], 0)]]);
  const numbered = model
    .parameters()
    .map(({ shape }, i) => [String(i), { momentum_buffer: full(shape, i) }] as const);
  const groups = numbered.map((_parameter, i) => ({ params: [BigInt(i)], lr: 0.1 }));
  const file = join(temporary.path, "cosine.pth");
  const write = (bias: number): void => {
    const optimizer = { state: new Map(numbered), param_groups: groups };
    writePth(file, { state_dict: saved(bias), optimizer, epoch: 2n });
  };
  write(0);
  expect(continueFrom(training, file)).toBe(2);
  expect([...training.trainee.optimizer.stateDict().values()].map((one) => one.max().item())).toEqual(
    numbered.map((_parameter, i) => i),
  );
  expect(loadPretrained(model, { file, load: "all" })).toEqual([
    expect.stringMatching(/left out: .*"classifier.0.bias", "classifier.1.bias"/),
  ]);
  write(0.5);
  expect(() => continueFrom(training, file)).toThrow('"classifier.0.bias"'); // it is part of the logits
});

test("what cannot be continued leaves no folder", async () => {
  const out = join(temporary.path, "refused");
  const train = (file: string, changes = {}): Promise<unknown> =>
    trainToy(referenceRecipe(root, changes), out, { from: file });
  await expect(train(from, { epochs: 3 })).rejects.toThrow(UsageError);
  await expect(train(from, { epochs: 3 })).rejects.toThrow("has 3 epochs behind it, and the recipe 3 in all");
  await expect(train(from, { backbone: "resnet44" })).rejects.toThrow(
    /reference_checkpoint[.]pth does not fit this network: .*"backbone[.]0[.]layer1[.]5[.]conv1[.]weight"/,
  );
  await expect(train(goldenPath("reference_checkpoint_legacy.pth"))).rejects.toThrow(CheckpointError);
  await expect(train(goldenPath("reference_checkpoint_legacy.pth"))).rejects.toThrow(
    "has no optimizer: nothing to continue",
  );
  expect(existsSync(out)).toBe(false);
});
