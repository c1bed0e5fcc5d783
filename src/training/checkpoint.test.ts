import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildMethod } from "../methods/index.js";
import type { Method } from "../methods/ensemble/method.js";
import { Sgd } from "../optim/sgd.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { CheckpointError } from "../support/errors.js";
import { ones, zeros } from "../torch/create.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { memory, scope } from "../torch/scope.js";
import { checkpointPath, readCheckpoint, saveCheckpoint, restoreModel } from "./checkpoint.js";
import { trainStep } from "./step.js";
import { Trainee } from "./trainee.js";
import { temporaryFolder, toyRecipe } from "./toy.fixture.js";
import { loadTrained } from "./trained.js";

const training = { classes: ["ant", "bee", "cat"], counts: [24, 12, 6] };
const recipe = toyRecipe("data");
let temporary: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  temporary = temporaryFolder();
  path = join(temporary.path, "last.safetensors");
});
afterEach(() => {
  temporary[Symbol.dispose]();
});

/** As of two processes. */
const randomStates = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6)];

/** Builds a method, trains it for one step and saves it. */
function saveTrained(to: string, of: ResolvedRecipe = recipe): Method {
  using _scope = scope();
  const method = buildMethod(of, training);
  method.model.to({ memoryFormat: of.memoryFormat });
  const optimizer = new Sgd(method.model.parameters(), of.optimizer);
  const batch = { images: ones([2, 3, 16, 16]), labels: zeros([2], { dtype: "int64" }) };
  trainStep(batch, { method, optimizer, precision: "float32", accumulate: 1 });
  saveCheckpoint(to, {
    recipe: of,
    ...training,
    trained: null,
    epoch: 1,
    step: 5,
    ...{ sums: null, best: null, bestOnTest: null },
    state: new Trainee({ method, optimizer }).stateDict(),
    randomStates,
  });
  optimizer[Symbol.dispose]();
  return method;
}

test("what was saved is read: weights, momentum, random state and description", () => {
  const before = memory().live;
  const method = saveTrained(path);
  {
    using _scope = scope();
    const checkpoint = readCheckpoint(path);
    const { classes, counts, epoch, step } = checkpoint;
    expect({ classes, counts, epoch, step }).toEqual({ ...training, epoch: 1, step: 5 });
    expect(checkpoint.recipe).toEqual(recipe);
    for (const [name, weight] of method.model.stateDict())
      expect(checkpoint.model.get(name)!.toArray(), name).toEqual(weight.toArray());
    expect(checkpoint.optimizer.size).toBe(method.model.parameters().length);
    expect(checkpoint.randomStates.map((state) => state.toArray())).toEqual(randomStates);
  }
  method[Symbol.dispose]();
  expect(memory().live).toBe(before);
});

test("a method is rebuilt from its checkpoint alone", () => {
  const method = saveTrained(path);
  method.model.eval();
  using trained = loadTrained(path);
  using _scope = scope();
  const images = ones([2, 3, 16, 16]);
  const answers = (of: Method): unknown[] => of.predict(images).map((logits) => logits.toArray());
  expect(answers(trained.method)).toEqual(answers(method));
  expect(trained.method.model.training).toBe(false);
  method[Symbol.dispose]();
});

test("another architecture: the first parameter that differs is named", () => {
  saveTrained(path)[Symbol.dispose]();
  using _scope = scope();
  const checkpoint = readCheckpoint(path);
  const other = buildMethod({ ...recipe, backbone: "resnet14" }, training);
  expect(() => {
    restoreModel(checkpoint, other);
  }).toThrow(CheckpointError);
  expect(() => {
    restoreModel(checkpoint, other);
  }).toThrow(/last\.safetensors does not fit this network: .*"backbone\.0\.layer1\.1\.conv1\.weight"/);
  other[Symbol.dispose]();
});

test("a run's folder stands for its last checkpoint", () => {
  expect(() => checkpointPath(temporary.path)).toThrow(/holds no checkpoint; expected .*checkpoints\/last/);
  expect(() => checkpointPath(path)).toThrow("does not exist; expected a run's folder or a checkpoint file");
  mkdirSync(join(temporary.path, "checkpoints"));
  const last = join(temporary.path, "checkpoints/last.safetensors");
  writeFileSync(last, "");
  expect(checkpointPath(temporary.path)).toBe(last);
  expect(checkpointPath(last)).toBe(last);
});

test("files that are no checkpoints, or damaged ones, say so", () => {
  using _scope = scope();
  const read = (): unknown => readCheckpoint(path);
  writeFileSync(path, "not a checkpoint, but text");
  expect(read).toThrow(CheckpointError);

  writeSafetensors(path, new Map([["weight", ones([2])]]));
  expect(read).toThrow("but not a checkpoint that longtail train wrote");

  writeSafetensors(path, new Map(), { format: "longtail-checkpoint", version: "99" });
  expect(read).toThrow(
    "has format 99; this version of longtail reads formats 2 to 4: a newer longtail wrote it; update longtail",
  );

  saveTrained(path)[Symbol.dispose]();
  truncateSync(path, readFileSync(path).length - 100);
  expect(read).toThrow(/truncated/);
});
