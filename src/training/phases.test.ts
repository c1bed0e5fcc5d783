/** Runs with phases: each on the weights of the one before, resumed within them and between them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { evaluateTrained } from "../inference/evaluate.js";
import { loadTrained } from "./trained.js";
import type { Json } from "../support/json.js";
import { resolveRecipe } from "../recipes/resolve.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { TrainingEvent } from "../runs/events.js";
import { memory, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { readCheckpoint } from "./checkpoint.js";
import { phaseAt, phasesOf } from "./phases.js";
import { prepare } from "./prepare.js";
import { stepContext } from "./steps.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");
const last = (run: string): string => join(at(run), "checkpoints/last.safetensors");

/** cRT: a representation, then a new classifier on the frozen backbone, from class-balanced batches. */
const classifier = {
  name: "classifier",
  epochs: 2,
  resetClassifier: true,
  freezeBackbone: true,
  data: { sampler: { kind: "class-balanced" } },
  optimizer: { lr: 0.2, clipNorm: null },
  schedule: { kind: "multistep", milestones: [2] },
};

function phased(phases: readonly object[], changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const { epochs: _, ...toy } = toyRecipe(at("data"), changes);
  return resolveRecipe({ ...toy, phases } as unknown as Json, "the toy recipe");
}

const crt = (changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe =>
  phased([{ name: "representation", epochs: 2 }, classifier], changes);

/** A run's events, without what depends on the time. */
function story(run: string): unknown[] {
  const lines = readFileSync(join(at(run), "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return lines
    .map((line) => JSON.parse(line) as TrainingEvent)
    .filter(({ type }) => !["run", "end", "warning", "checkpoint"].includes(type))
    .map((event) => ({ ...event, time: 0, seconds: 0, imagesPerSecond: 0 }));
}

test("a phase with another sampler has steps of its own, in the run's event and in what a method is told", async () => {
  const repeated = { ...classifier, data: { sampler: { kind: "repeat-factor", threshold: 1 } } };
  const recipe = phased([{ name: "representation", epochs: 2 }, repeated]);
  const { events } = await trainToy(recipe, at("lengths"));
  const run = events.find((event) => event.type === "run")!;
  const stepsOf = (epoch: number): number =>
    events.filter((event) => event.type === "step" && event.epoch === epoch).length;
  expect(run.phases).toEqual([
    { name: "representation", epochs: 2, stepsPerEpoch: stepsOf(1) },
    { name: "classifier", epochs: 2, stepsPerEpoch: stepsOf(3) },
  ]);
  expect(stepsOf(3)).toBeGreaterThan(stepsOf(1));
  const [, second] = phasesOf(recipe);
  using training = await prepare(recipe, "cpu", { phase: second! });
  expect(stepContext(training, { epoch: 3, step: 1 })).toMatchObject({
    step: 2 * stepsOf(1) + stepsOf(3) + 1,
    epoch: 1,
    stepsPerEpoch: stepsOf(3),
  });
});

test("epochs count on; each phase has its own rate, and says its name", async () => {
  const { events, result } = await trainToy(crt(), at("run"));
  const starts = events.flatMap((event) =>
    event.type === "epoch-start" ? [[event.epoch, event.phase, event.lr]] : [],
  );
  expect(starts).toEqual([
    [1, "representation", 0.05 / 4], // the first of four warm-up steps
    [2, "representation", 0.05],
    [3, "classifier", 0.2],
    [4, "classifier", 0.2 * 0.1],
  ]);
  expect(result.reason).toBe("finished");
});

test("the second phase trains a new classifier on the backbone of the first", async () => {
  const before = memory();
  const recipe = crt({ evaluation: { ...toyRecipe("").evaluation, every: 9 } });
  const { events } = await trainToy(recipe, at("run"), {
    listeners: [
      (event) => {
        if (event.type === "checkpoint") states.push(stateOf(event.path));
      },
    ],
  });
  expect(memory()).toEqual(before);
  const [, first, , second] = states as [State, State, State, State];
  for (const [name, values] of Object.entries(first)) {
    const isSame = JSON.stringify(values) === JSON.stringify(second[name]);
    const isTrained = name.startsWith("classifier") || /running|tracked/.test(name);
    expect(isSame, name).toBe(!isTrained);
  }
  const evaluated = events.flatMap((event) => (event.type === "evaluation" ? [event.epoch] : []));
  expect(evaluated).toEqual([2, 4]); // the end of each phase
});

type State = Record<string, readonly number[]>;
const states: State[] = [];

function stateOf(path: string): State {
  using _ = scope();
  const toText = (tensor: Tensor): number[] => tensor.to({ dtype: "float32" }).toList();
  return Object.fromEntries([...readCheckpoint(path).model].map(([name, tensor]) => [name, toText(tensor)]));
}

test.each(["raw", "ema"] as const)(
  "a phase that only goes on starts from the %s weights",
  async (weights) => {
    const evaluation = { ...toyRecipe("").evaluation, weights };
    const recipe = phased(
      [
        { name: "one", epochs: 1 },
        { name: "two", epochs: 1, optimizer: { lr: 1e-30 } },
      ],
      {
        ema: { decay: 0.9, warmup: false },
        evaluation,
      },
    );
    await trainToy(recipe, at("run"));
    using _ = scope();
    const [one, two] = ["previous", "last"].map((name) =>
      readCheckpoint(join(at("run"), `checkpoints/${name}.safetensors`)),
    );
    const from = weights === "raw" ? one!.model : one!.ema!;
    const name = "backbone.0.conv1.weight";
    expect(two!.model.get(name)!.equal(from.get(name)!)).toBe(true);
    expect(one!.model.get(name)!.equal(one!.ema!.get(name)!)).toBe(false);
  },
);

/** Everything that a resumed run has to bring back, in both phases. */
function stateful(): ResolvedRecipe {
  const second = { ...classifier, ema: null, precision: "float16" };
  return phased([{ name: "representation", epochs: 2 }, second], {
    dropout: 0.5,
    ema: { decay: 0.9, warmup: true },
    selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
  });
}

test("interrupted within phases and between them, and resumed, a run ends as one that never was", async () => {
  const recipe = stateful();
  const { events } = await trainToy(recipe, at("whole"));
  const stepsPerEpoch = events.flatMap((event) => (event.type === "run" ? [event.stepsPerEpoch] : []))[0]!;
  const stopAfter = async (steps: number): Promise<void> => {
    const controller = new AbortController();
    let seen = 0;
    const listen = (event: TrainingEvent): void => {
      if (event.type === "step" && ++seen === steps) controller.abort();
    };
    await trainToy(recipe, at("parts"), { resume: true, signal: controller.signal, listeners: [listen] });
  };
  await stopAfter(3); // within the first phase
  await stopAfter(2 * stepsPerEpoch - 3); // at its last step: the next one begins between the phases
  await stopAfter(2); // within the second
  await stopAfter(stepsPerEpoch);
  await trainToy(recipe, at("parts"), { resume: true });
  expect(readFileSync(last("parts")).equals(readFileSync(last("whole")))).toBe(true);
  expect(story("parts")).toEqual(story("whole"));
});

test("a run whose machine stopped as its second phase began goes on from the end of the first", async () => {
  const recipe = stateful();
  await trainToy(recipe, at("whole"));
  const crash = (event: TrainingEvent): void => {
    if (event.type === "step" && event.epoch === 3) throw new Error("the machine stopped");
  };
  await expect(trainToy(recipe, at("run"), { listeners: [crash] })).rejects.toThrow("the machine stopped");
  await trainToy(recipe, at("run"), { resume: true });
  expect(readFileSync(last("run")).equals(readFileSync(last("whole")))).toBe(true);
  expect(story("run")).toEqual(story("whole"));
});

test("a finished run goes on to more epochs of its last phase, within those before it does not", async () => {
  const longer = (epochs: readonly [number, number], changes = {}): ResolvedRecipe =>
    phased([
      { name: "representation", epochs: epochs[0] },
      { ...classifier, epochs: epochs[1], ...changes },
    ]);
  await trainToy(longer([2, 2]), at("run"));
  const { events, result } = await trainToy(longer([2, 4]), at("run"), { resume: true });
  expect(result.reason).toBe("finished");
  const starts = events.flatMap((event) =>
    event.type === "epoch-start" ? [[event.epoch, event.phase]] : [],
  );
  expect(starts).toEqual([
    [5, "classifier"],
    [6, "classifier"],
  ]);
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  expect(warnings).toContain("The run goes on to 6 epochs; it began with 4.");
  expect(readFileSync(join(at("run"), "result-epoch-4.json"), "utf8")).toContain("ensemble");
  await trainToy(longer([2, 4]), at("whole"));
  expect(readFileSync(last("run")).equals(readFileSync(last("whole")))).toBe(true);
  await expect(trainToy(longer([3, 4]), at("run"), { resume: true })).rejects.toThrow(
    "its recipe is another one: expected epochs to be 6",
  );
  await expect(trainToy(longer([2, 3]), at("run"), { resume: true })).rejects.toThrow(
    "and with --set phases.1.epochs=N, if these are more, to N epochs",
  );
});

test("a longer last phase whose rate follows the number of epochs is said to differ", async () => {
  const cosine = (epochs: number): ResolvedRecipe =>
    phased([
      { name: "representation", epochs: 1 },
      { ...classifier, epochs, schedule: { kind: "cosine" } },
    ]);
  await trainToy(cosine(1), at("run"));
  const { events } = await trainToy(cosine(2), at("run"), { resume: true });
  expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : [])).join()).toContain(
    "Its schedule (cosine) depends on the number of epochs",
  );
});

test("images are mixed by other numbers in each step of a run, whatever the steps of its phases", async () => {
  const mix = { kind: "mixup", alpha: 1, p: 1 };
  const method = { kind: "cross-entropy" };
  const repeated = { name: "longer", epochs: 2, data: { sampler: { kind: "repeat-factor", threshold: 1 } } };
  const base = { data: { ...toyRecipe(at("data")).data, mix }, method } as unknown as Partial<ResolvedRecipe>;
  const recipe = phased([repeated, { name: "shorter", epochs: 2 }], base);
  const shares: number[] = [];
  for (const phase of phasesOf(recipe)) {
    using training = await prepare(recipe, "cpu", { phase });
    for (let epoch = phase.start; epoch < phase.end; epoch++) {
      using _ = scope();
      for (const batch of training.loaders.train.epoch(epoch)) shares.push(batch.mixed!.share);
    }
  }
  expect(new Set(shares).size).toBe(shares.length);
  using single = await prepare(phased([{ ...repeated, epochs: 4 }], base), "cpu");
  using _ = scope();
  const whole = [0, 1].flatMap((epoch) =>
    Array.from(single.loaders.train.epoch(epoch), ({ mixed }) => mixed!.share),
  );
  expect(shares.slice(0, whole.length)).toEqual(whole);
});

test("a phase selects among its own epochs, and its network is what is loaded", async () => {
  const method = { kind: "cross-entropy", experts: 2 };
  const recipe = phased(
    [
      { name: "ncl", epochs: 1 },
      { ...classifier, epochs: 1, method },
    ],
    {
      selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
    },
  );
  const { result } = await trainToy(recipe, at("run"));
  using trained = loadTrained(at("run"));
  expect(trained.method.name).toBe("cross-entropy");
  expect(trained.description.recipe.data.sampler).toEqual({ kind: "class-balanced" });
  expect(await evaluateTrained(trained)).toEqual(result.evaluation);
  const saved = JSON.parse(readFileSync(join(at("run"), "result.json"), "utf8")) as { epoch: number };
  expect(saved.epoch).toBe(2);
});

test("a recipe without phases is one phase; a position belongs to the phase that reached it", () => {
  const plain = toyRecipe("data");
  expect(phasesOf(plain)).toMatchObject([{ index: 0, name: null, start: 0, end: 2 }]);
  expect(phasesOf(plain)[0]!.recipe).toBe(plain);
  const indexAt = (epoch: number, step: number): number => phaseAt(crt(), { epoch, step }).index;
  expect([indexAt(0, 0), indexAt(1, 3), indexAt(2, 0), indexAt(2, 1), indexAt(4, 0)]).toEqual([
    0, 0, 0, 1, 1,
  ]);
});

test("a checkpoint of NCL's code cannot be continued in phases", async () => {
  await expect(
    trainToy(crt(), at("run"), { from: "reference.pth" }),
  ).rejects.toThrowErrorMatchingInlineSnapshot(
    `[UsageError: phases: expected none with --from, which continues a training of NCL's PyTorch code; found 2. Train such a recipe from its start.]`,
  );
});
